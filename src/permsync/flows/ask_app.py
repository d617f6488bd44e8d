"""
Questions to a host in the name of an app itself: who installed it, and tokens for them.

Each is asked with a statement signed for it alone. A refusal of the app, as of any connection,
is the operator's to mend and ends nobody's access. This module must not know what is asked.
"""

from permsync.codehost import Failure, FailureKind
from permsync.errors import TokenUnavailableError
from permsync.flows.ask_host import NO_ACCOUNT, Conversation
from permsync.flows.deps import ConfiguredApp, Services
from permsync.flows.fresh_token import FreshToken
from permsync.rules.refresh.api_refusal import Believe, Meaning

REJECTED = "connection_rejected"


class AppConversation(Conversation):
    """Questions to one host as one app; its requests count apart from its installations'."""

    def __init__(self, services: Services, app: ConfiguredApp, *, host: str) -> None:
        super().__init__(
            services,
            services.host(host),
            account_id=NO_ACCOUNT,
            link_id="",
            credential=f"app {app.app_id}",
        )
        self._app = app

    async def token(self, *, rejected: FreshToken | None = None) -> FreshToken:  # noqa: ARG002 - as above it
        """A new statement, which says the same as one that was rejected."""
        app = self._app
        statement = app.apps.statement(app.app_id, now=self.services.clock.now())
        return unlinked(app.key.sign(statement))

    async def _meaning(self, token: FreshToken, *, forced: bool) -> Meaning:  # noqa: ARG002 - as above it
        """There is no account to read again, and no better statement to make."""
        return Believe()


def unlinked(access_token: str, *, version: int = 0) -> FreshToken:
    """A token that belongs to no account, as a conversation uses it."""
    return FreshToken(
        access_token=access_token,
        link_id="",
        version=version,
        scopes=None,
        expires_at=None,
        fresh_until=None,
    )


def unavailable(failure: Failure) -> TokenUnavailableError:
    """Why a connection has no token now, in our words."""
    rejected = failure.kind is FailureKind.CREDENTIAL_REJECTED
    reason = REJECTED if rejected else failure.kind.value
    return TokenUnavailableError(reason=reason, retry_in=failure.retry_in)
