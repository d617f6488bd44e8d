"""
What can be wrong with a host: the closed list of faults, as plain mutable fields.

Says what is wrong, not what it looks like on the wire (answers.py) nor when it strikes
(application.py). Every fault is off by default.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

Shape = Literal[
    "html",
    "empty",
    "empty_object",
    "oversized",
    "invalid_utf8",
    "redirect",
    "502",
    "200_error",
    "truncated",
    "hang",
    "commit_then_502",
    "commit_then_hang",
    "rejection",
    "invalid_client",
    "unauthorized",
    "rate_limited",
    "status",
]
Where = Literal["token", "api"]


@dataclass(slots=True)
class NextAnswer:
    """
    The next `times` requests to the token endpoint, or to API paths that contain `match`.

    `seconds` bounds the hanging shapes; `status` and `message` belong to shape "status".
    The `commit_then_...` shapes let the request take effect and then spoil the answer; every
    other shape answers without any effect.
    """

    where: Where
    shape: Shape
    match: str = ""
    times: int = 1
    seconds: float = 5.0
    status: int = 403
    message: str = "Resource not accessible by integration"


@dataclass(slots=True)
class RateLimit:
    """
    Refuse every request at `where`, in the host's own form, until this fault is removed.

    `secondary` is GitHub's second kind, which leaves `x-ratelimit-remaining` above zero.
    """

    where: Where = "api"
    status: int = 429
    retry_after_seconds: int | None = 1
    secondary: bool = False


@dataclass(slots=True)
class Quota:
    """Allow `limit` requests at `where` in each window of `window_seconds`; then rate limit."""

    limit: int
    window_seconds: float
    where: Where = "api"
    window: int = -1
    used: int = 0

    def admits(self, now: float) -> bool:
        """Count one request and say whether it is still allowed."""
        window = int(now // self.window_seconds)
        if window != self.window:
            self.window, self.used = window, 0
        self.used += 1
        return self.used <= self.limit

    def wait_seconds(self, now: float) -> int:
        """Whole seconds until the next window opens, at least one."""
        return max(1, int((self.window + 1) * self.window_seconds - now + 0.999))


@dataclass(slots=True)
class FailingPage:
    """One page of every listing that answers with this status instead of rows."""

    status: int = 502
    message: str = "You have exceeded a secondary rate limit."


@dataclass(slots=True)
class HookFaults:
    """
    What is wrong with a host's webhooks.

    Each delivery is sent `copies` times under one id, and `burst` times under ids of its own.
    `held_back` many wait for each other and are sent newest first; the next `lost` never are.
    """

    copies: int = 1
    burst: int = 1
    late_seconds: float = 0.0
    held_back: int = 0
    lost: int = 0
    signature: Literal["right", "wrong", "empty", "missing"] = "right"
    as_gitea: bool = False
    padding_bytes: int = 0


@dataclass(slots=True)
class Faults:
    """
    Everything that is wrong with one host just now.

    With `slow_down_seconds` it answers as ever, and asks to be left alone for so long.
    """

    outage: bool = False
    api_latency_seconds: float = 0.0
    token_latency_seconds: float = 0.0
    rate_limit: RateLimit | None = None
    quota: Quota | None = None
    slow_down_seconds: int | None = None
    refuse_refreshes: bool = False
    next_answers: list[NextAnswer] = field(default_factory=list)
    omit_expires_in: bool = False
    omit_refresh_token: bool = False
    token_padding: int = 0
    duplicate_ids: bool = False
    foreign_next: str | None = None
    next_by_id: bool = False
    sso_partial: list[int] = field(default_factory=list)
    forbidden_namespaces: list[str] = field(default_factory=list)
    failing_pages: dict[int, FailingPage] = field(default_factory=dict)
    empty_page: int | None = None
    id_token_claims: dict[str, Any] = field(default_factory=dict)
    hooks: HookFaults = field(default_factory=HookFaults)

    def take(self, where: Where, path: str) -> NextAnswer | None:
        """Use up one queued answer that is meant for this request, oldest first."""
        for answer in self.next_answers:
            if answer.where == where and answer.match in path:
                answer.times -= 1
                if answer.times <= 0:
                    self.next_answers.remove(answer)
                return answer
        return None
