"""
POST /v1/accounts/{account}/token: a fresh access token on loan, for other programs.

What is decided here: the words of the answer, and that nothing may keep it. This module
must not decide who may borrow.
"""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Path, Response
from pydantic import BaseModel, Field
from starlette.requests import Request

from permsync.flows.authenticate_key import Scope
from permsync.flows.lend_token import Borrower, lend_token
from permsync.web.keys import KeyedRoute, actor_of, key_of, needs
from permsync.web.openapi import NO_SUCH, ONLY_THE_PERSON, PROBLEMS
from permsync.web.site import services_of
from permsync.web.wire import Id, Question

router = APIRouter(route_class=KeyedRoute)

LONGEST_WISH_SECONDS = 86_400
EXAMPLES = {
    "a fresh token": {"value": {}},
    "one that lives on for a while": {"value": {"min_remaining": 600}},
}


class LoanQuestion(Question):
    """How many seconds the token should live on: a wish, which the service caps."""

    min_remaining: int = Field(default=0, ge=0, le=LONGEST_WISH_SECONDS, strict=True)


class Loan(BaseModel):
    """
    An access token on loan.

    ``expires_at`` is null where it does not expire, ``scopes`` where the host does not say.
    ``ends_with_refresh`` is true where the next refresh, whoever needs it, ends this token:
    then ask again rather than keep it.
    """

    account: str
    user: str
    host: str
    token: str
    token_version: int
    expires_at: datetime | None
    scopes: list[str] | None
    ends_with_refresh: bool


@router.post(
    "/accounts/{account}/token",
    summary="Borrow a fresh access token",
    openapi_extra=needs(Scope.TOKENS_LEND),
    responses={**PROBLEMS, **NO_SUCH, **ONLY_THE_PERSON},
)
async def lend(
    request: Request,
    response: Response,
    account: Annotated[Id, Path()],
    question: Annotated[LoanQuestion, Body(openapi_examples=EXAMPLES)],
) -> Loan:
    """Lend a token of one account to a key that is bound to its host and its person."""
    lent = await lend_token(
        services_of(request),
        int(account),
        borrower=Borrower(actor_of(request), key_of(request).lends),
        min_remaining=timedelta(seconds=question.min_remaining),
    )
    response.headers["cache-control"] = "no-store"
    return Loan(
        account=str(lent.account.id),
        user=str(lent.account.user_id),
        host=lent.account.host,
        token=lent.access_token,
        token_version=lent.version,
        expires_at=lent.expires_at,
        scopes=None if lent.scopes is None else sorted(lent.scopes),
        ends_with_refresh=lent.ends_with_refresh,
    )
