"""
Questions to a host in the name of a connection: an administrator's token, or an app.

Such a credential belongs to no account, so a refusal of it is the operator's to mend and ends
nobody's access. A token from the settings is never refreshed; an app's is had anew. This
module must not know what is asked.
"""

from permsync.errors import TokenUnavailableError
from permsync.flows.ask_app import REJECTED, unlinked
from permsync.flows.ask_host import NO_ACCOUNT, Conversation
from permsync.flows.deps import ConfiguredConnection, Services
from permsync.flows.fresh_token import FreshToken
from permsync.flows.installation_token import installation_token
from permsync.rules.refresh.api_refusal import Force, Meaning


class ConnectionConversation(Conversation):
    """
    A run's questions to one host through one connection.

    ``owner_id`` is whose repositories they are about: an app has a token for each owner, and
    the host counts its requests by owner.
    """

    def __init__(
        self,
        services: Services,
        connection: ConfiguredConnection,
        *,
        owner_id: str = "",
        reuse: bool = True,
    ) -> None:
        app = connection.app
        super().__init__(
            services,
            services.host(connection.host),
            account_id=NO_ACCOUNT,
            link_id="",
            reuse=reuse,
            credential=f"app {app.app_id} for {owner_id}"
            if app
            else f"connection {connection.name}",
        )
        self._connection = connection
        self._owner_id = owner_id

    async def token(self, *, rejected: FreshToken | None = None) -> FreshToken:
        """The connection's token, as long as the host takes it; of an app, one that is fresh."""
        app = self._connection.app
        if app is not None:
            held = await installation_token(
                self.services,
                app,
                host=self._connection.host,
                owner_id=self._owner_id,
                rejected_version=rejected.version if rejected is not None else None,
            )
            return unlinked(held.access_token, version=held.version)
        return unlinked(self._connection.token)

    async def _meaning(self, token: FreshToken, *, forced: bool) -> Meaning:  # noqa: ARG002 - as above it
        """There is no account to read again: what was given is refused for good."""
        if forced or self._connection.app is None:
            raise TokenUnavailableError(reason=REJECTED)
        return Force()
