"""What callers name is what the flows are asked about, in every documented form."""

import pytest
from pydantic import TypeAdapter, ValidationError

from permsync.flows.check import (
    AccountName,
    IdentityName,
    RepositoryName,
    RepositoryRef,
    Subject,
)
from permsync.web.api.subjects import AnyRepository, AnySubject, repository_of, subject_of

subjects: TypeAdapter[AnySubject] = TypeAdapter(AnySubject)
repositories: TypeAdapter[AnyRepository] = TypeAdapter(AnyRepository)


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ({"type": "user", "id": "17"}, 17),
        (
            {"type": "identity", "issuer": "https://sso", "subject": "ada"},
            IdentityName(issuer="https://sso", subject="ada"),
        ),
        (
            {"type": "account", "host": "github", "id": "583231"},
            AccountName(host="github", external_id="583231"),
        ),
    ],
)
def test_a_subject_is_a_user_an_identity_or_an_account(
    sent: dict[str, str], meant: Subject
) -> None:
    assert subject_of(subjects.validate_python(sent)) == meant


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ({"id": "42"}, 42),
        ({"host": "github", "external_id": "7"}, RepositoryName("github", external_id="7")),
        ({"host": "github", "full_name": "a/b"}, RepositoryName("github", full_name="a/b")),
    ],
)
def test_a_repository_is_named_by_our_id_by_the_hosts_id_or_by_name(
    sent: dict[str, str], meant: RepositoryRef
) -> None:
    assert repository_of(repositories.validate_python(sent)) == meant


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"host": "github"},
        {"external_id": "7"},
        {"id": "42", "host": "github"},
        {"host": "github", "external_id": "7", "full_name": "a/b"},
        [],
        "42",
        None,
    ],
)
def test_a_repository_named_in_two_ways_or_in_none_is_refused(sent: object) -> None:
    with pytest.raises(ValidationError):
        repositories.validate_python(sent)


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"id": "17"},
        {"type": "email", "id": "ada@example.com"},
        {"type": "user", "id": 17},
        {"type": "account", "id": "583231"},
        {"type": "identity", "issuer": "https://sso", "subject": "ada", "email": "a@b"},
        None,
    ],
)
def test_a_subject_in_another_form_is_refused(sent: object) -> None:
    with pytest.raises(ValidationError):
        subjects.validate_python(sent)
