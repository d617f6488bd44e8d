"""
Decides what a refresh does to the tokens: the seven rotation policies, and what a first use ends.

Works on a TokenStore and a Policy with the time given; knows no HTTP and no host kind.

strict                the refresh token works once
grace                 it works again for `grace_seconds` after its first use
grace_newest_wins     the same, and each repeat ends the pairs that earlier uses issued
tolerant              it works until it expires
family                it works once; a second use ends every pair of that consent
revoke_on_first_use   it works until a token issued from it is used
none                  it works until it expires, and is never replaced
"""

import secrets

from permsync.simulator.role import Role
from permsync.simulator.tokens import Client, Code, Pair, Policy, TokenStore


def issue(
    store: TokenStore,
    policy: Policy,
    *,
    role: Role,
    code: Code,
    client: Client,
    now: float,
    padding: int = 0,
) -> Pair:
    """Issue the first pair of a consent. `padding` makes tokens that many characters longer."""
    pair = _pair(
        store,
        policy,
        role=role,
        client=client,
        now=now,
        padding=padding,
        family=secrets.token_hex(8),
        person=code.person,
        scopes=list(code.scopes),
        redirect_uri=code.pending.redirect_uri,
    )
    _drop_oldest(store, policy, pair)
    return pair


def refresh(
    store: TokenStore,
    policy: Policy,
    *,
    role: Role,
    old: Pair,
    client: Client,
    now: float,
    padding: int = 0,
    rotates: bool = True,
) -> Pair | None:
    """
    Spend the refresh token of `old`: the new pair, or None when the token is dead.

    With `rotates` false only a new access token is issued and the refresh token stays as it was,
    which is what an answer without `refresh_token` means (RFC 6749 section 6).
    """
    if not refreshable(policy, old, now=now):
        _punish(store, policy, old)
        return None
    if old.spent_at is not None and policy.rotation == "grace_newest_wins":
        _end_successors(store, old)
    first_use(store, policy, old)
    new = _pair(
        store,
        policy,
        role=role,
        client=client,
        now=now,
        padding=padding,
        family=old.family,
        person=old.person,
        scopes=list(old.scopes),
        redirect_uri=old.redirect_uri,
    )
    new.parent = old.number
    if not rotates or policy.rotation == "none":
        store.forget_refresh(new)
        new.parent = None
        return new
    if old.spent_at is None:
        old.spent_at = now
    if policy.old_access_dies and policy.rotation in {"strict", "family"}:
        old.access_revoked = True
    return new


def first_use(store: TokenStore, policy: Policy, pair: Pair) -> None:
    """End the parent's tokens where the host waits for the first use of the new ones."""
    if policy.rotation == "revoke_on_first_use" and pair.parent is not None:
        store.pairs[pair.parent].revoke()


def refreshable(policy: Policy, pair: Pair, *, now: float) -> bool:
    """Whether the refresh token of this pair would be taken now; nothing is changed by asking."""
    expired = pair.refresh_expires_at is not None and now >= pair.refresh_expires_at
    if pair.refresh is None or pair.refresh_revoked or expired:
        return False
    if pair.spent_at is None:
        return True
    match policy.rotation:
        case "strict" | "family":
            return False
        case "tolerant" | "revoke_on_first_use" | "none":
            return True
        case "grace" | "grace_newest_wins":
            return now < pair.spent_at + policy.grace_seconds


def _punish(store: TokenStore, policy: Policy, old: Pair) -> None:
    """A spent token that comes back looks stolen where a host revokes the family."""
    if policy.rotation == "family" and old.spent_at is not None and not old.refresh_revoked:
        for pair in _siblings(store, old):
            pair.revoke()


def _end_successors(store: TokenStore, old: Pair) -> None:
    for pair in _siblings(store, old):
        if pair.number > old.number:
            pair.revoke()


def _siblings(store: TokenStore, old: Pair) -> list[Pair]:
    return [pair for pair in store.of(old.person) if pair.family == old.family]


def _pair(
    store: TokenStore,
    policy: Policy,
    *,
    role: Role,
    client: Client,
    now: float,
    padding: int,
    family: str,
    person: str,
    scopes: list[str],
    redirect_uri: str,
) -> Pair:
    access_prefix, refresh_prefix = role.prefixes.get(client.kind, ("", ""))
    lasting = client.kind in role.lasting
    access_ttl = None if lasting else policy.access_ttl_seconds
    refresh_ttl = None if lasting else policy.refresh_ttl_seconds
    tail = "x" * padding
    return store.add(
        Pair(
            number=len(store.pairs) + 1,
            family=family,
            client_id=client.client_id,
            person=person,
            scopes=scopes,
            redirect_uri=redirect_uri,
            issued_at=now,
            access=access_prefix + secrets.token_hex(20) + tail,
            access_expires_at=None if access_ttl is None else now + access_ttl,
            refresh=None if lasting else refresh_prefix + secrets.token_hex(38) + tail,
            refresh_expires_at=None if refresh_ttl is None else now + refresh_ttl,
        )
    )


def _drop_oldest(store: TokenStore, policy: Policy, newest: Pair) -> None:
    """GitHub keeps ten tokens of one person, client and scope; the oldest makes room."""
    if policy.newest_tokens_kept is None or newest.refresh is not None:
        return
    alike = [
        pair
        for pair in store.of(newest.person)
        if not pair.access_revoked
        and pair.client_id == newest.client_id
        and sorted(pair.scopes) == sorted(newest.scopes)
    ]
    for pair in alike[: -policy.newest_tokens_kept]:
        pair.revoke()
