"""
A sign-in through the host itself heals a broken account there, and touches nothing else.

This module must not know the rules; ``tests/rules`` proves them.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from permsync.codehost import TokenGrant
from permsync.flows.deps import SignIn
from permsync.flows.fresh_token import fresh_token
from permsync.flows.heal_by_sign_in import heal_by_sign_in
from permsync.flows.link_account import finish_link, start_link
from permsync.flows.sign_in import finish_sign_in, start_sign_in
from permsync.flows.unlink_account import unlink_account
from permsync.model import Account, AccountState, User
from permsync.simulator.browser import consent
from permsync.simulator.samples import client_id_of, client_secret_of
from permsync.store import sealing_keys
from permsync.vault import Vault
from tests.flows.faulty_doors import interrupted
from tests.flows.scenes import column, read, rows, spoil
from tests.world import BROWSER, PUBLIC_URL, World

CALLBACK = f"{PUBLIC_URL}/signin/callback"
SCOPES = ("openid", "profile", "read_api")


@pytest.fixture
def opted_in(world: World) -> World:
    """Return the world where people sign in at gitlab, which may heal their accounts."""
    client = world.host("gitlab").tokens.clients[client_id_of("gitlab")]
    client.redirect_uris.append(CALLBACK)
    sign_in = SignIn(
        issuer=world.simulator.host_url("gitlab"),
        client_id=client.client_id,
        client_secret=client_secret_of("gitlab"),
        redirect_uri=CALLBACK,
        scopes=SCOPES,
    )
    hosts = {
        name: replace(one, sign_in_heals=name == "gitlab")
        for name, one in world.services.hosts.items()
    }
    return replace(world, services=replace(world.services, hosts=hosts, sign_in=sign_in))


async def sign_in(world: World, person: str = "ada", scopes: list[str] | None = None) -> User:
    """Sign in at gitlab, leaving only these boxes ticked."""
    url = await start_sign_in(world.services, browser=BROWSER, return_to="/")
    location = await asyncio.to_thread(consent, url, person=person, scopes=scopes)
    query = urlsplit(location).query
    return (await finish_sign_in(world.services, query=query, browser=BROWSER)).user


async def broken(world: World, state: str = "needs_reauth") -> Account:
    """Ada's account at gitlab, after its access ended."""
    user = await sign_in(world)
    account = await world.link("ada", "gitlab", user=user)
    await rows(
        world.services.database,
        "UPDATE account SET state = :state, reason = NULL, ended_at = clock_timestamp()",
        state=state,
    )
    return await read(world, account)


@pytest.mark.parametrize("state", ["suspect", "needs_reauth", "needs_scope", "disabled_at_host"])
async def test_a_sign_in_heals_a_broken_account(opted_in: World, state: str) -> None:
    account = await broken(opted_in, state)
    await sign_in(opted_in)
    healed = await read(opted_in, account)
    assert healed.state is AccountState.ACTIVE
    assert healed.link_id != account.link_id
    assert healed.token_version == account.token_version + 1


async def test_what_a_sign_in_brought_can_be_refreshed(opted_in: World) -> None:
    account = await broken(opted_in)
    await sign_in(opted_in)
    healed = await read(opted_in, account)
    fresh = await fresh_token(opted_in.services, account.id, rejected_version=healed.token_version)
    assert fresh.version == healed.token_version + 1


async def test_the_trail_says_that_it_was_a_sign_in(opted_in: World) -> None:
    account = await broken(opted_in)
    await sign_in(opted_in)
    trail = await rows(
        opted_in.services.database,
        "SELECT actor, code FROM audit_event WHERE action = 'account_relinked'",
    )
    assert trail == [{"actor": f"user:{account.user_id}", "code": "sign_in"}]


async def test_a_working_account_keeps_its_tokens(opted_in: World) -> None:
    user = await sign_in(opted_in)
    account = await opted_in.link("ada", "gitlab", user=user)
    await sign_in(opted_in)
    assert (await read(opted_in, account)).link_id == account.link_id


async def test_an_account_that_was_disconnected_stays_so(opted_in: World) -> None:
    account = await broken(opted_in)
    await unlink_account(opted_in.services, account.id, user_id=account.user_id, actor="test")
    await sign_in(opted_in)
    assert (await read(opted_in, account)).state is AccountState.UNLINKED


async def test_a_sign_in_that_brings_less_changes_nothing(opted_in: World) -> None:
    account = await broken(opted_in)
    await sign_in(opted_in, scopes=["openid", "profile"])
    assert await read(opted_in, account) == account


