"""A field that does not fit is named by its path and a sentence of ours, never by its value."""

from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from permsync.web.api.check import CheckQuestion
from permsync.web.misfits import OTHERWISE, misfit_of

CANARY = "a-value-nobody-should-see"
SUBJECT = {"type": "user", "id": "17"}
REPO = {"id": "42"}

MISFITS: list[tuple[dict[str, Any], str, str]] = [
    ({}, "subject", "This field is needed."),
    ({"subject": SUBJECT}, "repo", "This field is needed."),
    ({"subject": CANARY, "repo": REPO}, "subject", "This must be an object."),
    ({"subject": {"type": "user"}, "repo": REPO}, "subject.id", "This field is needed."),
    ({"subject": {**SUBJECT, "id": 17}, "repo": REPO}, "subject.id", "This must be a string."),
    (
        {"subject": {**SUBJECT, "id": CANARY}, "repo": REPO},
        "subject.id",
        "This has not the form that is documented for it.",
    ),
    (
        {"subject": {"type": CANARY}, "repo": REPO},
        "subject",
        "This is of no kind that is allowed here.",
    ),
    (
        {"subject": SUBJECT, "repo": {}},
        "repo",
        "This names nothing: see the documented forms.",
    ),
    (
        {"subject": SUBJECT, "repo": {"full_name": "a/b"}},
        "repo.host",
        "This field is needed.",
    ),
    (
        {"subject": SUBJECT, "repo": {"host": "h" * 101, "full_name": "a/b"}},
        "repo.host",
        "This is longer than allowed.",
    ),
    (
        {"subject": SUBJECT, "repo": REPO, "action": CANARY},
        "action",
        "This is none of the words that are allowed here.",
    ),
    (
        {"subject": SUBJECT, "repo": REPO, "on_stale": CANARY},
        "on_stale",
        "There is no such field here.",
    ),
    (
        {"subject": SUBJECT, "repo": {**REPO, f"<{CANARY}>": 1}},
        "repo.?",
        "There is no such field here.",
    ),
    ({"subject": SUBJECT, "repo": REPO, "explain": CANARY}, "explain", OTHERWISE),
    (
        {"subject": SUBJECT, "repo": {"host": "a\x00", "full_name": "a/b"}},
        "repo.host",
        "This has not the form that is documented for it.",
    ),
]


@pytest.mark.parametrize(("sent", "field", "expected"), MISFITS)
def test_a_misfit_is_told_by_its_place_and_our_sentence(
    sent: dict[str, Any], field: str, expected: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        CheckQuestion.model_validate(sent)
    errors = [{**one, "loc": ("body", *one["loc"])} for one in caught.value.errors()]

    misfit = misfit_of(RequestValidationError(errors, body=sent))

    assert (misfit.field, misfit.expected) == (field, expected)
    assert CANARY not in str(misfit)


@pytest.mark.parametrize(
    ("place", "field"),
    [(("query", "limit"), "limit"), (("path", "user"), "user"), (("body",), "body")],
)
def test_a_misfit_outside_the_body_is_told_by_its_name(place: tuple[str, ...], field: str) -> None:
    error = {"type": "missing", "loc": place, "msg": CANARY, "input": CANARY}
    assert misfit_of(RequestValidationError([error])).field == field


def test_a_misfit_of_a_new_kind_is_told_in_no_words_of_the_library() -> None:
    error = {"type": "new_in_a_later_release", "loc": ("query", "limit"), "msg": CANARY}
    assert misfit_of(RequestValidationError([error])).expected == OTHERWISE
