"""
Who and what a question is about, as callers name them.

What is decided here: the forms of a subject and of a repository on the wire, and what each
means to the flows. This module must not know any question.
"""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from permsync.flows.check import AccountName, IdentityName, RepositoryName, RepositoryRef
from permsync.flows.check import Subject as Named
from permsync.web.wire import ExternalId, FullName, HostName, Id, Issuer, Question, Subject


class UserSubject(Question):
    """A person by our id."""

    type: Literal["user"]
    id: Id


class IdentitySubject(Question):
    """A person by the identity of their sign-in, as the caller's own sign-in knows it."""

    type: Literal["identity"]
    issuer: Issuer
    subject: Subject


class AccountSubject(Question):
    """A person by an account of theirs: a configured host and its immutable user id."""

    type: Literal["account"]
    host: HostName
    id: ExternalId


AnySubject = Annotated[UserSubject | IdentitySubject | AccountSubject, Field(discriminator="type")]


def subject_of(subject: UserSubject | IdentitySubject | AccountSubject) -> Named:
    """The subject as the flows name it."""
    match subject:
        case UserSubject():
            return int(subject.id)
        case IdentitySubject():
            return IdentityName(issuer=subject.issuer, subject=subject.subject)
        case AccountSubject():
            return AccountName(host=subject.host, external_id=subject.id)


class RepositoryById(Question):
    """A repository by our id."""

    id: Id


class RepositoryByExternalId(Question):
    """A repository by its host and immutable id there."""

    host: HostName
    external_id: ExternalId


class RepositoryByName(Question):
    """A repository by its host and the full name it has now."""

    host: HostName
    full_name: FullName


# Field that only one form has -> that form.
_FORMS = {"id": "by id", "external_id": "by external id", "full_name": "by name"}


def _form_of(sent: Any) -> str | None:
    names = sent if isinstance(sent, dict) else ()
    return next((form for name, form in _FORMS.items() if name in names), None)


AnyRepository = Annotated[
    Annotated[RepositoryById, Tag("by id")]
    | Annotated[RepositoryByExternalId, Tag("by external id")]
    | Annotated[RepositoryByName, Tag("by name")],
    Discriminator(_form_of),
]


def repository_of(
    repository: RepositoryById | RepositoryByExternalId | RepositoryByName,
) -> RepositoryRef:
    """The repository as the flows name it."""
    match repository:
        case RepositoryById():
            return int(repository.id)
        case RepositoryByExternalId():
            return RepositoryName(repository.host, external_id=repository.external_id)
        case RepositoryByName():
            return RepositoryName(repository.host, full_name=repository.full_name)