async def test_another_persons_sign_in_changes_nothing(opted_in: World) -> None:
    account = await broken(opted_in)
    await sign_in(opted_in, "grace")
    assert await read(opted_in, account) == account


async def test_without_the_operators_word_a_sign_in_changes_nothing(opted_in: World) -> None:
    account = await broken(opted_in)
    hosts = {
        name: replace(one, sign_in_heals=False) for name, one in opted_in.services.hosts.items()
    }
    await sign_in(replace(opted_in, services=replace(opted_in.services, hosts=hosts)))
    assert await read(opted_in, account) == account


async def test_a_host_that_does_not_say_who_it_is_keeps_nobody_from_signing_in(
    opted_in: World,
) -> None:
    account = await broken(opted_in)
    spoil(opted_in, "gitlab", "api", "html", match="/user")
    await sign_in(opted_in)
    assert await read(opted_in, account) == account


async def test_a_link_made_meanwhile_wins(opted_in: World) -> None:
    """The person links again in one tab while a sign-in of another comes back."""
    account = await broken(opted_in)
    user = User(account.user_id, "Ada")
    url = await start_link(
        opted_in.services, host_name="gitlab", user=user, browser=BROWSER, return_to="/"
    )
    location = await asyncio.to_thread(consent, url, person="ada")
    query = urlsplit(location).query
    await asyncio.gather(
        sign_in(opted_in),
        finish_link(opted_in.services, host_name="gitlab", query=query, user=user, browser=BROWSER),
    )
    assert (await read(opted_in, account)).state is AccountState.ACTIVE
    links = await column(
        opted_in.services.database,
        "SELECT code FROM audit_event WHERE action = 'account_relinked' ORDER BY id",
    )
    assert links[-1] is None


async def test_a_sign_in_heals_no_account_of_somebody_else_whom_the_person_linked(
    opted_in: World,
) -> None:
    """Ada linked Grace's account as her second one; her own sign-in says nothing about it."""
    ada = await sign_in(opted_in)
    second = await opted_in.link("grace", "gitlab", user=ada)
    await rows(opted_in.services.database, "UPDATE account SET state = 'needs_reauth'")
    before = await read(opted_in, second)
    await sign_in(opted_in)
    assert await read(opted_in, second) == before


async def test_a_sign_in_with_fewer_scopes_than_the_account_had_changes_nothing(
    opted_in: World,
) -> None:
    account = await broken(opted_in)
    await rows(
        opted_in.services.database, "UPDATE account SET scopes = array_append(scopes, 'api')"
    )
    before = await read(opted_in, account)
    assert before.scopes is not None
    assert "api" in before.scopes
    await sign_in(opted_in)
    assert await read(opted_in, account) == before


async def test_a_sealing_key_that_is_missing_keeps_nobody_from_signing_in(
    opted_in: World,
) -> None:
    """The old tokens can be opened by nobody, so they could not be revoked either."""
    account = await broken(opted_in)
    later = replace(opted_in.services, vault=Vault([b"n" * 32]))
    async with later.database.begin() as connection:
        await sealing_keys.admit(
            connection, later.vault.key_ids, primary=later.vault.primary_key_id
        )
    with capture_logs() as lines:
        user = await sign_in(replace(opted_in, services=later))
    assert user.id == account.user_id
    assert await read(opted_in, account) == account
    refused = [one["error_code"] for one in lines if one["event"] == "link_refused"]
    assert refused == ["sealing_key_wrong"]


async def test_a_link_made_right_before_the_tokens_of_a_sign_in_are_stored_wins(
    opted_in: World,
) -> None:
    account = await broken(opted_in)
    user = User(account.user_id, "Ada")
    pair, *_ = opted_in.host("gitlab").tokens.of("ada")
    granted = TokenGrant(
        pair.access,
        refresh_token=pair.refresh,
        scopes=account.scopes,
        expires_in=timedelta(hours=2),
    )

    async def link_again() -> None:
        await opted_in.link("ada", "gitlab", user=user)

    # First the broken accounts are read, then the link is saved.
    services = interrupted(opted_in.services, link_again, 2)
    await heal_by_sign_in(services, user, granted, asked_at=services.clock.now())

    relinked = "SELECT code FROM audit_event WHERE action = 'account_relinked'"
    assert await column(opted_in.services.database, relinked) == [None]
    assert (await read(opted_in, account)).token_version == account.token_version + 1
