"""
Errors as HTTP: one problem document (RFC 9457) for everything that is not an answer.

What is decided here: the status and the title of each error of the tree, and what of it a
caller may read. An error that is missing in the table inherits from its parent. Details
are sentences of ours: no input, no address of ours, no words of a host or a library.
This module must not know any route.
"""

from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from math import ceil
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from permsync import errors
from permsync.errors import Fault, LendingRefusal, PermsyncError
from permsync.telemetry import Event, logger
from permsync.web import sentences
from permsync.web.misfits import misfit_of

log = logger(__name__)

MEDIA_TYPE = "application/problem+json"

# Error -> status and title; a subclass that is not named has its parent's.
ERRORS: Mapping[type[PermsyncError], tuple[HTTPStatus, str]] = {
    errors.OperatorError: (HTTPStatus.INTERNAL_SERVER_ERROR, "The service is set up wrongly"),
    errors.DatabaseUnavailableError: (HTTPStatus.SERVICE_UNAVAILABLE, "The database is away"),
    errors.SchemaNewerError: (HTTPStatus.SERVICE_UNAVAILABLE, "The database is newer than this"),
    errors.CallerError: (HTTPStatus.BAD_REQUEST, "The request is wrong"),
    errors.UnauthenticatedError: (HTTPStatus.UNAUTHORIZED, "A key or a session is needed"),
    errors.ForbiddenError: (HTTPStatus.FORBIDDEN, "This is not allowed"),
    errors.UnknownError: (HTTPStatus.NOT_FOUND, "There is no such thing"),
    errors.LinkRefusedError: (HTTPStatus.CONFLICT, "The account was not linked"),
    errors.LendingRefusedError: (HTTPStatus.CONFLICT, "No token was lent"),
    errors.SignInRefusedError: (HTTPStatus.FORBIDDEN, "Sign-in was refused"),
    errors.WebhookRefusedError: (HTTPStatus.UNAUTHORIZED, "The webhook is not believed"),
    errors.HostError: (HTTPStatus.BAD_GATEWAY, "The code host did not do its part"),
    errors.HostUnavailableError: (HTTPStatus.SERVICE_UNAVAILABLE, "The code host is away"),
    errors.TokenUnavailableError: (HTTPStatus.CONFLICT, "The account has no usable token"),
    errors.DefectError: (HTTPStatus.INTERNAL_SERVER_ERROR, "The service made a mistake"),
}

# Where time helps, they say how long; then they are no fault of the question.
WAITED_FOR = (errors.TokenUnavailableError, errors.LendingRefusedError)
FORBIDDEN = frozenset({LendingRefusal.NOT_ALLOWED, LendingRefusal.LENDING_OFF})

# Errors whose reason alone says what a caller reads.
TEXTS: Mapping[type[PermsyncError], Callable[[str], str]] = {
    errors.SignInRefusedError: sentences.sign_in_text,
    errors.WebhookRefusedError: sentences.webhook_text,
}

# What the router and the limits refuse before any code of ours runs.
STATUSES: Mapping[int, tuple[str, str, str]] = {
    HTTPStatus.NOT_FOUND: ("not_found", "There is no such page", "Nothing answers at this path."),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        "method_not_allowed",
        "The method is wrong",
        "This path answers to the methods in the Allow header.",
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
        "body_too_large",
        "The body is too large",
        "The body is longer than this service reads.",
    ),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: (
        "media_type_unsupported",
        "The content type is wrong",
        "This path reads another content type.",
    ),
}


