"""
Questions to a host in the name of a connection: an administrator's token from the settings.

Such a token is never refreshed and belongs to no account, so a refusal of it is the
operator's to mend and ends nobody's access. This module must not know what is asked.
"""

from permsync.errors import TokenUnavailableError
from permsync.flows.ask_host import Conversation
from permsync.flows.deps import ConfiguredConnection, Services
from permsync.flows.fresh_token import FreshToken
from permsync.rules.refresh.api_refusal import Meaning

# No account has this id: what is counted by account counts a connection apart from all.
NO_ACCOUNT = 0
REJECTED = "connection_rejected"


class ConnectionConversation(Conversation):
    """A run's questions to one host through one connection."""

    def __init__(
        self, services: Services, connection: ConfiguredConnection, *, reuse: bool = True
    ) -> None:
        super().__init__(
            services,
            services.host(connection.host),
            account_id=NO_ACCOUNT,
            link_id="",
            reuse=reuse,
        )
        self._given = FreshToken(
            access_token=connection.token,
            link_id="",
            version=0,
            scopes=None,
            expires_at=None,
            fresh_until=None,
        )

    async def token(self, *, rejected: FreshToken | None = None) -> FreshToken:
        """The connection's token, as long as the host takes it."""
        if rejected is not None:
            raise TokenUnavailableError(reason=REJECTED)
        return self._given

    async def _meaning(self, token: FreshToken, *, forced: bool) -> Meaning:  # noqa: ARG002 - as above it
        """There is no account to read again: what the settings give is refused for good."""
        raise TokenUnavailableError(reason=REJECTED)
