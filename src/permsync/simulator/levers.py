"""
The table of levers: what may be done to one host from outside, each a small typed function.

A lever's name, its arguments and its first sentence are what `GET /control` lists. Everything a
lever does can be done in Python on the World as well; this is only the longer handle.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Literal, NamedTuple

from permsync.simulator import samples
from permsync.simulator.faults import (
    FailingPage,
    Faults,
    NextAnswer,
    Quota,
    RateLimit,
    Shape,
    Where,
)
from permsync.simulator.host import Host
from permsync.simulator.repositories import AccountState
from permsync.simulator.rotation import refreshable
from permsync.simulator.signing import new_key
from permsync.simulator.tokens import Rotation
from permsync.simulator.world import World


class Place(NamedTuple):
    """Where a lever is pulled."""

    world: World
    host: Host


def set_lifetimes(
    at: Place, *, access_seconds: float | None = None, refresh_seconds: float | None = None
) -> None:
    """Sets how long tokens issued from now on live; what is not named stays as it is."""
    if access_seconds is not None:
        at.host.policy.access_ttl_seconds = access_seconds
    if refresh_seconds is not None:
        at.host.policy.refresh_ttl_seconds = refresh_seconds


def set_rotation(at: Place, *, policy: Rotation, grace_seconds: float = 600) -> None:
    """Sets what a refresh does to the old refresh token."""
    at.host.policy.rotation = policy
    at.host.policy.grace_seconds = grace_seconds


def set_policy(
    at: Place,
    *,
    pkce_required: bool | None = None,
    redirect_uri_on_refresh: bool | None = None,
    sends_iss: bool | None = None,
    sends_scopes_key: bool | None = None,
    public_access: bool | None = None,
    old_access_dies: bool | None = None,
) -> None:
    """Switches single habits of the host on or off; what is not named stays as it is."""
    for name, value in (
        ("pkce_required", pkce_required),
        ("redirect_uri_on_refresh", redirect_uri_on_refresh),
        ("sends_iss", sends_iss),
        ("sends_scopes_key", sends_scopes_key),
        ("public_access", public_access),
        ("old_access_dies", old_access_dies),
    ):
        if value is not None:
            setattr(at.host.policy, name, value)


def expire_access_tokens(at: Place, *, person: str | None = None) -> int:
    """Expires the access tokens of one person or of everybody, now."""
    return at.host.tokens.expire_access(person, now=at.world.now())


def revoke_tokens(at: Place, *, person: str | None = None) -> int:
    """Revokes every token of one person or of everybody."""
    if person is not None:
        at.host.tell("authorization_revoked", person=person)
    return at.host.tokens.revoke(person)


def bulk_accounts(at: Place, *, count: int, prefix: str = "person") -> list[dict[str, Any]]:
    """Adds people who consented just now; returns the pairs of tokens that they were given."""
    pairs = samples.bulk_accounts(at.world, at.host.name, count, prefix=prefix)
    return [asdict(pair) for pair in pairs]


def show_tokens(at: Place, *, person: str | None = None) -> list[dict[str, Any]]:
    """Tells all about the pairs of one person or of everybody, and which would work now."""
    presented = at.host.log.presentations()
    now = at.world.now()
    return [
        {
            **asdict(pair),
            "access_works": pair.access_lives(now),
            "refresh_works": refreshable(at.host.policy, pair, now=now),
            "presented": presented[pair.refresh] if pair.refresh is not None else 0,
        }
        for pair in at.host.tokens.of(person)
    ]


def shrink_scopes(at: Place, *, scopes: list[str], person: str | None = None) -> int:
    """Keeps only these scopes on the tokens already issued."""
    return at.host.tokens.shrink_scopes(scopes, person=person)


def refuse_refreshes(at: Place, *, on: bool = True) -> None:
    """Refuses every refresh token as if it were dead."""
    at.host.faults.refuse_refreshes = on


def set_account_state(at: Place, *, person: str, state: AccountState) -> None:
    """Blocks, deactivates or re-activates a person's account."""
    at.host.set_account_state(person, state)


def outage(at: Place, *, on: bool = True) -> None:
    """Answers everything with 503 and an HTML page."""
    at.host.faults.outage = on


def latency(at: Place, *, api_ms: float | None = None, token_ms: float | None = None) -> None:
    """Delays each API request, each token request, or both, by milliseconds."""
    if api_ms is not None:
        at.host.faults.api_latency_seconds = api_ms / 1000
    if token_ms is not None:
        at.host.faults.token_latency_seconds = token_ms / 1000


