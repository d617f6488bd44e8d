"""
Every error is a problem document with a stable code, a fitting status and no word of others.

What operators must know stands in the log; callers read sentences of ours.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from structlog.testing import capture_logs

from permsync import errors
from permsync.errors import LendingRefusal, LinkRefusal, PermsyncError
from permsync.telemetry import Event
from permsync.web import sentences
from permsync.web.problems import (
    ERRORS,
    MEDIA_TYPE,
    answer_error,
    answer_misfit,
    answer_refusal,
    problem_of,
)

CANARY = "a-text-nobody-should-see"
REQUEST = Request({"type": "http", "method": "GET", "path": "/", "headers": []})

# One of each leaf, with the canary wherever an error carries what is not for callers.
EXAMPLES: list[tuple[PermsyncError, int, str]] = [
    (
        errors.ConfigurationError(key=CANARY, place=CANARY, cure=CANARY),
        500,
        "configuration_invalid",
    ),
    (errors.SealingKeyError(place=CANARY, cure=CANARY), 500, "sealing_key_wrong"),
    (errors.SealingKeyInUseError(place=CANARY, cure=CANARY), 500, "sealing_key_in_use"),
    (errors.DatabaseUnavailableError(place=CANARY, cure=CANARY), 503, "database_unavailable"),
    (errors.SchemaNewerError(place=CANARY, cure=CANARY), 503, "schema_newer_than_program"),
    (errors.AddressInUseError(place=CANARY, cure=CANARY), 500, "address_in_use"),
    (errors.MalformedError(field="cursor", expected="No cursor."), 400, "request_malformed"),
    (errors.UnauthenticatedError(), 401, "unauthenticated"),
    (errors.ForbiddenError(needed="admin"), 403, "forbidden"),
    (errors.UnknownError(what="host", name=CANARY), 404, "unknown_host"),
    (errors.LinkRefusedError(LinkRefusal.DENIED_AT_HOST), 409, "link_refused"),
    (errors.LendingRefusedError(LendingRefusal.NEEDS_REAUTH), 409, "lending_refused"),
    (errors.SignInRefusedError("state_unknown"), 403, "sign_in_refused"),
    (errors.WebhookRefusedError("signature_wrong"), 401, "webhook_refused"),
    (errors.TokenUnavailableError(reason="revoked_or_expired"), 409, "token_unavailable"),
    (errors.HostUnavailableError(host=CANARY, reason=CANARY), 503, "host_unavailable"),
    (errors.SealedValueError(CANARY), 500, "sealed_value_damaged"),
]


def below(error: type[PermsyncError]) -> Iterator[type[PermsyncError]]:
    for child in error.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from below(child)


def test_every_leaf_of_the_error_tree_has_its_example_here() -> None:
    leaves = {error for error in below(PermsyncError) if not list(below(error))}
    assert leaves == {type(error) for error, _, _ in EXAMPLES}


def test_every_branch_of_the_error_tree_has_a_status_for_new_leaves() -> None:
    assert set(PermsyncError.__subclasses__()) <= set(ERRORS)


@pytest.mark.parametrize(("error", "status", "code"), EXAMPLES)
async def test_an_error_becomes_a_problem_document(
    error: PermsyncError, status: int, code: str
) -> None:
    with capture_logs():
        response = await answer_error(REQUEST, error)
    body = json.loads(bytes(response.body))

    assert response.status_code == body["status"] == status
    assert response.media_type == MEDIA_TYPE
    assert body["code"] == code
    assert body["type"] == f"urn:permsync:problem:{code}"
    assert body["title"]
    assert body["detail"].endswith(".")
    assert CANARY not in str(body)


def test_a_leaf_that_the_table_does_not_name_inherits() -> None:
    class NewlyThoughtOfError(errors.UnauthenticatedError):
        """A leaf of tomorrow."""

        code = "newly_thought_of"

    assert problem_of(NewlyThoughtOfError()).status == 401


def test_a_malformed_field_is_named() -> None:
    problem = problem_of(errors.MalformedError(field="repo.id", expected="This must be a string."))
    assert (problem.field, problem.detail) == ("repo.id", "This must be a string.")


def test_a_token_that_only_the_person_can_repair_says_how() -> None:
    problem = problem_of(errors.TokenUnavailableError(reason="revoked_or_expired"))
    assert problem.reason == "revoked_or_expired"
    assert problem.detail == "Token refresh failed, please reconnect."


async def test_a_token_that_comes_back_by_itself_says_when_to_ask_again() -> None:
    error = errors.TokenUnavailableError(
        reason="refresh_running", retry_in=timedelta(milliseconds=1_200)
    )
    response = await answer_error(REQUEST, error)
    assert (response.status_code, response.headers["retry-after"]) == (503, "2")


async def test_who_shows_no_key_is_told_which_kind_of_key() -> None:
    response = await answer_error(REQUEST, errors.UnauthenticatedError())
    assert response.headers["www-authenticate"] == 'Bearer realm="permsync"'


@pytest.mark.parametrize(("error", "status", "code"), EXAMPLES)
async def test_the_log_hears_of_what_we_or_the_operator_must_end(
    error: PermsyncError, status: int, code: str
) -> None:
    with capture_logs() as lines:
        await answer_error(REQUEST, error)
    ours = error.fault in {errors.Fault.US, errors.Fault.OPERATOR}
    assert [line["event"] for line in lines] == [Event.DEFECT] * ours, (status, code)


REFUSALS = [
    (404, "not_found", 404),
    (405, "method_not_allowed", 405),
    (413, "body_too_large", 413),
    (415, "media_type_unsupported", 415),
    (400, "request_malformed", 400),
    (418, "request_malformed", 400),
]


@pytest.mark.parametrize(("raised", "code", "status"), REFUSALS)
async def test_what_the_router_refuses_is_told_in_our_words(
    raised: int, code: str, status: int
) -> None:
    response = await answer_refusal(REQUEST, HTTPException(raised, detail=CANARY))
    body = json.loads(bytes(response.body))
    assert (response.status_code, body["code"]) == (status, code)
    assert CANARY not in str(body)


async def test_a_refused_method_keeps_the_header_that_names_the_allowed_ones() -> None:
    refusal = HTTPException(405, headers={"Allow": "POST"})
    response = await answer_refusal(REQUEST, refusal)
    assert response.headers["allow"] == "POST"


async def test_a_field_that_does_not_fit_is_a_malformed_request() -> None:
    found: list[dict[str, Any]] = [
        {"type": "missing", "loc": ("query", "issuer"), "msg": CANARY, "input": CANARY}
    ]
    response = await answer_misfit(REQUEST, RequestValidationError(found))
    body = json.loads(bytes(response.body))
    assert (response.status_code, body["code"], body["field"]) == (
        400,
        "request_malformed",
        "issuer",
    )
    assert CANARY not in str(body)


def test_a_refused_link_is_told_in_its_sentence() -> None:
    for reason in LinkRefusal:
        problem = problem_of(errors.LinkRefusedError(reason))
        assert (problem.reason, problem.detail) == (
            reason.value,
            sentences.LINK_REFUSALS[reason],
        )
