"""
The facts the service speaks in: frozen values with no behaviour beyond naming.

What is decided here: the words and their closed sets; how long things take is in
``model.durations``. What this module must not know: where a fact is stored, how it is
shown, what follows from it (``rules`` decides that). All instants are aware and in UTC.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from permsync.model.durations import MACHINE_DURATIONS as MACHINE_DURATIONS
from permsync.model.durations import Durations as Durations


class Visibility(StrEnum):
    """Who besides named readers may read a repository."""

    PRIVATE = "private"
    INTERNAL = "internal"
    PUBLIC = "public"


class Level(StrEnum):
    """What a grant allows; every level includes reading."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class Source(StrEnum):
    """Where a grant's evidence comes from."""

    ACCOUNT_LISTING = "account_listing"
    REPO_LISTING = "repo_listing"
    EXPLICIT = "explicit"


class AccountState(StrEnum):
    """What an account can do; ``ACTIVE`` and ``SUSPECT`` keep access, the others end it."""

    ACTIVE = "active"
    SUSPECT = "suspect"
    NEEDS_REAUTH = "needs_reauth"
    NEEDS_SCOPE = "needs_scope"
    DISABLED_AT_HOST = "disabled_at_host"
    UNLINKED = "unlinked"


LIVING = frozenset({AccountState.ACTIVE, AccountState.SUSPECT})


class AccountReason(StrEnum):
    """Why an account is not simply active: a closed set, shown as sentences of ours."""

    ROTATION_LOST = "rotation_lost"
    REVOKED_OR_EXPIRED = "revoked_or_expired"
    CREDENTIAL_REJECTED = "credential_rejected"
    SCOPE_MISSING = "scope_missing"
    DISABLED_AT_HOST = "disabled_at_host"
    NO_REFRESH_TOKEN = "no_refresh_token"  # noqa: S105 - a word for a state, no credential
    UNLINKED_BY_PERSON = "unlinked_by_person"
    REFRESH_UNANSWERED = "refresh_unanswered"
    REFRESH_REFUSED_ONCE = "refresh_refused_once"
    SEALING_KEY_LOST = "sealing_key_lost"
    # Shown where the last run met tokens that do not open; an account never turns into it.
    OPERATOR_MUST_REPAIR = "operator_must_repair"


@dataclass(frozen=True, slots=True)
class User:
    """A person known to permsync. ``disabled_at`` ends everything at once."""

    id: int
    name: str
    email: str | None = None
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TokenSet:
    """
    Open tokens of one link at one version; never stored, logged or shown.

    Of a token that was only kept to be tried, ``access_token`` is ``None``.
    """

    access_token: str | None = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed value and the id of the key that opens it."""

    key_id: str
    ciphertext: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Account:
    """
    A user's linked account at a host, without its tokens.

    ``rejections`` counts definite refusals of the present token version;
    ``ended_at`` is the instant up to which account-listing evidence never counts again.
    """

    id: int
    user_id: int
    host: str
    external_id: str
    login: str
    state: AccountState
    reason: AccountReason | None
    state_since: datetime
    link_id: str
    token_version: int
    issued_at: datetime
    access_expires_at: datetime | None
    refresh_expires_at: datetime | None
    scopes: frozenset[str] | None
    rejections: int = 0
    refresh_try_at: datetime | None = None
    restricted: bool = False
    run_id: int | None = None
    listed_at: datetime | None = None
    listed_to: datetime | None = None
    held_at: datetime | None = None
    ended_at: datetime | None = None
    sync_due_at: datetime | None = None
    linked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository: (host, immutable external id), and what was last seen of it."""

    id: int
    host: str
    external_id: str
    owner_id: str
    full_name: str
    visibility: Visibility
    visibility_at: datetime
    open_seen_at: datetime | None = None
    gone_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """
    One piece of stored evidence that an account may read a repository.

    ``as_of`` is null where the row is as old as its source's last listing; ``missed``
    means that the last listing did not contain it and a second no will remove it.
    """

    account_id: int
    repository_id: int
    source: Source
    level: Level
    as_of: datetime | None = None
    missed: bool = False


class Trigger(StrEnum):
    """What asked for a run; the order is the order of work, first before last."""

    PERSON = "person"
    LINKED = "linked"
    CONFIRM = "confirm"
    SCHEDULE = "schedule"


class RunState(StrEnum):
    """What became of a run."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    ABANDONED = "abandoned"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Run:
    """
    One execution of a sync, of an account or of a repository's readers.

    ``failure`` is a code of ours, never the host's text. ``actor`` is who asked for it, as the
    audit trail names them; ``not_modified`` counts the answers that nothing had changed.
    """

    id: int
    account_id: int | None
    trigger: Trigger
    state: RunState
    started_at: datetime
    finished_at: datetime | None = None
    added: int = 0
    removed: int = 0
    total: int = 0
    requests: int = 0
    failure: str | None = None
    not_modified: int = 0
    actor: str | None = None
    repository_id: int | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """
    An owner of whom an account's last listing showed nothing certain.

    ``owner`` is its name where a repository of it is known. ``to_approve`` says that it waits
    for the person's single sign-on; everything else is between the owner and the host.
    """

    owner_id: str
    owner: str | None
    to_approve: bool


class Verdict(StrEnum):
    """The two answers there are; unknown is deny."""

    ALLOW = "allow"
    DENY = "deny"


class Reason(StrEnum):
    """Why a decision fell as it did: a closed set of stable codes."""

    GRANT = "grant"
    OPEN_PUBLIC = "open_public"
    OPEN_INTERNAL = "open_internal"
    EXPLICIT_ALLOW = "explicit_allow"
    EXPLICIT_DENY = "explicit_deny"
    UNKNOWN_USER = "unknown_user"
    UNKNOWN_HOST = "unknown_host"
    UNKNOWN_REPOSITORY = "unknown_repository"
    USER_DISABLED = "user_disabled"
    NOT_LINKED = "not_linked"
    NEEDS_REAUTH = "needs_reauth"
    NEEDS_SCOPE = "needs_scope"
    DISABLED_AT_HOST = "disabled_at_host"
    FIRST_SYNC_PENDING = "first_sync_pending"
    EVIDENCE_TOO_OLD = "evidence_too_old"
    SOURCE_NOT_COUNTED = "source_not_counted"
    CLOSED_BY_POLICY = "closed_by_policy"
    NO_ACCESS = "no_access"


@dataclass(frozen=True, slots=True)
class Decision:
    """
    An answer to "may this person see this repository?", with its reason.

    ``synced_at`` is the evidence used, and ``None`` where none was. ``valid_until`` is the
    last instant at which the answer holds if nothing is committed; ``None`` is without end.
    """

    verdict: Verdict
    reason: Reason
    basis: tuple[Source, ...] = ()
    synced_at: datetime | None = None
    stale: bool = False
    valid_until: datetime | None = None
    account_id: int | None = None
