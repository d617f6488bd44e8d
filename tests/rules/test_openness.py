"""
To whom a public or internal repository opens: the settings take from the host, never add.

The full table is in ``tests/snapshots/access.txt``; here stand the rules it must obey.
"""

from dataclasses import replace
from itertools import product

import pytest

from permsync.model import AccountState, Reason, Source, Verdict, Visibility
from permsync.rules.access import AccountEvidence
from permsync.rules.evidence import Evidence
from permsync.rules.openness import InternalTo, Opened, Openness, PublicTo, ways_in
from tests.rules.examples import INSTANT, NOW, ago
from tests.rules.matrix import LIMITS, NO_ROW, POLICIES, REPOSITORIES, account, answer, question

PUBLIC, _ = REPOSITORIES["public, seen fresh"]
INTERNAL, _ = REPOSITORIES["internal (open), seen fresh"]
PRIVATE, _ = REPOSITORIES["private"]
PLAIN = account(AccountState.ACTIVE, NO_ROW)
LISTED = Evidence(Source.ACCOUNT_LISTING, None, missed=False, listed_at=ago(2))
MEMBER = replace(PLAIN, member=LISTED)
ENTERPRISE = POLICIES["as in its enterprise"]


def ways(
    openness: Openness, *accounts: AccountEvidence, visibility: Visibility
) -> tuple[Opened, ...]:
    repository = {
        Visibility.PUBLIC: PUBLIC,
        Visibility.INTERNAL: INTERNAL,
        Visibility.PRIVATE: PRIVATE,
    }[visibility]
    return ways_in(openness, repository, accounts, now=NOW, limits=LIMITS)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_settings_never_open_what_the_host_does_not(policy: str) -> None:
    openness = POLICIES[policy]
    for visibility, accounts in product(Visibility, ((), (PLAIN,), (MEMBER,))):
        here = ways(openness, *accounts, visibility=visibility)
        at_host = ways(openness.as_at_host, *accounts, visibility=visibility)
        assert len(here) <= max(1, len(at_host)) if at_host else not here


def test_a_private_repository_opens_to_nobody_whatever_the_policy_says() -> None:
    for openness in POLICIES.values():
        assert ways(openness, PLAIN, MEMBER, visibility=Visibility.PRIVATE) == ()


@pytest.mark.parametrize(
    "state", [AccountState.NEEDS_REAUTH, AccountState.DISABLED_AT_HOST, AccountState.UNLINKED]
)
def test_an_account_that_has_ended_is_no_account_at_the_host(state: AccountState) -> None:
    holders = POLICIES["public to account holders"]
    assert ways(holders, replace(PLAIN, state=state), visibility=Visibility.PUBLIC) == ()
    assert ways(holders, PLAIN, visibility=Visibility.PUBLIC)[0].account_id == PLAIN.id


def test_a_restricted_account_opens_nothing_public_where_the_host_hides_that_from_it() -> None:
    holders = POLICIES["public to account holders"]
    hiding = replace(holders, hides_public=True)
    restricted = replace(PLAIN, restricted=True)
    assert ways(hiding, restricted, visibility=Visibility.PUBLIC) == ()
    assert len(ways(hiding, restricted, PLAIN, visibility=Visibility.PUBLIC)) == 1
    assert ways(holders, restricted, visibility=Visibility.PUBLIC)[0].account_id == PLAIN.id
    everybody = replace(hiding, public=PublicTo.EVERYONE)
    assert ways(everybody, restricted, visibility=Visibility.PUBLIC)


def test_membership_is_shown_by_a_listing_that_counts() -> None:
    for member, opens in (
        (LISTED, True),
        (replace(LISTED, listed_at=NOW - LIMITS.hard), True),
        (replace(LISTED, listed_at=NOW - LIMITS.hard - INSTANT), False),
        (replace(LISTED, missed=True), False),
        (replace(LISTED, ended_at=ago(1)), False),
        (None, False),
    ):
        found = ways(ENTERPRISE, replace(PLAIN, member=member), visibility=Visibility.INTERNAL)
        assert bool(found) is opens, member


def test_the_answer_is_as_old_as_the_older_of_openness_and_membership() -> None:
    older = replace(MEMBER, member=replace(LISTED, listed_at=ago(30)))
    (way,) = ways(ENTERPRISE, older, visibility=Visibility.INTERNAL)
    assert way == Opened(Reason.OPEN_INTERNAL, ago(30), ago(30) + LIMITS.hard, PLAIN.id)
    seen = replace(INTERNAL, open_seen_at=ago(40))
    (way,) = ways_in(ENTERPRISE, seen, [older], now=NOW, limits=LIMITS)
    assert (way.as_of, way.until) == (ago(40), ago(40) + LIMITS.hard)


def test_an_owner_of_no_enterprise_opens_to_no_member() -> None:
    foreign = replace(INTERNAL, owner_id="9")
    assert ways_in(ENTERPRISE, foreign, [MEMBER], now=NOW, limits=LIMITS) == ()


def test_a_grant_counts_whatever_the_policy_says() -> None:
    """The switches are about openness; who is named at the host stays named."""
    closed = POLICIES["public never"]
    for name in ("public, seen fresh", "internal (open), seen fresh", "private"):
        holder = account(AccountState.ACTIVE, replace(NO_ROW, source=Source.ACCOUNT_LISTING))
        decision = answer(replace(question(name, holder), openness=closed))
        assert (decision.verdict, decision.reason) == (Verdict.ALLOW, Reason.GRANT)


def test_whoever_is_kept_out_by_the_settings_is_told_so_once_nothing_else_helps() -> None:
    never = POLICIES["public never"]
    for accounts, reason in (
        ((), Reason.NOT_LINKED),
        ((replace(PLAIN, state=AccountState.NEEDS_REAUTH),), Reason.NEEDS_REAUTH),
        ((PLAIN,), Reason.CLOSED_BY_POLICY),
    ):
        decision = answer(replace(question("public, seen fresh", *accounts), openness=never))
        assert decision.reason is reason


def test_policies_that_mean_the_same_have_the_same_word_and_no_others() -> None:
    words = [one.word for one in POLICIES.values()]
    off = Openness(internal_at_host=InternalTo.INSTANCE, opens_internal=False)
    assert off.word == Openness().word == "public=everyone internal=never"
    assert ENTERPRISE.word == "public=everyone internal=enterprise:7,8"
    assert Openness(public=PublicTo.NEVER).word in words
    assert len(set(words)) == len(words) - 1
