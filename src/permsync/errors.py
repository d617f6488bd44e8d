"""
The one error tree: every failure the service raises on purpose, drawn here.

What is decided here: a stable code for each error and whose fault it is. What this
module must not know: how an error is shown (``web.problems`` and ``cli`` have a table
each). Errors carry facts, not prose; the message is made from the facts and never holds
a secret or a code host's own words.

    PermsyncError
    ├── OperatorError                  the settings or the machine are wrong
    │   ├── ConfigurationError         configuration_invalid
    │   ├── SealingKeyError            sealing_key_wrong
    │   ├── SealingKeyInUseError       sealing_key_in_use
    │   ├── DatabaseUnavailableError   database_unavailable
    │   ├── SchemaNewerError           schema_newer_than_program
    │   └── AddressInUseError          address_in_use
    ├── CallerError                    the question or the person asking is wrong
    │   ├── MalformedError             request_malformed
    │   ├── UnauthenticatedError       unauthenticated
    │   ├── ForbiddenError             forbidden
    │   ├── UnknownError               unknown_<what>
    │   ├── LinkRefusedError           link_refused
    │   ├── LendingRefusedError        lending_refused
    │   ├── SignInRefusedError         sign_in_refused
    │   └── WebhookRefusedError        webhook_refused
    ├── HostError                      the code host did not do its part
    │   ├── TokenUnavailableError      token_unavailable
    │   └── HostUnavailableError       host_unavailable
    └── DefectError                    we are wrong
        └── SealedValueError           sealed_value_damaged
"""

from datetime import timedelta
from enum import StrEnum
from typing import ClassVar


class Fault(StrEnum):
    """Whose mistake an error is, and so who can end it."""

    OPERATOR = "operator"
    CALLER = "caller"
    HOST = "host"
    US = "us"


class PermsyncError(Exception):
    """The root of the tree; it is never raised itself."""

    code: ClassVar[str] = "error"
    fault: ClassVar[Fault] = Fault.US


class OperatorError(PermsyncError):
    """The settings or the machine are wrong; the message names the place and the cure."""

    code = "operator_error"
    fault = Fault.OPERATOR

    def __init__(self, *, place: str, cure: str) -> None:
        self.place = place
        self.cure = cure
        super().__init__(f"{place}: {cure}")


class ConfigurationError(OperatorError):
    """A setting is unknown, missing or wrong. ``key`` is its dotted name."""

    code = "configuration_invalid"

    def __init__(self, *, key: str, place: str, cure: str) -> None:
        super().__init__(place=place, cure=cure)
        self.key = key
        self.args = (f"setting {key!r} in {place}: {cure}",)


class SealingKeyError(OperatorError):
    """A stored secret needs a sealing key that is not configured, or the key is unusable."""

    code = "sealing_key_wrong"


class SealingKeyInUseError(OperatorError):
    """A sealing key cannot be retired: it is the primary one, or stored values need it."""

    code = "sealing_key_in_use"


class DatabaseUnavailableError(OperatorError):
    """PostgreSQL cannot be started or reached."""

    code = "database_unavailable"


class SchemaNewerError(OperatorError):
    """The database was migrated by a newer permsync than this one."""

    code = "schema_newer_than_program"


class AddressInUseError(OperatorError):
    """Another program listens where this one should."""

    code = "address_in_use"


class CallerError(PermsyncError):
    """The question, or the one who asks it, is wrong; asking again changes nothing."""

    code = "caller_error"
    fault = Fault.CALLER


class MalformedError(CallerError):
    """A field is not what it must be. ``field`` is its path, ``expected`` our sentence."""

    code = "request_malformed"

    def __init__(self, *, field: str, expected: str) -> None:
        self.field = field
        self.expected = expected
        super().__init__(f"{field}: {expected}")


class UnauthenticatedError(CallerError):
    """No key or session, or one that is unknown, expired or revoked."""

    code = "unauthenticated"

    def __init__(self) -> None:
        super().__init__("a valid service key or session is needed")


