"""
Tells a host to forget tokens that we no longer keep.

It revokes tokens, never the person's whole authorization, which would kill a newer link.
A host that cannot be reached keeps them until they expire: they are gone here either way.
This module must not decide whose tokens are revoked.
"""

from permsync.codehost import Response
from permsync.codehost.answers import is_success
from permsync.flows.deps import Services
from permsync.model import TokenSet
from permsync.telemetry import Event, logger

log = logger(__name__)


async def revoke_tokens(services: Services, host_name: str, tokens: TokenSet) -> bool:
    """Ask the host to revoke these tokens; true if it took every request."""
    configured = services.host(host_name)
    requests = configured.host.revoke_requests(
        access_token=tokens.access_token, refresh_token=tokens.refresh_token
    )
    taken = True
    for request in requests:
        answer = await services.transport.send(
            request,
            connect_in=services.durations.refresh_connect,
            deadline_in=services.durations.refresh_deadline,
            fresh=True,
        )
        taken = taken and isinstance(answer, Response) and is_success(answer)
    log.info(Event.TOKEN_REVOKED, host=host_name, requests=len(requests), taken=taken)
    return taken
