"""
Heals a person's broken account with the tokens of their sign-in, where a host was opened to it.

Only where the sign-in provider is that very host and the OAuth client the same, which the
settings guarantee. It is a new link like any other, with all that fences and revokes. What
goes wrong here is logged and never keeps anybody from signing in. This module must not
decide when a sign-in heals; ``rules.linking`` does.
"""

from datetime import datetime

from permsync.codehost import Failure, TokenGrant
from permsync.errors import PermsyncError
from permsync.flows.confirm_identity import Confirmed, confirm_identity
from permsync.flows.deps import ConfiguredHost, Services
from permsync.flows.introduce import Introduction
from permsync.flows.save_link import NewLink, save_link
from permsync.model import Account, User
from permsync.rules.linking import (
    Brought,
    Held,
    unfitness_of_account,
    unfitness_of_sign_in,
)
from permsync.store import accounts
from permsync.telemetry import Event, logger

log = logger(__name__)


def healing_host(services: Services) -> ConfiguredHost | None:
    """The host whose accounts a sign-in may heal, if there is one."""
    return next((one for one in services.hosts.values() if one.sign_in_heals), None)


async def heal_by_sign_in(
    services: Services, user: User, granted: TokenGrant, *, asked_at: datetime
) -> None:
    """Heal what this sign-in can heal; ``asked_at`` is when its code was exchanged."""
    configured = healing_host(services)
    if configured is None:
        return
    try:
        broken = await _load_broken(services, configured, user)
        if broken:
            await _heal(services, configured, broken, granted, asked_at=asked_at)
    except PermsyncError as error:
        log.exception(Event.LINK_REFUSED, host=configured.name, error_code=error.code)


async def _load_broken(
    services: Services, configured: ConfiguredHost, user: User
) -> dict[str, Account]:
    """The person's accounts at the host that may need healing, by their id there."""
    async with services.database.begin() as connection:
        held = await accounts.load_of_user(connection, user.id)
    return {
        one.external_id: one
        for one in held
        if one.host == configured.name and unfitness_of_account(one.state) is None
    }


async def _heal(
    services: Services,
    configured: ConfiguredHost,
    broken: dict[str, Account],
    granted: TokenGrant,
    *,
    asked_at: datetime,
) -> None:
    introduction = Introduction(services, configured, access_token=granted.access_token)
    confirmed = await confirm_identity(introduction)
    if isinstance(confirmed, Failure):
        log.warning(Event.LINK_REFUSED, host=configured.name, reason=confirmed.kind.value)
        return
    account = broken.get(confirmed.identity.external_id)
    if account is None:
        return
    scopes = granted.scopes if granted.scopes is not None else confirmed.scopes
    host = configured.host
    unfit = unfitness_of_sign_in(
        Brought(scopes, host.missing_scopes(scopes), lasts=_lasts(granted)),
        Held(account.state, account.scopes, host.missing_scopes(account.scopes)),
    )
    if unfit is not None:
        log.warning(
            Event.LINK_REFUSED, host=configured.name, account=account.id, reason=unfit.value
        )
        return
    await _save(services, account, granted, Confirmed(confirmed.identity, scopes), asked_at)


def _lasts(granted: TokenGrant) -> bool:
    return granted.refresh_token is not None or granted.expires_in is None


async def _save(
    services: Services,
    account: Account,
    granted: TokenGrant,
    confirmed: Confirmed,
    asked_at: datetime,
) -> None:
    assert services.sign_in is not None  # noqa: S101 - somebody has just signed in
    link = NewLink(
        host=account.host,
        user_id=account.user_id,
        identity=confirmed.identity,
        granted=granted,
        scopes=confirmed.scopes,
        redirect_uri=services.sign_in.redirect_uri,
        asked_at=asked_at,
        replaces=account.link_id,
    )
    saved = await save_link(services, link)
    if isinstance(saved, Account):
        log.info(Event.ACCOUNT_HEALED, account=saved.id, host=saved.host, user=saved.user_id)
