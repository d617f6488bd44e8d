"""
POST /v1/refresh: have accounts synced soon; POST /v1/refresh/cancel: take that back.

What is decided here: which accounts a question means. One account that only its person can
repair is a problem; among several of a person it is an entry of the answer, unless it is
the fate of all. This module must not run a sync.
"""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, Discriminator, RootModel, Tag
from starlette.requests import Request

from permsync.errors import TokenUnavailableError, UnknownError
from permsync.flows.authenticate_key import Scope
from permsync.flows.cancel_sync import cancel_sync
from permsync.flows.check import AccountName
from permsync.flows.deps import Services
from permsync.flows.find_user import find_user
from permsync.flows.list_accounts import list_accounts
from permsync.flows.request_sync import request_sync
from permsync.model import Account, AccountState, Trigger
from permsync.web.account_facts import RunFacts, run_facts
from permsync.web.keys import KeyedRoute, actor_of, needs
from permsync.web.openapi import NO_SUCH, ONLY_THE_PERSON, PROBLEMS
from permsync.web.sentences import failure_text
from permsync.web.site import services_of
from permsync.web.wire import LARGEST_PAGE, ExternalId, HostName, Id, Question

router = APIRouter(route_class=KeyedRoute)

EXAMPLES = {
    "one account": {"value": {"account": "12"}},
    "all accounts of a person": {"value": {"user": "17"}},
    "an account by its id at the host": {"value": {"host": "github", "external_id": "583231"}},
}


class OneAccount(Question):
    """An account by our id."""

    account: Id


class AccountsOfUser(Question):
    """All linked accounts of a person."""

    user: Id


class AccountAtHost(Question):
    """An account by its host and immutable user id there."""

    host: HostName
    external_id: ExternalId


# Field -> the form that has it, the first one first.
_FORMS = {"account": "by id", "user": "by user", "external_id": "at host", "host": "at host"}


def _form_of(sent: Any) -> str | None:
    names = sent if isinstance(sent, dict) else ()
    return next((form for name, form in _FORMS.items() if name in names), None)


RefreshForm = (
    Annotated[OneAccount, Tag("by id")]
    | Annotated[AccountsOfUser, Tag("by user")]
    | Annotated[AccountAtHost, Tag("at host")]
)


class RefreshQuestion(RootModel[Annotated[RefreshForm, Discriminator(_form_of)]]):
    """Which accounts to sync."""


class Placement(BaseModel):
    """
    What became of the wish for one account.

    ``sync`` is ``queued``, ``again`` (one runs; another follows) or ``refused`` with its
    reason.
    """

    account: str
    sync: str
    reason: str | None = None
    reason_text: str | None = None


class RefreshAnswer(BaseModel):
    """What became of the wish, by account."""

    accounts: list[Placement]


@router.post(
    "/refresh",
    summary="Sync accounts soon",
    status_code=HTTPStatus.ACCEPTED,
    openapi_extra=needs(Scope.REFRESH),
    responses={**PROBLEMS, **NO_SUCH, **ONLY_THE_PERSON},
)
async def refresh(
    request: Request, question: Annotated[RefreshQuestion, Body(openapi_examples=EXAMPLES)]
) -> RefreshAnswer:
    """Queue a sync of each account that is meant, at most one each."""
    services, actor = services_of(request), actor_of(request)
    match question.root:
        case OneAccount(account=account):
            placements = [await _place(services, int(account), actor=actor)]
        case AccountAtHost(host=host, external_id=external_id):
            account_id = await _find(services, host=host, external_id=external_id)
            placements = [await _place(services, account_id, actor=actor)]
        case AccountsOfUser(user=user):
            placements = await _place_all(services, int(user), actor=actor)
    return RefreshAnswer(accounts=placements)


async def _place(services: Services, account_id: int, *, actor: str) -> Placement:
    placed = await request_sync(services, account_id, Trigger.PERSON, actor=actor)
    return Placement(account=str(account_id), sync=placed.value)


async def _find(services: Services, *, host: str, external_id: str) -> int:
    wanted = (host, external_id)
    try:
        user = await find_user(services, AccountName(host=host, external_id=external_id))
        held = await _linked(services, user.id)
        return next(one.id for one in held if (one.host, one.external_id) == wanted)
    except (UnknownError, StopIteration):
        # Nobody holds it, or nobody does any more.
        raise UnknownError(what="account", name=external_id) from None


async def _linked(services: Services, user_id: int) -> list[Account]:
    page = await list_accounts(services, user_id=user_id, limit=LARGEST_PAGE)
    held = [standing.account for standing in page.items]
    return [account for account in held if account.state is not AccountState.UNLINKED]


async def _place_all(services: Services, user_id: int, *, actor: str) -> list[Placement]:
    """The wishes for all accounts of a person; raises where there is none to be granted."""
    await find_user(services, user_id)
    placements, refusal = [], None
    for account in await _linked(services, user_id):
        try:
            placements.append(await _place(services, account.id, actor=actor))
        except TokenUnavailableError as error:
            refusal = error
            placements.append(_refused(account.id, error.reason))
    if not placements:
        raise UnknownError(what="account", name=f"user {user_id}")
    if refusal is not None and all(placement.sync == "refused" for placement in placements):
        raise refusal
    return placements


def _refused(account_id: int, reason: str) -> Placement:
    return Placement(
        account=str(account_id), sync="refused", reason=reason, reason_text=failure_text(reason)
    )


class Cancellation(BaseModel):
    """
    What was taken back for one account.

    ``waited`` is true where a sync waited for its turn; ``run`` is the one that ran.
    """

    account: str
    waited: bool
    run: RunFacts | None


class CancelAnswer(BaseModel):
    """What was taken back, by account."""

    accounts: list[Cancellation]


@router.post(
    "/refresh/cancel",
    summary="Cancel syncs that wait or run",
    openapi_extra=needs(Scope.REFRESH),
    responses={**PROBLEMS, **NO_SUCH},
)
async def cancel(
    request: Request, question: Annotated[RefreshQuestion, Body(openapi_examples=EXAMPLES)]
) -> CancelAnswer:
    """Cancel what waits and what runs; what is known stays, and the next sync is planned."""
    services, actor = services_of(request), actor_of(request)
    match question.root:
        case OneAccount(account=account):
            accounts = [int(account)]
        case AccountAtHost(host=host, external_id=external_id):
            accounts = [await _find(services, host=host, external_id=external_id)]
        case AccountsOfUser(user=user):
            await find_user(services, int(user))
            accounts = [one.id for one in await _linked(services, int(user))]
    cancelled = {one: await cancel_sync(services, one, actor=actor) for one in accounts}
    return CancelAnswer(
        accounts=[
            Cancellation(
                account=str(account_id),
                waited=one.waited,
                run=None if one.run is None else run_facts(one.run),
            )
            for account_id, one in cancelled.items()
        ]
    )
