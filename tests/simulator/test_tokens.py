"""The token store finds pairs by either token, and its levers touch the right people only."""

from permsync.simulator.tokens import Client, Pair, Pending, TokenStore


def _pair(store: TokenStore, person: str, *, expires_at: float | None = 100) -> Pair:
    number = len(store.pairs) + 1
    return store.add(
        Pair(
            number=number,
            family=f"f{number}",
            client_id="c",
            person=person,
            scopes=["a", "b"],
            redirect_uri="",
            issued_at=0,
            access=f"access-{number}",
            access_expires_at=expires_at,
            refresh=f"refresh-{number}",
            refresh_expires_at=None,
        )
    )


def test_a_pair_is_found_by_either_token_and_by_no_other() -> None:
    store = TokenStore()
    pair = _pair(store, "ada")
    assert store.with_access("access-1") is pair
    assert store.with_refresh("refresh-1") is pair
    assert store.with_access("refresh-1") is None
    assert store.with_refresh("") is None


def test_a_forgotten_refresh_token_finds_nothing() -> None:
    store = TokenStore()
    pair = _pair(store, "ada")
    store.forget_refresh(pair)
    assert pair.refresh is None
    assert store.with_refresh("refresh-1") is None


def test_expiry_strikes_the_living_tokens_of_one_person() -> None:
    store = TokenStore()
    ada, lasting, grace = (
        _pair(store, "ada"),
        _pair(store, "ada", expires_at=None),
        _pair(store, "g"),
    )
    _pair(store, "ada", expires_at=40)
    assert store.expire_access("ada", now=50) == 2
    assert not ada.access_lives(50)
    assert not lasting.access_lives(50)
    assert grace.access_lives(50)


def test_revocation_without_a_person_strikes_everybody() -> None:
    store = TokenStore()
    pairs = [_pair(store, "ada"), _pair(store, "grace")]
    assert store.revoke(None) == 2
    assert all(pair.access_revoked and pair.refresh_revoked for pair in pairs)


def test_scopes_shrink_and_never_grow() -> None:
    store = TokenStore()
    pair = _pair(store, "ada")
    store.shrink_scopes(["b", "c"], person="ada")
    assert pair.scopes == ["b"]


def test_every_kind_of_secret_is_told() -> None:
    store = TokenStore(clients={"c": Client("c", "the-secret", [])}, verifiers=["the-verifier"])
    _pair(store, "ada")
    pending = Pending("c", "", "", [], None, None)
    code = store.issue_code(pending, person="ada", scopes=[], until=1)
    assert set(store.every_secret()) == {
        "the-secret",
        "the-verifier",
        "access-1",
        "refresh-1",
        code.value,
    }
