"""
The audit trail: one entry for every action, by whom, and none without its change.

Each action of the closed set has a scene that leads to it through the product's own verbs.
A scene runs twice: once to read the entry, once in a database that refuses the entry when
it is committed, where neither entry nor change may be left. This module must not know how
an entry is shown.
"""

import pytest
from sqlalchemy.exc import DBAPIError

from permsync.errors import TokenUnavailableError
from permsync.store.audit import Action
from tests.flows.scenes import rows
from tests.store.audit_scenes import SCENES
from tests.world import World

ENTRIES = (
    "SELECT actor, user_id, account_id, host, repository_id, code, token_version"
    " FROM audit_event"
    " WHERE action = :action ORDER BY id"
)
NAMES = ("user_id", "account_id", "host", "repository_id")
# What a change could leave behind. The queue and the attempts have transactions of their own.
STATE = (
    "SELECT (SELECT jsonb_agg(to_jsonb(one) ORDER BY one.id) FROM account AS one) AS accounts,"
    ' (SELECT jsonb_agg(to_jsonb(one) ORDER BY one.id) FROM "user" AS one) AS people,'
    " (SELECT jsonb_agg(to_jsonb(one) ORDER BY one.id) FROM service_key AS one) AS keys,"
    " (SELECT jsonb_agg(to_jsonb(one) ORDER BY one.key_id) FROM sealing_key AS one) AS sealing,"
    " (SELECT jsonb_agg(to_jsonb(one) ORDER BY one.id) FROM explicit_rule AS one) AS rules,"
    " (SELECT jsonb_agg(to_jsonb(one) ORDER BY one.host) FROM host_policy AS one) AS policies,"
    " (SELECT jsonb_agg(to_jsonb(one) ORDER BY one.id) FROM run AS one) AS runs,"
    " (SELECT count(*) FROM pgqueuer) AS jobs,"
    " (SELECT count(*) FROM session) AS sessions,"
    " (SELECT count(*) FROM audit_event) AS entries,"
    " (SELECT value FROM revision) AS revision"
)
# A deferred trigger fires at the commit, when everything else of the transaction was done.
REFUSAL = (
    "CREATE FUNCTION refuse_entry() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'this entry is refused'; END $$"
)
REFUSE = (
    "CREATE CONSTRAINT TRIGGER refuse_entry AFTER INSERT ON audit_event"
    " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_entry()"
)

every_action = pytest.mark.parametrize("action", Action)
# A rotation is many transactions, one a batch; its entry says that all of them are over.
each_change = pytest.mark.parametrize(
    "action", [action for action in Action if action is not Action.SEALING_KEY_ROTATED]
)


@every_action
async def test_every_action_leaves_one_entry_that_says_who_and_for_whom(
    world: World, action: Action
) -> None:
    scene = SCENES[action]
    before = await scene.before(world)
    earlier = len(await rows(world.services.database, ENTRIES, action=action.value))
    await scene.step(world, before)
    (entry,) = (await rows(world.services.database, ENTRIES, action=action.value))[earlier:]
    named = {name for name in NAMES if entry[name] is not None}
    assert named == scene.names
    by = f"user:{entry['user_id']}" if scene.actor == "user" else scene.actor
    assert (entry["actor"], entry["code"]) == (by, scene.code)
    assert (entry["token_version"] is not None) == (action is Action.TOKEN_LENT)


@each_change
async def test_a_change_whose_entry_is_refused_does_not_happen(
    world: World, action: Action
) -> None:
    scene = SCENES[action]
    before = await scene.before(world)
    await rows(world.services.database, REFUSAL)
    await rows(world.services.database, REFUSE)
    then = await rows(world.services.database, STATE)
    # Tokens that cannot be committed are kept as they came, and their caller is told to wait.
    with pytest.raises((DBAPIError, TokenUnavailableError)):
        await scene.step(world, before)
    assert await rows(world.services.database, STATE) == then
