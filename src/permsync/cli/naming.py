"""
How people name a user, a repository or an instant on the command line.

What is decided here: the forms, and a message that shows them where none fits. This module
must not look anything up.
"""

from datetime import UTC, datetime

from permsync.errors import MalformedError
from permsync.flows.check import (
    AccountName,
    IdentityName,
    RepositoryName,
    RepositoryRef,
    Subject,
)


def parse_subject(text: str) -> Subject:
    """``17``, ``https://issuer#subject`` or ``account:github:1001``."""
    if text.isdecimal():
        return int(text)
    kind, _, rest = text.partition(":")
    host, _, external_id = rest.partition(":")
    if kind == "account" and host and external_id:
        return AccountName(host, external_id)
    issuer, mark, subject = text.rpartition("#")
    if mark and issuer and subject:
        return IdentityName(issuer, subject)
    raise MalformedError(field="subject", expected="a user id, ISSUER#SUBJECT or account:HOST:ID")


def parse_repository(text: str) -> RepositoryRef:
    """``42``, ``github:acme/api`` or ``github:#1001``."""
    if text.isdecimal():
        return int(text)
    host, _, name = text.partition(":")
    if host and name.startswith("#") and len(name) > 1:
        return RepositoryName(host, external_id=name[1:])
    if host and "/" in name:
        return RepositoryName(host, full_name=name)
    raise MalformedError(field="repo", expected="a repository id, HOST:OWNER/NAME or HOST:#ID")


def parse_instant(text: str) -> datetime:
    """``2030-01-31T18:00:00Z``, in UTC; an instant without its offset is refused."""
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise MalformedError(field="instant", expected="such as 2030-01-31T18:00:00Z or ...+01:00")
