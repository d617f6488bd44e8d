"""
An operator's word is written with its entry and its change, and counts at once.

That nothing else ever writes one is in ``test_rules_untouched.py``.
"""

import asyncio
from datetime import datetime, timedelta

import pytest

from permsync.errors import MalformedError, UnknownError
from permsync.flows.check import AccountName, IdentityName, RepositoryName, Subject, check
from permsync.flows.end_rule import end_rule
from permsync.flows.list_readable import list_readable
from permsync.flows.list_rules import list_rules
from permsync.flows.set_rule import RuleTerms, set_rule
from permsync.flows.tidy import tidy
from permsync.model import Account, Reason, Verdict
from permsync.store import engine
from permsync.store.explicit_rules import ListedRule
from tests.flows.scenes import column, private_name, reason, rows, sync
from tests.world import World

ALLOW, DENY = RuleTerms(Verdict.ALLOW), RuleTerms(Verdict.DENY)
HOUR = timedelta(hours=1)
CHANGES = (
    "SELECT user_id, repository_id, source, was, became FROM change WHERE kind = 'rule'"
    " ORDER BY revision"
)
ENTRIES = (
    "SELECT action, actor, user_id, repository_id, code FROM audit_event"
    " WHERE action LIKE 'rule%' ORDER BY id"
)


async def synced(world: World, person: str = "ada") -> Account:
    """A person whose account at GitHub is listed."""
    account = await world.link(person, "github")
    await sync(world, account)
    return account


async def write(world: World, account: Account, name: str, terms: RuleTerms) -> ListedRule:
    """Write a rule for the account's person about a repository of its host."""
    ref = RepositoryName(account.host, full_name=name)
    return await set_rule(world.services, account.user_id, ref, terms, actor="operator")


async def now(world: World) -> datetime:
    """The database's time."""
    async with world.services.database.begin() as connection:
        return await engine.database_now(connection)


async def test_a_denial_counts_at_once_and_ending_it_brings_the_grant_back(world: World) -> None:
    ada = await synced(world)
    name = private_name(world, "github")
    written = await write(world, ada, name, DENY)
    assert await reason(world, ada, name) is Reason.EXPLICIT_DENY

    ended = await end_rule(world.services, written.rule.id, actor="key:one")

    assert ended == written
    assert await reason(world, ada, name) is Reason.GRANT
    about = {"user_id": ada.user_id, "repository_id": written.repository.id}
    assert await rows(world.services.database, CHANGES) == [
        {**about, "source": "explicit", "was": None, "became": "deny"},
        {**about, "source": "explicit", "was": "deny", "became": None},
    ]
    assert await rows(world.services.database, ENTRIES) == [
        {"action": "rule_set", "actor": "operator", **about, "code": "deny"},
        {"action": "rule_ended", "actor": "key:one", **about, "code": "deny"},
    ]
    with pytest.raises(UnknownError, match="no rule"):
        await end_rule(world.services, written.rule.id, actor="key:one")


async def test_a_denial_holds_through_all_accounts_of_the_person(world: World) -> None:
    """I11: also through one that is linked afterwards."""
    grace = await world.user("grace")
    first = await world.link("grace", "github", user=grace)
    await sync(world, first)
    name = private_name(world, "github", "ada")
    await sync(world, await world.link("ada", "github"))
    ref = RepositoryName("github", full_name=name)
    await set_rule(world.services, grace.id, ref, DENY, actor="operator")
    (repository,) = await column(
        world.services.database, "SELECT id FROM repository WHERE full_name = :name", name=name
    )

    await rows(world.services.database, "UPDATE account SET user_id = :id", id=grace.id)

    assert await reason(world, first, name) is Reason.EXPLICIT_DENY
    for subject in (
        grace.id,
        IdentityName("test", "grace"),
        *await names_of(world, grace.id),
    ):
        answer = await check(world.services, subject, ref)
        assert answer.decision.reason is Reason.EXPLICIT_DENY, subject
    page = await list_readable(world.services, grace, limit=10_000)
    assert repository not in {one.repository.id for one in page.items}


async def names_of(world: World, user_id: int) -> list[Subject]:
    """The person by each of their accounts; a test that finds one only proves nothing."""
    found = await rows(
        world.services.database,
        "SELECT host, external_id FROM account WHERE user_id = :id",
        id=user_id,
    )
    assert len(found) == 2
    return [AccountName(one["host"], one["external_id"]) for one in found]


async def test_an_allowance_needs_no_account_and_the_list_has_it(world: World) -> None:
    ada = await synced(world)
    name = private_name(world, "github")
    margaret = await world.user("margaret")
    ref = RepositoryName("github", full_name=name)
    until = await now(world) + HOUR

    terms = RuleTerms(Verdict.ALLOW, until, "on call this week")
    written = await set_rule(world.services, margaret.id, ref, terms, actor="operator")

    answer = await check(world.services, margaret.id, ref)
    assert answer.decision.reason is Reason.EXPLICIT_ALLOW
    assert answer.decision.valid_until == until
    page = await list_readable(world.services, margaret, limit=10_000)
    assert written.repository.id in {one.repository.id for one in page.items}
    assert await reason(world, ada, name) is Reason.GRANT


