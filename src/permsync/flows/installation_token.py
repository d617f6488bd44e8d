"""
A token of one installation of an app: had before it is needed, kept in this process only.

What is decided here: a new one is asked for a margin before the old one ends, by one caller
for all; what the host says of a token's life is believed, and nothing about its form. This
module must not know what the token is used for.
"""

from functools import partial

from permsync.codehost import Failure, FailureKind
from permsync.codehost.apps import InstallationToken
from permsync.flows.app_memory import HeldToken
from permsync.flows.ask_app import AppConversation, unavailable
from permsync.flows.deps import ConfiguredApp, Services
from permsync.flows.find_installation import find_installation
from permsync.rules.freshness import margin_of

# What is said where an installation sleeps, is gone, or is there under another id.
MOVED = frozenset({FailureKind.FORBIDDEN, FailureKind.HIDDEN})


async def installation_token(
    services: Services,
    app: ConfiguredApp,
    *,
    host: str,
    owner_id: str,
    rejected_version: int | None = None,
) -> HeldToken:
    """
    A token for this owner's repositories; another one than ``rejected_version``.

    Raises ``TokenUnavailableError`` with a reason of ours where there is none.
    """
    clock = services.clock.boottime

    def is_good(held: HeldToken) -> bool:
        is_newer = rejected_version is None or held.version > rejected_version
        return is_newer and clock() < held.until_seconds

    held = await app.memory.token_of(owner_id).get(
        partial(_mint, services, app, host, owner_id=owner_id), is_good=is_good, clock=clock
    )
    if isinstance(held, Failure):
        raise unavailable(held)
    return held


async def _mint(
    services: Services, app: ConfiguredApp, host: str, *, owner_id: str
) -> HeldToken | Failure:
    held = await _ask(services, app, host, owner_id=owner_id)
    if isinstance(held, Failure) and held.kind in MOVED:
        app.memory.installed.forget()
        held = await _ask(services, app, host, owner_id=owner_id)
    return held


async def _ask(
    services: Services, app: ConfiguredApp, host: str, *, owner_id: str
) -> HeldToken | Failure:
    installation = await find_installation(services, app, host=host, owner_id=owner_id)
    began_seconds, asked_at = services.clock.boottime(), services.clock.now()
    conversation = AppConversation(services, app, host=host)
    granted: InstallationToken | Failure = await conversation.ask(
        app.apps.token_request(installation), partial(app.apps.parse_token, asked_at=asked_at)
    )
    await conversation.allowance.settle()
    if isinstance(granted, Failure):
        return granted
    life = granted.expires_in
    kept = life - margin_of(lifetime=life, margin=services.durations.refresh_margin)
    return HeldToken(
        granted.access_token, app.memory.next_version(), began_seconds + kept.total_seconds()
    )
