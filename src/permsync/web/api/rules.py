"""
/v1/rules: what operators allow or deny a person about a repository, beside all listings.

What is decided here: PUT names the pair in its body, because a caller knows people and
repositories and no id of a rule; sent twice it is one rule. This module must not know what
a rule means.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from permsync.flows.authenticate_key import Scope
from permsync.flows.end_rule import end_rule
from permsync.flows.list_rules import list_rules
from permsync.flows.set_rule import RuleTerms, set_rule
from permsync.model import Verdict
from permsync.web.api.subjects import AnyRepository, AnySubject, repository_of, subject_of
from permsync.web.keys import KeyedRoute, actor_of, needs
from permsync.web.openapi import NO_SUCH, PROBLEMS
from permsync.web.rule_facts import RuleFacts, rule_facts
from permsync.web.site import services_of
from permsync.web.wire import (
    FIRST_PAGE,
    INSTANT,
    LARGEST_PAGE,
    Cursor,
    Id,
    Note,
    Question,
    cursor_of,
    parse_cursor,
)

router = APIRouter(route_class=KeyedRoute)
RESPONSES = {**PROBLEMS, **NO_SUCH}

EXAMPLES = {
    "a denial for a while": {
        "value": {
            "subject": {"type": "identity", "issuer": "https://sso.example.com", "subject": "ada"},
            "repo": {"host": "github", "external_id": "583231"},
            "effect": "deny",
            "expires_at": "2099-12-31T00:00:00Z",
            "note": "Until the audit is over.",
        }
    },
    "an allowance without end": {
        "value": {
            "subject": {"type": "user", "id": "17"},
            "repo": {"id": "42"},
            "effect": "allow",
        }
    },
}


class RuleQuestion(Question):
    """
    What is to hold for this subject and this repository.

    ``expires_at`` is the last instant at which it does; without it there is no end.
    """

    subject: AnySubject
    repo: AnyRepository
    effect: Verdict
    expires_at: Annotated[datetime, INSTANT] | None = None
    note: Note | None = None


class RulesQuestion(Question):
    """Which rules: of one user, about one repository, or all."""

    user: Id | None = None
    repository: Id | None = None
    cursor: Cursor | None = None
    limit: int = Field(default=FIRST_PAGE, ge=1, le=LARGEST_PAGE)


class RuleList(BaseModel):
    """Rules by ascending id; ``next_cursor`` is null on the last page."""

    rules: list[RuleFacts]
    next_cursor: str | None


@router.put(
    "/rules",
    summary="Allow or deny a person a repository",
    openapi_extra=needs(Scope.RULES_WRITE),
    responses=RESPONSES,
)
async def put_rule(
    request: Request, question: Annotated[RuleQuestion, Body(openapi_examples=EXAMPLES)]
) -> RuleFacts:
    """
    Let this rule stand, in the place of the one with the same effect for the same pair.

    A denial wins over everything; no sync ever touches a rule. Sent again it writes nothing.
    """
    terms = RuleTerms(question.effect, question.expires_at, question.note)
    written = await set_rule(
        services_of(request),
        subject_of(question.subject),
        repository_of(question.repo),
        terms,
        actor=actor_of(request),
    )
    return rule_facts(written)


@router.get(
    "/rules",
    summary="The rules that operators wrote",
    openapi_extra=needs(Scope.RULES),
    responses=PROBLEMS,
)
async def list_standing(request: Request, question: Annotated[RulesQuestion, Query()]) -> RuleList:
    """List rules; one that is over stands here until it is swept, and counts no more."""
    page = await list_rules(
        services_of(request),
        user_id=None if question.user is None else int(question.user),
        repository_id=None if question.repository is None else int(question.repository),
        after=parse_cursor(question.cursor),
        limit=question.limit,
    )
    return RuleList(
        rules=[rule_facts(one) for one in page.items], next_cursor=cursor_of(page.next_after)
    )


@router.delete(
    "/rules/{rule}",
    summary="End a rule",
    openapi_extra=needs(Scope.RULES_WRITE),
    responses=RESPONSES,
)
async def delete_rule(request: Request, rule: Annotated[Id, Path()]) -> RuleFacts:
    """End this rule at once and tell what it was; a second time it is unknown."""
    ended = await end_rule(services_of(request), int(rule), actor=actor_of(request))
    return rule_facts(ended)
