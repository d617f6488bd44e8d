"""
Finds who installed an app, and with that whose repositories it can be asked about.

What is decided here: the whole list is read or none of it counts, because an owner that is
missing is taken for one who uninstalled the app. It is believed for ``app_look``, in this
process. This module must not know what an installation is asked.
"""

from collections import deque
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
    installed = await load_installed(services, app, host=host)
    if isinstance(installed, Failure):
        raise unavailable(installed)
    found = installed.by_owner.get(owner_id)
    if found is None or found.is_suspended:
        raise TokenUnavailableError(reason=NOT_INSTALLED if found is None else SUSPENDED)
    return found


async def load_installed(
    services: Services, app: ConfiguredApp, *, host: str
) -> Installed | Failure:
    """Everybody who installed the app, as this process knows it."""
    clock = services.clock.boottime
    return await app.memory.installed.get(
        partial(_list, services, app, host),
        is_good=lambda one: clock() < one.until_seconds,
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
    return Installed(found, began_seconds + services.durations.app_look.total_seconds())
