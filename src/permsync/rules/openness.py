"""
What openness gives: to whom a public or internal repository opens, as host and settings say.

The host's own meaning is the most there is; the settings take from it and never add
(EVIDENCE R12). ``public`` is everybody known here, unless the operator wants a living account
at the host, or nobody. ``internal`` is every unrestricted living account of an instance
(GitLab), or of an enterprise (GitHub): whoever may read, by a listing of their own, an
internal repository of an organisation that the settings name as one of the same enterprise. A
private repository there proves nothing, because outside collaborators hold those. Otherwise
internal is private. This module must not know grants of the repository, nor a setting's form.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from permsync.model import LIVING, AccountState, Reason, Repository, Visibility
from permsync.rules.evidence import Counts, Evidence, Limits, weigh


class PublicTo(StrEnum):
    """Whom a public repository opens to; the words of the setting."""

    EVERYONE = "everyone"
    ACCOUNT_HOLDERS = "account_holders"
    NEVER = "never"


class InternalTo(StrEnum):
    """Whom an internal repository opens to."""

    INSTANCE = "instance"
    ENTERPRISE = "enterprise"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Openness:
    """
    What openness means at one host.

    ``internal_at_host`` is the host's own meaning, which ``opens_internal`` may switch off.
    ``enterprise`` are the owners of one enterprise, by the host's immutable ids. Where the host
    ``hides_public``, a restricted account there is no reason to show what is public.
    """

    public: PublicTo = PublicTo.EVERYONE
    opens_internal: bool = True
    internal_at_host: InternalTo = InternalTo.NEVER
    enterprise: frozenset[str] = frozenset()
    hides_public: bool = False

    @property
    def internal(self) -> InternalTo:
        """Whom an internal repository opens to here."""
        return self.internal_at_host if self.opens_internal else InternalTo.NEVER

    @property
    def as_at_host(self) -> "Openness":
        """The same without what the operator took from it."""
        return replace(self, public=PublicTo.EVERYONE, opens_internal=True)

    @property
    def word(self) -> str:
        """The policy in our words, the same for the same policy."""
        owners = ",".join(sorted(self.enterprise))
        return f"public={self.public} internal={self.internal}{owners and ':'}{owners}"


class Account(Protocol):
    """What is needed of an account."""

    @property
    def id(self) -> int:
        """Our id."""

    @property
    def state(self) -> AccountState:
        """Whether it lives."""

    @property
    def restricted(self) -> bool:
        """Whether its host shows it nothing internal, and at some hosts nothing public."""

    @property
    def member(self) -> Evidence | None:
        """A row that its own listing holds of an internal repository of the enterprise."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A way in by openness: seen at ``as_of``, it holds up to and at ``until``."""

    reason: Reason
    as_of: datetime
    until: datetime
    account_id: int | None = None


def ways_in(
    openness: Openness,
    repository: Repository,
    accounts: Iterable[Account],
    *,
    now: datetime,
    limits: Limits,
) -> tuple[Opened, ...]:
    """Every way in by openness; whatever is not known to be open is closed."""
    seen_at = repository.open_seen_at
    if seen_at is None or now - seen_at > limits.hard:
        return ()
    living = [one for one in accounts if one.state in LIVING]
    if repository.visibility is Visibility.PUBLIC:
        opened = Opened(Reason.OPEN_PUBLIC, seen_at, seen_at + limits.hard)
        holders = [one for one in living if not (openness.hides_public and one.restricted)]
        return tuple(_public(openness.public, holders, opened))
    if repository.visibility is Visibility.INTERNAL:
        opened = Opened(Reason.OPEN_INTERNAL, seen_at, seen_at + limits.hard)
        inside = [one for one in living if not one.restricted]
        if openness.internal is InternalTo.INSTANCE:
            return tuple(replace(opened, account_id=one.id) for one in inside)
        if openness.internal is InternalTo.ENTERPRISE:
            theirs = repository.owner_id in openness.enterprise
            return tuple(_members(opened, inside, now=now, limits=limits)) if theirs else ()
    return ()


def _public(to: PublicTo, holders: Iterable[Account], opened: Opened) -> Iterator[Opened]:
    if to is PublicTo.EVERYONE:
        yield opened
    elif to is PublicTo.ACCOUNT_HOLDERS:
        yield from (replace(opened, account_id=one.id) for one in holders)


def _members(
    opened: Opened, inside: Iterable[Account], *, now: datetime, limits: Limits
) -> Iterator[Opened]:
    """The answer is as old as the older of both: the openness, and the membership."""
    for one in inside:
        weight = None if one.member is None else weigh(one.member, now=now, limits=limits)
        if isinstance(weight, Counts):
            yield replace(
                opened,
                as_of=min(opened.as_of, weight.as_of),
                until=min(opened.until, weight.until),
                account_id=one.id,
            )
