"""Each lever does what its sentence says, in the world that a host then answers from."""

import pytest

from permsync.simulator import levers
from permsync.simulator.faults import Faults, Quota, RateLimit
from permsync.simulator.levers import LEVERS, Place
from permsync.simulator.samples import bulk_accounts
from permsync.simulator.world import World


@pytest.fixture
def place(world: World) -> Place:
    return Place(world, world.hosts["gitlab"])


def test_lifetimes_change_one_by_one(place: Place) -> None:
    levers.set_lifetimes(place, access_seconds=5)
    assert (place.host.policy.access_ttl_seconds, place.host.policy.refresh_ttl_seconds) == (
        5,
        None,
    )
    levers.set_lifetimes(place, refresh_seconds=9)
    assert (place.host.policy.access_ttl_seconds, place.host.policy.refresh_ttl_seconds) == (5, 9)


def test_rotation_and_grace_are_set_together(place: Place) -> None:
    levers.set_rotation(place, policy="grace", grace_seconds=3)
    assert (place.host.policy.rotation, place.host.policy.grace_seconds) == ("grace", 3)


def test_a_habit_that_is_not_named_stays(place: Place) -> None:
    levers.set_policy(place, pkce_required=True)
    assert place.host.policy.pkce_required
    assert place.host.policy.redirect_uri_on_refresh
    levers.set_policy(place, redirect_uri_on_refresh=False)
    assert place.host.policy.pkce_required
    assert not place.host.policy.redirect_uri_on_refresh


def test_tokens_are_shown_with_what_they_are_still_good_for(world: World, place: Place) -> None:
    first, other = bulk_accounts(world, "gitlab", 2)
    place.host.tokens.revoke(other.person)
    shown = [
        (each["number"], each["access_works"], each["refresh_works"], each["presented"])
        for person in (first.person, other.person)
        for each in levers.show_tokens(place, person=person)
    ]
    assert shown == [(first.number, True, True, 0), (other.number, False, False, 0)]


def test_many_accounts_come_with_their_tokens(place: Place) -> None:
    given = levers.bulk_accounts(place, count=3, prefix="crowd")
    assert [each["person"] for each in given] == ["crowd-000000", "crowd-000001", "crowd-000002"]
    shown = levers.show_tokens(place)
    assert [each["refresh"] for each in shown] == [each["refresh"] for each in given]


def test_latency_is_given_in_milliseconds(place: Place) -> None:
    levers.latency(place, api_ms=250)
    levers.latency(place, token_ms=1500)
    faults = place.host.faults
    assert (faults.api_latency_seconds, faults.token_latency_seconds) == (0.25, 1.5)


def test_a_host_that_asks_to_be_left_alone_answers_as_ever(place: Place) -> None:
    levers.slow_down(place, seconds=7)
    assert place.host.faults == Faults(slow_down_seconds=7)
    levers.slow_down(place, seconds=None)
    assert place.host.faults == Faults()


def test_a_rate_limit_and_a_quota_are_set(place: Place) -> None:
    levers.rate_limit(place, where="token", status=403, retry_after_seconds=None)
    levers.quota(place, limit=3, window_seconds=60)
    assert place.host.faults.rate_limit == RateLimit("token", 403, None)
    assert place.host.faults.quota == Quota(3, 60)


def test_a_rate_limit_and_a_quota_are_lifted(place: Place) -> None:
    place.host.faults = Faults(rate_limit=RateLimit(), quota=Quota(1, 1))
    levers.rate_limit(place, on=False)
    levers.quota(place, limit=None)
    assert place.host.faults == Faults()


def test_hanging_is_bounded(place: Place) -> None:
    levers.next_answers(place, where="api", shape="hang", seconds=1e9)
    assert place.host.faults.next_answers[0].seconds == 60


def test_token_answers_are_spoiled_and_made_right(place: Place) -> None:
    levers.spoil_tokens(place, omit_expires_in=True, padding=7, id_token_claims={"aud": "x"})
    faults = place.host.faults
    assert (faults.omit_expires_in, faults.token_padding) == (True, 7)
    assert faults.id_token_claims == {"aud": "x"}
    levers.spoil_tokens(place)
    assert (faults.omit_expires_in, faults.token_padding, faults.id_token_claims) == (False, 0, {})


def test_listings_are_spoiled_and_made_right(place: Place) -> None:
    levers.spoil_listings(place, forbidden_namespaces=["x"], empty_page=2)
    faults = place.host.faults
    assert (faults.forbidden_namespaces, faults.empty_page) == (["x"], 2)
    levers.spoil_listings(place)
    assert (faults.forbidden_namespaces, faults.empty_page) == ([], None)


def test_organisations_hide_behind_single_sign_on_by_name(place: Place) -> None:
    name, organisation = next(iter(place.host.namespaces.items()))
    levers.single_sign_on(place, organisations=[name])
    assert place.host.faults.sso_partial == [organisation.id]
    levers.single_sign_on(place, organisations=[])
    assert place.host.faults.sso_partial == []


def test_a_failing_page_is_made_right_by_null(place: Place) -> None:
    levers.fail_page(place, page=2, status=403)
    assert place.host.faults.failing_pages[2].status == 403
    levers.fail_page(place, page=2, status=None)
    assert place.host.faults.failing_pages == {}


def test_clearing_ends_every_fault(place: Place) -> None:
    levers.outage(place)
    levers.refuse_refreshes(place)
    levers.clear_faults(place)
    assert not place.host.faults.outage
    assert not place.host.faults.refuse_refreshes


def test_an_account_state_is_set(place: Place) -> None:
    levers.set_account_state(place, person="ada", state="blocked")
    assert place.host.accounts["ada"].state == "blocked"


def test_a_new_signing_key_differs(place: Place) -> None:
    levers.new_signing_key(place)
    first = place.host.signing_key
    levers.new_signing_key(place)
    assert place.host.signing_key != first


def test_the_table_names_levers_after_their_functions() -> None:
    assert {name.replace("-", "_") for name in LEVERS} == {
        getattr(function, "__name__", "") for function in LEVERS.values()
    }


def test_tokens_are_expired_shrunk_and_revoked(world: World) -> None:
    place = Place(world, world.hosts["bitbucket"])
    (pair, other) = bulk_accounts(world, "bitbucket", 2)
    assert levers.shrink_scopes(place, scopes=["account"], person=pair.person) == 1
    assert (pair.scopes, other.scopes) == (["account"], ["account", "email", "repository"])
    assert levers.expire_access_tokens(place, person=pair.person) == 1
    assert levers.revoke_tokens(place) == 2
    assert pair.refresh_revoked
    assert other.access_revoked
