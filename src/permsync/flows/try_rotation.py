"""
Refreshes one linked account to see what that does to its refresh token.

It is a refresh like any other, with its claim and its commit: what comes back is stored before
it is looked at, and a token that was spent is never presented again to see what happens. This
module must not show a token, nor refresh where the rules would not.
"""

from permsync.errors import UnknownError
from permsync.flows.deps import ConfiguredHost, Services
from permsync.flows.plan_refresh import load_holding
from permsync.flows.refresh_account import refresh_account
from permsync.flows.seal_tokens import open_refresh
from permsync.rules.host_check import Finding
from permsync.rules.host_check.credentials import judge_rotation


async def try_rotation(services: Services, configured: ConfiguredHost, account_id: int) -> Finding:
    """What a refresh does here; raises ``UnknownError`` where the account is not this host's."""
    before = await load_holding(services, account_id)
    if before.account.host != configured.name:
        raise UnknownError(what="account", name=str(account_id))
    if before.refresh is None:
        return judge_rotation(configured.host.rotation, refreshed=False, renewed=False)
    presented = open_refresh(services.vault, before)
    await refresh_account(services, account_id, urgent=True)
    after = await load_holding(services, account_id)
    same_link = after.account.link_id == before.account.link_id
    moved = same_link and after.account.token_version > before.account.token_version
    renewed = moved and open_refresh(services.vault, after) != presented
    return judge_rotation(configured.host.rotation, refreshed=moved, renewed=renewed)
