"""
Answers POST /v1/check: may this person see this repository.

What is decided here: how an answer looks. Whoever or whatever is unknown is denied with a
reason and status 200, so that no caller can read an error as a yes. This module must not
decide access.
"""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, BackgroundTasks, Body
from pydantic import BaseModel
from starlette.requests import Request

from permsync.errors import PermsyncError
from permsync.flows.authenticate_key import Scope
from permsync.flows.check import Answer, RepositoryName, RepositoryRef, check, note_asked
from permsync.flows.deps import Services
from permsync.flows.list_accounts import list_accounts
from permsync.model import Decision, Reason, Source, Verdict
from permsync.telemetry import Event, logger
from permsync.web.account_facts import AccountFacts, account_facts
from permsync.web.api.subjects import AnyRepository, AnySubject, repository_of, subject_of
from permsync.web.keys import KeyedRoute, needs
from permsync.web.openapi import PROBLEMS
from permsync.web.sentences import REASONS
from permsync.web.site import services_of, site_of
from permsync.web.wire import Question

log = logger(__name__)
router = APIRouter(route_class=KeyedRoute)

EXAMPLES = {
    "identity and id at the host": {
        "value": {
            "subject": {"type": "identity", "issuer": "https://sso.example.com", "subject": "ada"},
            "repo": {"host": "github", "external_id": "583231"},
        }
    },
    "our own ids": {
        "value": {"subject": {"type": "user", "id": "17"}, "repo": {"id": "42"}, "explain": True}
    },
    "account and full name": {
        "value": {
            "subject": {"type": "account", "host": "gitlab-corp", "id": "981"},
            "repo": {"host": "gitlab-corp", "full_name": "platform/api"},
        }
    },
}


class CheckQuestion(Question):
    """The question: may this subject read this repository."""

    subject: AnySubject
    repo: AnyRepository
    action: Literal["read"] = "read"
    explain: bool = False


class KnownUser(BaseModel):
    """The user that the subject is."""

    id: str


class KnownRepository(BaseModel):
    """The repository that was meant; its name is told only to those who may see it."""

    id: str
    host: str
    external_id: str
    full_name: str | None


class CheckAnswer(BaseModel):
    """
    A decision and what it stands on.

    ``valid_until`` is the last instant at which it holds without any news, null where it has
    no end; ``accounts`` is there where the question said ``explain``: the person's accounts
    at the repository's host.
    """

    allowed: bool
    decision: Verdict
    reason: Reason
    reason_text: str
    basis: list[Source]
    synced_at: datetime | None
    age_seconds: int | None
    stale: bool
    valid_until: datetime | None
    revision: int
    user: KnownUser | None
    repository: KnownRepository | None
    accounts: list[AccountFacts] | None


@router.post(
    "/check",
    summary="May this person see this repository?",
    openapi_extra=needs(Scope.CHECK),
    responses=PROBLEMS,
)
async def check_pair(
    request: Request,
    question: Annotated[CheckQuestion, Body(openapi_examples=EXAMPLES)],
    afterwards: BackgroundTasks,
) -> CheckAnswer:
    """
    Decide for one person and one repository.

    Unknown people, repositories and hosts are denied with a reason, never an error.
    """
    services = services_of(request)
    repo = repository_of(question.repo)
    answer = await check(services, subject_of(question.subject), repo)
    if answer.user is not None and _is_news(request, answer.user.id):
        afterwards.add_task(note, services, answer.user.id)
    accounts = await _explain(services, answer, repo) if question.explain else None
    return _answer(answer, accounts)


def _is_news(request: Request, user_id: int) -> bool:
    site = site_of(request)
    return site.asked.add(user_id, boottime_seconds=site.services.clock.boottime())


async def note(services: Services, user_id: int) -> None:
    """Note after the answer that somebody asked; nobody waits for it or hears of its failure."""
    try:
        await note_asked(services, user_id)
    except PermsyncError as error:
        log.warning(Event.DEFECT, error_code=error.code, user=user_id)


async def _explain(services: Services, answer: Answer, repo: RepositoryRef) -> list[AccountFacts]:
    host = answer.repository.host if answer.repository is not None else None
    if host is None and isinstance(repo, RepositoryName):
        host = repo.host
    if answer.user is None or host is None:
        return []
    page = await list_accounts(services, user_id=answer.user.id, host=host)
    return [account_facts(standing) for standing in page.items]


def _answer(answer: Answer, accounts: list[AccountFacts] | None) -> CheckAnswer:
    decision = answer.decision
    allowed = decision.verdict is Verdict.ALLOW
    repository = answer.repository
    return CheckAnswer(
        allowed=allowed,
        decision=decision.verdict,
        reason=decision.reason,
        reason_text=REASONS[decision.reason],
        basis=list(decision.basis),
        synced_at=decision.synced_at,
        age_seconds=age_seconds(decision, now=answer.at),
        stale=decision.stale,
        valid_until=decision.valid_until,
        revision=answer.revision,
        user=None if answer.user is None else KnownUser(id=str(answer.user.id)),
        repository=None
        if repository is None
        else KnownRepository(
            id=str(repository.id),
            host=repository.host,
            external_id=repository.external_id,
            full_name=repository.full_name if allowed else None,
        ),
        accounts=accounts,
    )


def age_seconds(decision: Decision, *, now: datetime) -> int | None:
    """How old the evidence of a decision is, in whole seconds."""
    if decision.synced_at is None:
        return None
    return max(0, int((now - decision.synced_at).total_seconds()))
