"""
How every action of the audit trail comes about, through the product's own verbs.

Each has what is there before, and the step that it is an entry of. This module must not know
what is asked about an entry.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from permsync.errors import TokenUnavailableError
from permsync.flows.admit_keys import admit_keys
from permsync.flows.authenticate_key import Scope, create_key, revoke_key
from permsync.flows.cancel_sync import cancel_sync
from permsync.flows.deps import Services
from permsync.flows.disable_user import disable_user
from permsync.flows.end_access import end_access
from permsync.flows.end_rule import end_rule
from permsync.flows.fresh_token import fresh_token
from permsync.flows.lend_token import OPERATOR, lend_token
from permsync.flows.note_policies import note_policies
from permsync.flows.plan_refresh import load_holding
from permsync.flows.retire_key import retire_key
from permsync.flows.set_rule import RuleTerms, set_rule
from permsync.flows.sign_in import finish_sign_in, start_sign_in
from permsync.flows.unlink_account import unlink_account
from permsync.model import Account, AccountReason, AccountState, Trigger, Verdict
from permsync.rules.openness import PublicTo
from permsync.simulator.browser import consent
from permsync.store import accounts, runs
from permsync.store.audit import Action
from permsync.store.explicit_rules import ListedRule
from permsync.vault import Vault
from tests.flows.scenes import column, expire, rows, spoil, sync
from tests.flows.test_rotate_keys import NEW, NEW_ID, OLD, OLD_ID, rotate, with_new_key
from tests.world import World

BROWSER = "the secret of a browser"


@dataclass(frozen=True, slots=True)
class Scene:
    """How an action comes about: what is there before, and the step that it is an entry of."""

    before: Callable[[World], Awaitable[Any]]
    step: Callable[[World, Any], Awaitable[object]]
    actor: str
    code: str | None = None
    names: frozenset[str] = frozenset({"user_id", "account_id", "host"})


async def _nothing(_world: World) -> None:
    return None


async def _person(world: World) -> object:
    return await world.user("ada")


async def _linked(world: World) -> Account:
    return await world.link("ada", "gitlab")


async def _expired(world: World) -> Account:
    account = await _linked(world)
    await expire(world, account)
    return account


async def _suspect(world: World) -> Account:
    account = await _expired(world)
    await rows(
        world.services.database,
        "UPDATE account SET state = 'suspect', reason = 'refresh_refused_once', rejections = 1",
    )
    return account


async def _disabled(world: World) -> Account:
    account = await _linked(world)
    await disable_user(world.services, account.user_id, disabled=True, actor="test")
    return account


async def _keyed(world: World) -> None:
    await create_key(world.services, name="one", scopes=[Scope.CHECK], lives_in=None)


async def _callback(world: World) -> str:
    """A person on the way back from the sign-in page, with the callback's query."""
    url = await start_sign_in(world.services, browser=BROWSER, return_to="/")
    location = await asyncio.to_thread(consent, url, person="ada", decision="approve")
    return urlsplit(location).query


async def _known(world: World) -> str:
    await _sign_in(world, await _callback(world))
    return await _callback(world)


async def _sign_in(world: World, query: str) -> object:
    return await finish_sign_in(world.services, query=query, browser=BROWSER)


async def _link(world: World, _before: object) -> object:
    return await world.link("ada", "gitlab")


async def _unlink(world: World, account: Account) -> object:
    actor = f"user:{account.user_id}"
    return await unlink_account(world.services, account.id, user_id=account.user_id, actor=actor)


async def _refuse_refresh(world: World, account: Account) -> None:
    spoil(world, "gitlab", "token", "rejection")
    with suppress(TokenUnavailableError):
        await fresh_token(world.services, account.id)


async def _refresh(world: World, account: Account) -> object:
    return await fresh_token(world.services, account.id)


async def _end(world: World, account: Account) -> object:
    holding = await load_holding(world.services, account.id)
    return await end_access(
        world.services,
        holding.account,
        state=AccountState.NEEDS_SCOPE,
        reason=AccountReason.SCOPE_MISSING,
    )


async def _lend(world: World, account: Account) -> object:
    opened = {name: replace(one, lends=True) for name, one in world.services.hosts.items()}
    services = replace(world.services, hosts=opened)
    return await lend_token(services, account.id, borrower=OPERATOR)


async def _close_public(world: World, _before: object) -> object:
    gitlab = replace(world.services.hosts["gitlab"], public=PublicTo.NEVER)
    return await note_policies(replace(world.services, hosts={"gitlab": gitlab}))