class Problem(BaseModel):
    """A problem document. ``code`` is stable; ``title`` and ``detail`` are for people."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    field: str | None = Field(default=None, description="The path of the field that is wrong.")
    reason: str | None = Field(default=None, description="A stable word that says more.")


def make_problem(
    status: int,
    *,
    code: str,
    title: str,
    detail: str,
    field: str | None = None,
    reason: str | None = None,
) -> Problem:
    """A problem whose type is a name made of its code."""
    return Problem(
        type=f"urn:permsync:problem:{code}",
        title=title,
        status=status,
        code=code,
        detail=detail,
        field=field,
        reason=reason,
    )


def problem_of(error: PermsyncError) -> Problem:
    """The problem that an error of the tree is to a caller."""
    status, title = _row_of(type(error))
    more = _more_of(error)
    if isinstance(error, WAITED_FOR) and error.retry_in is not None:
        status = HTTPStatus.SERVICE_UNAVAILABLE
    elif isinstance(error, errors.LendingRefusedError) and error.reason in FORBIDDEN:
        status = HTTPStatus.FORBIDDEN
    code = f"unknown_{error.what}" if isinstance(error, errors.UnknownError) else error.code
    return make_problem(status, code=code, title=title, **more)


def _row_of(kind: type[PermsyncError]) -> tuple[HTTPStatus, str]:
    return next(ERRORS[ancestor] for ancestor in kind.__mro__ if ancestor in ERRORS)


def _more_of(error: PermsyncError) -> dict[str, str]:
    match error:
        case errors.MalformedError():
            return {"detail": error.expected, "field": error.field}
        case errors.UnknownError():
            return {"detail": f"No {error.what} has this name."}
        case errors.ForbiddenError():
            return {"detail": f"This needs: {error.needed}."}
        case errors.LinkRefusedError():
            return {"detail": sentences.LINK_REFUSALS[error.reason], "reason": error.reason.value}
        case errors.LendingRefusedError():
            text = sentences.LENDING_REFUSALS[error.reason]
            return {"detail": text, "reason": error.reason.value}
        case errors.SignInRefusedError() | errors.WebhookRefusedError():
            return {"detail": TEXTS[type(error)](error.reason), "reason": error.reason}
        case errors.TokenUnavailableError():
            return {"detail": sentences.failure_text(error.reason), "reason": error.reason}
        case errors.HostUnavailableError():
            return {"detail": "It did not answer as it should; try again later."}
        case errors.UnauthenticatedError():
            return {"detail": "Send a living service key, or sign in."}
        case _:
            return {"detail": sentences.UNEXPLAINED}


def _headers_of(error: PermsyncError) -> dict[str, str]:
    match error:
        case errors.UnauthenticatedError():
            return {"WWW-Authenticate": 'Bearer realm="permsync"'}
        case (
            errors.TokenUnavailableError(retry_in=wait) | errors.LendingRefusedError(retry_in=wait)
        ) if wait is not None:
            return {"Retry-After": str(max(1, ceil(wait.total_seconds())))}
        case _:
            return {}


def respond(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The problem as a response."""
    return Response(
        problem.model_dump_json(exclude_none=True),
        status_code=problem.status,
        headers=dict(headers or {}),
        media_type=MEDIA_TYPE,
    )


DEFECT = make_problem(
    ERRORS[errors.DefectError][0],
    code=errors.DefectError.code,
    title=ERRORS[errors.DefectError][1],
    detail=sentences.UNEXPLAINED,
)


def answer_defect(_request: Request) -> Response:
    """The response where an exception of no known kind left none."""
    return respond(DEFECT)


async def answer_error(_request: Request, error: PermsyncError) -> Response:
    """The response to an error of the tree; what we or the operator must end is logged."""
    if error.fault in {Fault.US, Fault.OPERATOR}:
        log.error(Event.DEFECT, error_code=error.code, exc_info=error)
    return respond(problem_of(error), _headers_of(error))


async def answer_misfit(_request: Request, error: RequestValidationError) -> Response:
    """The response to a body, a path or a query that does not fit its model."""
    return respond(problem_of(misfit_of(error)))


async def answer_refusal(_request: Request, error: HTTPException) -> Response:
    """The response to what the router or a limit refused; the library's text stays here."""
    if error.status_code not in STATUSES:
        malformed = errors.MalformedError(field="body", expected="The request cannot be read.")
        return respond(problem_of(malformed))
    code, title, detail = STATUSES[error.status_code]
    problem = make_problem(error.status_code, code=code, title=title, detail=detail)
    return respond(problem, error.headers)


HANDLERS: dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]] = {
    PermsyncError: answer_error,
    RequestValidationError: answer_misfit,
    HTTPException: answer_refusal,
}
