"""
Remembers which requests a host received, so that tests can count them.

It keeps the presented refresh token itself, because one question of the tests is how often each
was presented. Knows nothing of answers beyond their status.
"""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class RequestRecord:
    """One request: `status` stays 0 while no answer has been sent; `at` is epoch seconds."""

    at: float
    host: str
    method: str
    path: str
    query: str = ""
    status: int = 0
    person: str | None = None
    grant: str | None = None
    presented: str | None = None


@dataclass(slots=True)
class RequestLog:
    """The requests of one host, oldest first, at most `capacity` of them."""

    records: list[RequestRecord] = field(default_factory=list)
    capacity: int = 200_000

    def add(self, record: RequestRecord) -> None:
        """Append a record; the older half goes when the log is full."""
        if len(self.records) >= self.capacity:
            del self.records[: self.capacity // 2]
        self.records.append(record)

    def token_posts(self, grant: str | None = None) -> list[RequestRecord]:
        """The requests to the token endpoint, of one grant type if named."""
        return [
            record
            for record in list(self.records)
            if record.grant is not None and grant in {None, record.grant}
        ]

    def presentations(self) -> Counter[str]:
        """How often each refresh token was presented."""
        posts = self.token_posts("refresh_token")
        return Counter(post.presented for post in posts if post.presented is not None)

    def to_path(self, part: str) -> list[RequestRecord]:
        """The requests whose path contains the part."""
        return [record for record in list(self.records) if part in record.path]