def _turn(*, disabled: bool) -> Callable[[World, Account], Awaitable[object]]:
    async def turn(world: World, account: Account) -> object:
        return await disable_user(
            world.services, account.user_id, disabled=disabled, actor="key:admin"
        )

    return turn


async def _create_key(world: World, _before: object) -> object:
    return await create_key(world.services, name="one", scopes=[Scope.CHECK], lives_in=None)


async def _revoke_key(world: World, _before: object) -> object:
    return await revoke_key(world.services, name="one")


async def _rekeyed(world: World) -> Services:
    await world.link("ada", "gitlab")
    return await with_new_key(world)


async def _admit(world: World, _before: object) -> None:
    await admit_keys(world.services.database, Vault([NEW, OLD]))


async def _rotate(_world: World, services: Services) -> object:
    return await rotate(services)


async def _rotated(world: World) -> Services:
    services = await _rekeyed(world)
    await rotate(services)
    return services


async def _retire(_world: World, services: Services) -> object:
    return await retire_key(services, OLD_ID)


async def _listed(world: World) -> Account:
    account = await _linked(world)
    await sync(world, account)
    return account


async def _set_rule(world: World, account: Account) -> ListedRule:
    terms = RuleTerms(Verdict.DENY)
    (first,) = await column(world.services.database, "SELECT min(id) FROM repository")
    return await set_rule(world.services, account.user_id, first, terms, actor="key:admin")


async def _ruled(world: World) -> ListedRule:
    return await _set_rule(world, await _listed(world))


async def _end_rule(world: World, written: ListedRule) -> object:
    return await end_rule(world.services, written.rule.id, actor="operator")


async def _running(world: World) -> Account:
    account = await _linked(world)
    async with world.services.database.begin() as connection:
        locked = await accounts.load_locked(connection, account.id)
        assert locked is not None
        await runs.claim(connection, locked, Trigger.SCHEDULE, next_due_in=timedelta(hours=1))
    return account


async def _cancel(world: World, account: Account) -> object:
    return await cancel_sync(world.services, account.id, actor="key:admin")


PERSON = frozenset({"user_id"})
PAIR = frozenset({"user_id", "repository_id"})
NOBODY = frozenset[str]()
SCENES = {
    Action.ACCOUNT_LINKED: Scene(_person, _link, "user"),
    Action.ACCOUNT_RELINKED: Scene(_linked, _link, "user"),
    Action.ACCOUNT_UNLINKED: Scene(_linked, _unlink, "user"),
    Action.ACCOUNT_SUSPECT: Scene(
        _expired, _refuse_refresh, "permsync", code="refresh_refused_once"
    ),
    Action.ACCOUNT_ENDED: Scene(_linked, _end, "permsync", code="scope_missing"),
    Action.ACCOUNT_HEALED: Scene(_suspect, _refresh, "permsync"),
    Action.REFRESH_FAILED: Scene(_suspect, _refuse_refresh, "permsync", code="rejected"),
    Action.USER_CREATED: Scene(_callback, _sign_in, "user", names=PERSON),
    Action.SIGNED_IN: Scene(_known, _sign_in, "user", names=PERSON),
    Action.USER_DISABLED: Scene(_linked, _turn(disabled=True), "key:admin", names=PERSON),
    Action.USER_ENABLED: Scene(_disabled, _turn(disabled=False), "key:admin", names=PERSON),
    Action.RULE_SET: Scene(_listed, _set_rule, "key:admin", code="deny", names=PAIR),
    Action.RULE_ENDED: Scene(_ruled, _end_rule, "operator", code="deny", names=PAIR),
    Action.SYNC_CANCELLED: Scene(_running, _cancel, "key:admin"),
    Action.POLICY_CHANGED: Scene(
        _nothing,
        _close_public,
        "operator",
        code="public=never internal=instance",
        names=frozenset({"host"}),
    ),
    Action.TOKEN_LENT: Scene(_linked, _lend, "operator"),
    Action.SERVICE_KEY_CREATED: Scene(_nothing, _create_key, "operator", code="one", names=NOBODY),
    Action.SERVICE_KEY_REVOKED: Scene(_keyed, _revoke_key, "operator", code="one", names=NOBODY),
    Action.SEALING_KEY_FIRST_USED: Scene(_nothing, _admit, "operator", code=NEW_ID, names=NOBODY),
    Action.SEALING_KEY_ROTATED: Scene(_rekeyed, _rotate, "operator", code=NEW_ID, names=NOBODY),
    Action.SEALING_KEY_RETIRED: Scene(_rotated, _retire, "operator", code=OLD_ID, names=NOBODY),
}