class ForbiddenError(CallerError):
    """The key or the person is known but may not do this. ``needed`` is the missing scope."""

    code = "forbidden"

    def __init__(self, *, needed: str) -> None:
        self.needed = needed
        super().__init__(f"this needs {needed!r}")


class UnknownError(CallerError):
    """A thing the caller named does not exist. ``what`` is one of the glossary's words."""

    code = "unknown"

    def __init__(self, *, what: str, name: str) -> None:
        self.what = what
        self.name = name
        super().__init__(f"no {what} {name!r}")


class LinkRefusal(StrEnum):
    """Why an account was not linked; each has one sentence for people."""

    STATE_UNKNOWN = "state_unknown"
    STATE_EXPIRED = "state_expired"
    OTHER_BROWSER = "other_browser"
    DENIED_AT_HOST = "denied_at_host"
    WRONG_ISSUER = "wrong_issuer"
    CODE_REJECTED = "code_rejected"
    HOST_UNAVAILABLE = "host_unavailable"
    HOST_MISCONFIGURED = "host_misconfigured"
    SCOPE_MISSING = "scope_missing"
    SCOPE_NARROWER = "scope_narrower"
    LINKED_TO_SOMEONE_ELSE = "linked_to_someone_else"
    USER_DISABLED = "user_disabled"


class LinkRefusedError(CallerError):
    """The account was not linked; ``reason`` is from the closed set."""

    code = "link_refused"

    def __init__(self, reason: LinkRefusal) -> None:
        self.reason = reason
        super().__init__(reason.value)


class LendingRefusal(StrEnum):
    """Why no token was lent; ``TRY_AGAIN`` is the only one that time ends."""

    NOT_ALLOWED = "not_allowed"
    LENDING_OFF = "lending_off"
    USER_DISABLED = "user_disabled"
    NOT_LINKED = "not_linked"
    NEEDS_REAUTH = "needs_reauth"
    NEEDS_SCOPE = "needs_scope"
    DISABLED_AT_HOST = "disabled_at_host"
    TRY_AGAIN = "try_again"


class LendingRefusedError(CallerError):
    """No token was lent. ``retry_in`` is set for ``TRY_AGAIN`` and for nothing else."""

    code = "lending_refused"

    def __init__(self, reason: LendingRefusal, *, retry_in: timedelta | None = None) -> None:
        self.reason = reason
        self.retry_in = retry_in
        super().__init__(reason.value)


class SignInRefusedError(CallerError):
    """The person was not signed in; ``reason`` is a stable word of ours."""

    code = "sign_in_refused"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class WebhookRefusedError(CallerError):
    """A delivery did not prove that it is the host's; ``reason`` is a stable word of ours."""

    code = "webhook_refused"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class HostError(PermsyncError):
    """A code host refused, failed or answered nonsense."""

    code = "host_error"
    fault = Fault.HOST


class TokenUnavailableError(HostError):
    """
    No fresh token can be had for this account now.

    ``reason`` is a stable word; ``retry_in`` is set where waiting may help and ``None``
    where only the person can.
    """

    code = "token_unavailable"

    def __init__(self, *, reason: str, retry_in: timedelta | None = None) -> None:
        self.reason = reason
        self.retry_in = retry_in
        super().__init__(reason)


class HostUnavailableError(HostError):
    """A host could not be asked; ``reason`` is a stable word, never the host's text."""

    code = "host_unavailable"

    def __init__(self, *, host: str, reason: str) -> None:
        self.host = host
        self.reason = reason
        super().__init__(f"{host}: {reason}")


class DefectError(PermsyncError):
    """Something that cannot happen did; the log has the place."""

    code = "defect"


class SealedValueError(DefectError):
    """
    A sealed value was changed, cut or moved to another row; it was not opened.

    ``place`` names the row and the field.
    """

    code = "sealed_value_damaged"

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(place)
