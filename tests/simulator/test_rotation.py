"""What a refresh does to the old tokens, under each of the seven policies."""

import pytest

from permsync.simulator import rotation
from permsync.simulator.kinds import roles
from permsync.simulator.tokens import Client, Code, Pair, Pending, Policy, Rotation, TokenStore

CLIENT = Client("c", "s", ["http://callback"], kind="github_app")


class Desk:
    """A token store with one client; `now` is moved by the tests."""

    def __init__(self, policy: Rotation, *, refresh_ttl_seconds: float | None = None) -> None:
        self.store = TokenStore()
        self.policy = Policy(
            rotation=policy, grace_seconds=10, refresh_ttl_seconds=refresh_ttl_seconds
        )
        self.now = 1000.0

    def issue(self, *, client: Client = CLIENT, scopes: tuple[str, ...] = ()) -> Pair:
        pending = Pending("c", "http://callback", "", [], None, None)
        code = Code("code", "ada", pending, list(scopes), 0)
        return rotation.issue(
            self.store, self.policy, role=roles()["github"], code=code, client=client, now=self.now
        )

    def refresh(self, old: Pair) -> Pair | None:
        return rotation.refresh(
            self.store, self.policy, role=roles()["github"], old=old, client=CLIENT, now=self.now
        )

    def renew(self, old: Pair) -> Pair:
        new = self.refresh(old)
        assert new is not None
        return new


def test_strict_lets_a_refresh_token_work_once() -> None:
    desk = Desk("strict")
    first = desk.issue()
    assert desk.refresh(first) is not None
    assert desk.refresh(first) is None


def test_strict_leaves_the_successor_alone_when_the_old_token_comes_back() -> None:
    desk = Desk("strict")
    first = desk.issue()
    second = desk.renew(first)
    desk.refresh(first)
    assert desk.refresh(second) is not None


@pytest.mark.parametrize("dies", [True, False])
def test_strict_ends_the_old_access_token_where_the_host_does_so(*, dies: bool) -> None:
    desk = Desk("strict")
    desk.policy.old_access_dies = dies
    first = desk.issue()
    desk.renew(first)
    assert first.access_lives(desk.now) is not dies


def test_grace_lets_it_work_again_for_a_while_after_its_first_use() -> None:
    desk = Desk("grace")
    first = desk.issue()
    desk.now += 500
    one, other = desk.renew(first), desk.renew(first)
    desk.now += 10
    assert desk.refresh(first) is None
    assert desk.refresh(one) is not None
    assert desk.refresh(other) is not None


def test_grace_is_counted_from_the_first_use_only() -> None:
    desk = Desk("grace")
    first = desk.issue()
    desk.renew(first)
    desk.now += 9
    desk.renew(first)
    desk.now += 1
    assert desk.refresh(first) is None


def test_newest_wins_ends_the_pairs_of_earlier_uses() -> None:
    desk = Desk("grace_newest_wins")
    first = desk.issue()
    one, other = desk.renew(first), desk.renew(first)
    assert not one.access_lives(desk.now)
    assert desk.refresh(one) is None
    assert desk.refresh(other) is not None


def test_tolerant_lets_it_work_until_it_expires() -> None:
    desk = Desk("tolerant", refresh_ttl_seconds=100)
    first = desk.issue()
    assert all(desk.refresh(first) for _ in range(3))
    desk.now += 100
    assert desk.refresh(first) is None


def test_family_ends_everything_when_a_spent_token_comes_back() -> None:
    desk = Desk("family")
    first, bystander = desk.issue(), desk.issue()
    second = desk.renew(first)
    assert desk.refresh(first) is None
    assert not second.access_lives(desk.now)
    assert desk.refresh(second) is None
    assert desk.refresh(bystander) is not None


def test_revoke_on_first_use_keeps_the_old_pair_until_the_new_one_is_used() -> None:
    desk = Desk("revoke_on_first_use")
    first = desk.issue()
    lost, second = desk.renew(first), desk.renew(first)
    assert first.access_lives(desk.now)
    rotation.first_use(desk.store, desk.policy, second)
    assert not first.access_lives(desk.now)
    assert desk.refresh(first) is None
    assert lost.access_lives(desk.now)


def test_refreshing_a_new_token_counts_as_its_first_use() -> None:
    desk = Desk("revoke_on_first_use")
    first = desk.issue()
    desk.renew(desk.renew(first))
    assert desk.refresh(first) is None


def test_only_revoke_on_first_use_watches_uses() -> None:
    desk = Desk("tolerant")
    first = desk.issue()
    rotation.first_use(desk.store, desk.policy, desk.renew(first))
    assert desk.refresh(first) is not None


def test_none_keeps_the_refresh_token_and_issues_access_only() -> None:
    desk = Desk("none")
    first = desk.issue()
    assert [desk.renew(first).refresh, desk.renew(first).refresh] == [None, None]
    assert first.access_lives(desk.now)


def test_to_ask_whether_a_token_works_uses_nothing_up() -> None:
    desk = Desk("family")
    first = desk.issue()
    second = desk.renew(first)
    asked = [
        rotation.refreshable(desk.policy, pair, now=desk.now)
        for pair in (first, first, second, second)
    ]
    assert asked == [False, False, True, True]
    assert desk.refresh(second) is not None


@pytest.mark.parametrize("policy", ["grace", "grace_newest_wins"])
def test_a_spent_token_works_until_its_grace_is_over(policy: Rotation) -> None:
    desk = Desk(policy)
    first = desk.issue()
    desk.renew(first)
    assert rotation.refreshable(desk.policy, first, now=desk.now + 9)
    assert not rotation.refreshable(desk.policy, first, now=desk.now + 10)


def test_an_oauth_app_without_expiry_gets_one_lasting_token() -> None:
    pair = Desk("strict").issue(client=Client("c", "s", [], kind="oauth"))
    assert pair.access.startswith("gho_")
    assert (pair.refresh, pair.access_expires_at) == (None, None)


@pytest.mark.parametrize(("kind", "prefix"), [("github_app", "ghu_"), ("oauth_expiring", "gho_")])
def test_expiring_tokens_have_githubs_prefixes(kind: str, prefix: str) -> None:
    client = Client("c", "s", [], kind="github_app" if kind == "github_app" else "oauth_expiring")
    pair = Desk("strict").issue(client=client)
    assert pair.access.startswith(prefix)
    assert (pair.refresh or "").startswith("ghr_")


def test_the_oldest_of_eleven_lasting_tokens_is_revoked() -> None:
    desk = Desk("strict")
    desk.policy.newest_tokens_kept = 10
    client = Client("c", "s", [], kind="oauth")
    other_scope = desk.issue(client=client, scopes=("gist",))
    pairs = [desk.issue(client=client) for _ in range(11)]
    assert [pair.access_revoked for pair in pairs] == [True] + [False] * 10
    assert not other_scope.access_revoked
