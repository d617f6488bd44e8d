"""
Refreshes one account now if the rules let it: the half of a refresh that nobody waits for.

The sweep, the drain of what is due and the nudged jobs come through here; it is the same
claim, the same commit and the same bounds as when a caller waits (``flows.fresh_token``).
"""

from permsync.flows.deps import Services
from permsync.flows.judge_answer import judge_answer
from permsync.flows.plan_refresh import load_holding, plan_of
from permsync.flows.present_token import present_token
from permsync.rules.refresh.claim import Claim, Judge, Plan
from permsync.store.refreshes import Holding


async def refresh_account(services: Services, account_id: int, *, urgent: bool = False) -> Plan:
    """Carry out what the rules plan for the account as it is now; returns that plan."""
    holding = await load_holding(services, account_id)
    plan = plan_of(services, holding)
    await carry_out(services, holding, plan, urgent=urgent)
    return plan


async def carry_out(services: Services, holding: Holding, plan: Plan, *, urgent: bool) -> None:
    """
    Present a token, or judge an answer, as planned; other plans need no work.

    It goes on where the caller is cancelled, and does nothing where the account moved.
    """
    account = holding.account
    match plan:
        case Claim():
            await services.in_flight.run(
                account.id,
                lambda: present_token(services, holding, plan),
                host=account.host,
                urgent=urgent,
            )
        case Judge(attempt=attempt_id):
            await services.in_flight.run(
                account.id,
                lambda: judge_answer(services, holding, attempt_id),
                host=account.host,
                urgent=urgent,
            )
        case _:
            return