async def test_the_same_once_more_writes_nothing_and_another_end_replaces(world: World) -> None:
    ada = await synced(world)
    name = private_name(world, "github")
    until = await now(world) + HOUR
    first = await write(world, ada, name, DENY)
    again = await write(world, ada, name, DENY)
    assert again == first
    assert len(await rows(world.services.database, CHANGES)) == 1

    ending = await write(world, ada, name, RuleTerms(Verdict.DENY, until))
    noted = await write(world, ada, name, RuleTerms(Verdict.DENY, until, "a leak"))

    assert first.rule.id == ending.rule.id == noted.rule.id
    words = [(one["was"], one["became"]) for one in await rows(world.services.database, CHANGES)]
    # The note is for the list and the audit trail; it changes no answer.
    assert words == [(None, "deny"), ("deny", f"deny until {until.isoformat()}")]
    assert len(await rows(world.services.database, ENTRIES)) == 3
    page = await list_rules(world.services)
    assert [one.rule.wish.note for one in page.items] == ["a leak"]


async def test_a_denial_for_a_while_stands_before_an_allowance_without_end(world: World) -> None:
    margaret = await world.user("margaret")
    ada = await synced(world)
    name = private_name(world, "github")
    ref = RepositoryName("github", full_name=name)
    await set_rule(world.services, margaret.id, ref, ALLOW, actor="operator")
    soon = await now(world) + HOUR
    await set_rule(
        world.services, margaret.id, ref, RuleTerms(Verdict.DENY, soon), actor="operator"
    )
    denied = (await check(world.services, margaret.id, ref)).decision
    assert denied.reason is Reason.EXPLICIT_DENY
    assert denied.valid_until == soon

    await rows(
        world.services.database,
        "UPDATE explicit_rule SET expires_at = clock_timestamp() WHERE effect = 'deny'",
    )

    allowed = (await check(world.services, margaret.id, ref)).decision
    assert (allowed.reason, allowed.valid_until) == (Reason.EXPLICIT_ALLOW, None)
    before = await rows(world.services.database, CHANGES)
    assert len((await list_rules(world.services, user_id=margaret.id)).items) == 2
    await tidy(world.services)
    (left,) = (await list_rules(world.services, user_id=margaret.id)).items
    assert left.rule.wish.effect is Verdict.ALLOW
    # It stopped by age, as its own change had said; sweeping it is no change.
    assert await rows(world.services.database, CHANGES) == before
    assert ada.user_id != margaret.id


async def test_who_or_what_is_unknown_or_over_is_refused_and_nothing_is_written(
    world: World,
) -> None:
    ada = await synced(world)
    name = private_name(world, "github")
    ref = RepositoryName("github", full_name=name)
    (known,) = await column(
        world.services.database, "SELECT id FROM repository WHERE full_name = :name", name=name
    )
    past = RuleTerms(Verdict.ALLOW, await now(world))
    for subject, repository, terms, expected in (
        (10**17, ref, DENY, "no user"),
        (AccountName("github", "0"), ref, DENY, "no user"),
        (ada.user_id, RepositoryName("github", full_name="acme/nothing"), DENY, "no repository"),
        (ada.user_id, 10**17, DENY, "no repository"),
        (ada.user_id, ref, past, "expires_at"),
    ):
        with pytest.raises((UnknownError, MalformedError), match=expected):
            await set_rule(world.services, subject, repository, terms, actor="operator")
    await rows(world.services.database, "UPDATE repository SET gone_at = clock_timestamp()")
    with pytest.raises(UnknownError, match="no repository"):
        await set_rule(world.services, ada.user_id, known, DENY, actor="operator")
    assert await rows(world.services.database, "SELECT * FROM explicit_rule") == []
    assert await rows(world.services.database, ENTRIES) == []


async def test_many_at_once_leave_one_rule_and_one_change(world: World) -> None:
    ada = await synced(world)
    name = private_name(world, "github")
    written = await asyncio.gather(*(write(world, ada, name, DENY) for _ in range(8)))
    assert len({one.rule.id for one in written}) == 1
    assert len(await rows(world.services.database, CHANGES)) == 1


async def test_writing_and_ending_race_to_one_of_both_ends(world: World) -> None:
    ada = await synced(world)
    name = private_name(world, "github")
    for _ in range(5):
        rule = (await write(world, ada, name, DENY)).rule
        later = RuleTerms(Verdict.DENY, await now(world) + HOUR)
        written, _ = await asyncio.gather(
            write(world, ada, name, later), end_rule(world.services, rule.id, actor="operator")
        )
        found = await rows(world.services.database, "SELECT id FROM explicit_rule")
        # Ended after it was renewed, or written anew after it had ended.
        assert found in ([], [{"id": written.rule.id}])
        for one in found:
            await end_rule(world.services, one["id"], actor="operator")


async def test_pages_are_all_rules_of_a_person_or_about_a_repository(world: World) -> None:
    ada, grace = await synced(world), await synced(world, "grace")
    ids = await column(world.services.database, "SELECT id FROM repository ORDER BY id LIMIT 3")
    for account in (ada, grace):
        for repository in ids:
            await set_rule(world.services, account.user_id, repository, DENY, actor="operator")
    first = await list_rules(world.services, limit=4)
    assert first.next_after is not None
    rest = await list_rules(world.services, limit=4, after=first.next_after)
    assert (len(first.items), len(rest.items), rest.next_after) == (4, 2, None)
    assert len({one.rule.id for one in (*first.items, *rest.items)}) == 6
    of_grace = await list_rules(world.services, user_id=grace.user_id)
    assert [one.repository.id for one in of_grace.items] == ids
    about = await list_rules(world.services, repository_id=ids[0])
    assert [one.rule.wish.user_id for one in about.items] == [ada.user_id, grace.user_id]
    both = await list_rules(world.services, user_id=ada.user_id, repository_id=ids[0])
    assert len(both.items) == 1