def rate_limit(
    at: Place,
    *,
    on: bool = True,
    where: Where = "api",
    status: Literal[403, 429] = 429,
    retry_after_seconds: int | None = 1,
    secondary: bool = False,
) -> None:
    """Refuses every request as rate limited until switched off."""
    limit = RateLimit(where, status, retry_after_seconds, secondary)
    at.host.faults.rate_limit = limit if on else None


def quota(
    at: Place, *, limit: int | None, window_seconds: float = 3600, where: Where = "api"
) -> None:
    """Allows so many requests in each window; null ends the quota."""
    at.host.faults.quota = None if limit is None else Quota(limit, window_seconds, where)


def slow_down(at: Place, *, seconds: int | None) -> None:
    """Lets every good answer of the API ask for a wait before the next question; null ends it."""
    at.host.faults.slow_down_seconds = seconds


def next_answers(
    at: Place,
    *,
    where: Where,
    shape: Shape,
    match: str = "",
    times: int = 1,
    seconds: float = 5.0,
    status: int = 403,
    message: str = "Resource not accessible by integration",
) -> None:
    """Queues a spoiled answer for the token endpoint, or for API paths that contain `match`."""
    queued = NextAnswer(where, shape, match, times, min(seconds, 60.0), status, message)
    at.host.faults.next_answers.append(queued)


def spoil_tokens(
    at: Place,
    *,
    omit_expires_in: bool = False,
    omit_refresh_token: bool = False,
    padding: int = 0,
    id_token_claims: dict[str, Any] | None = None,
) -> None:
    """Leaves fields out of token answers, makes tokens longer, overrides claims of id tokens."""
    faults = at.host.faults
    faults.omit_expires_in = omit_expires_in
    faults.omit_refresh_token = omit_refresh_token
    faults.token_padding = padding
    faults.id_token_claims = id_token_claims or {}


def spoil_listings(
    at: Place,
    *,
    duplicate_ids: bool = False,
    foreign_next: str | None = None,
    next_by_id: bool = False,
    forbidden_namespaces: list[str] | None = None,
    empty_page: int | None = None,
) -> None:
    """Sets what is wrong with listings; what is not named is made right."""
    faults = at.host.faults
    faults.duplicate_ids = duplicate_ids
    faults.foreign_next = foreign_next
    faults.next_by_id = next_by_id
    faults.forbidden_namespaces = forbidden_namespaces or []
    faults.empty_page = empty_page


def single_sign_on(at: Place, *, organisations: list[str]) -> None:
    """Hides organisations from listings until a person approves at the consent page; [] shows."""
    at.host.faults.sso_partial = [at.host.namespaces[name].id for name in organisations]


def fail_page(
    at: Place,
    *,
    page: int,
    status: int | None = 502,
    message: str = "You have exceeded a secondary rate limit.",
) -> None:
    """Fails one page of every listing with a status; null makes it right again."""
    if status is None:
        at.host.faults.failing_pages.pop(page, None)
    else:
        at.host.faults.failing_pages[page] = FailingPage(status, message)


def new_signing_key(at: Place) -> None:
    """Lets an OpenID provider sign with a new key, and forget the old one."""
    at.host.signing_key = new_key()


def clear_faults(at: Place) -> None:
    """Ends every fault of the host."""
    at.host.faults = Faults()


LEVERS: dict[str, Callable[..., object]] = {
    "set-lifetimes": set_lifetimes,
    "set-rotation": set_rotation,
    "set-policy": set_policy,
    "expire-access-tokens": expire_access_tokens,
    "revoke-tokens": revoke_tokens,
    "bulk-accounts": bulk_accounts,
    "show-tokens": show_tokens,
    "shrink-scopes": shrink_scopes,
    "refuse-refreshes": refuse_refreshes,
    "set-account-state": set_account_state,
    "outage": outage,
    "latency": latency,
    "rate-limit": rate_limit,
    "quota": quota,
    "slow-down": slow_down,
    "next-answers": next_answers,
    "spoil-tokens": spoil_tokens,
    "spoil-listings": spoil_listings,
    "single-sign-on": single_sign_on,
    "fail-page": fail_page,
    "new-signing-key": new_signing_key,
    "clear-faults": clear_faults,
}
