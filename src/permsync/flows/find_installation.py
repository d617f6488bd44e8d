"""
Finds who installed an app, and with that whose repositories it can be asked about.

What is decided here: the whole list is read or none of it counts, because an owner that is
missing is taken for one who uninstalled the app. It is believed for ``app_look``, in this
process; that an owner is missing only for ``settle``, because another process may have been
told meanwhile that the app was installed. This module must not know what an installation is
asked.
"""

from collections import deque
from datetime import timedelta
from functools import partial

from permsync.codehost import Failure, FailureKind
from permsync.codehost.apps import Installation
from permsync.errors import TokenUnavailableError
from permsync.flows.app_memory import Installed
from permsync.flows.ask_app import AppConversation, unavailable
from permsync.flows.deps import ConfiguredApp, Services

MOST_PAGES = 1_000
NOT_INSTALLED = "not_installed"
SUSPENDED = "installation_suspended"


async def find_installation(
    services: Services, app: ConfiguredApp, *, host: str, owner_id: str
) -> Installation:
    """
    The working installation of this owner.

    Raises ``TokenUnavailableError`` where there is none, it sleeps, or nobody could say.
    """
    found = await _find(services, app, host, owner_id, most=services.durations.app_look)
    if found is None:
        found = await _find(services, app, host, owner_id, most=services.settle_at(host))
    if found is None or found.is_suspended:
        raise TokenUnavailableError(reason=NOT_INSTALLED if found is None else SUSPENDED)
    return found


async def _find(
    services: Services, app: ConfiguredApp, host: str, owner_id: str, *, most: timedelta
) -> Installation | None:
    installed = await load_installed(services, app, host=host, most=most)
    if isinstance(installed, Failure):
        raise unavailable(installed)
    return installed.by_owner.get(owner_id)


async def load_installed(
    services: Services, app: ConfiguredApp, *, host: str, most: timedelta | None = None
) -> Installed | Failure:
    """Everybody who installed the app, as this process knows it; at ``most`` so old."""
    clock = services.clock.boottime
    seconds = (services.durations.app_look if most is None else most).total_seconds()
    return await app.memory.installed.get(
        partial(_list, services, app, host),
        is_good=lambda one: clock() - one.began_seconds < seconds,
        clock=clock,
    )


async def _list(services: Services, app: ConfiguredApp, host: str) -> Installed | Failure:
    began_seconds = services.clock.boottime()
    conversation = AppConversation(services, app, host=host)
    pending = deque([app.apps.installations_ask()])
    found: dict[str, Installation] = {}
    for _ in range(MOST_PAGES):
        if not pending:
            break
        ask = pending.popleft()
        page = await conversation.ask(ask.request, partial(app.apps.parse_installations, ask))
        if isinstance(page, Failure):
            await conversation.allowance.settle()
            return page
        pending.extend(page.follow)
        found |= {one.owner_id: one for one in page.installations}
    await conversation.allowance.settle()
    if pending:
        return Failure(FailureKind.UNREADABLE, "pages without an end")
    return Installed(found, began_seconds)
