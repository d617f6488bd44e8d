"""
GET /v1/budgets: what each credential may still ask at its host, the scarcest first.

What is decided here: there is no second page, since nobody reads budgets that have enough.
This module must not know how a budget is learned.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from permsync.flows.authenticate_key import Scope
from permsync.flows.list_budgets import BudgetNow, list_budgets
from permsync.web.keys import KeyedRoute, needs
from permsync.web.openapi import NO_SUCH, PROBLEMS
from permsync.web.site import services_of
from permsync.web.wire import FIRST_PAGE, LARGEST_PAGE, HostName, Question

router = APIRouter(route_class=KeyedRoute)


class BudgetsQuestion(Question):
    """Of which host, and how many."""

    host: HostName | None = None
    limit: int = Field(default=FIRST_PAGE, ge=1, le=LARGEST_PAGE)


class BudgetFacts(BaseModel):
    """
    One credential at one host.

    ``remaining`` of ``limit`` requests are left until ``resets_at``, of which ``reserved`` are
    for people who wait; afterwards all of them. ``refused_until`` is set while the host
    refuses everything. ``seen_at`` is when this was learned.
    """

    host: str
    credential: str
    limit: int
    remaining: int
    reserved: int
    resets_at: datetime
    refused_until: datetime | None
    seen_at: datetime


class BudgetList(BaseModel):
    """Budgets, the scarcest first."""

    budgets: list[BudgetFacts]


@router.get(
    "/budgets",
    summary="What may still be asked at the hosts",
    openapi_extra=needs(Scope.ADMIN),
    responses={**PROBLEMS, **NO_SUCH},
)
async def list_scarcest(
    request: Request, question: Annotated[BudgetsQuestion, Query()]
) -> BudgetList:
    """List budgets; one whose window is over counts as whole."""
    found = await list_budgets(services_of(request), host=question.host, limit=question.limit)
    return BudgetList(budgets=[_facts(one) for one in found])


def _facts(one: BudgetNow) -> BudgetFacts:
    budget = one.budget
    return BudgetFacts(
        host=one.host,
        credential=one.credential,
        limit=budget.limit,
        remaining=budget.limit if one.is_over else budget.remaining,
        reserved=one.reserved,
        resets_at=budget.resets_at,
        refused_until=budget.limited_until if one.is_refused else None,
        seen_at=one.seen_at,
    )
