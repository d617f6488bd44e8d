"""
Bitbucket Cloud's webhooks: what is signed how, and which event is which notice.

Source: "Event payloads" of Atlassian's documentation. Nothing is sent about permissions or
members; whether a change of privacy fires ``repo:updated`` is not documented, so the state
that it shows is taken (HOSTS 4.6).
"""

from permsync.codehost.hooks import Hooks, Rule
from permsync.codehost.notices import (
    OwnerChanged,
    PersonChanged,
    RepositoryChanged,
    RepositoryGone,
    RepositoryMadePrivate,
    RepositoryMadePublic,
    RepositoryTransferred,
)
from permsync.codehost.signatures import BodySignature
from permsync.hosts.bitbucket_cloud import rows

_REPOSITORY = {"repository": "repository.uuid"}
_ACTOR = {"person": "actor.uuid"}
_PRIVATE = "repository.is_private"

HOOKS = Hooks(
    scheme=BodySignature("x-hub-signature"),
    event_header="x-event-key",
    delivery_headers=("x-request-uuid",),
    id_of=rows.uuid_of,
    rules=(
        Rule("repo:updated", RepositoryMadePrivate, _REPOSITORY, {_PRIVATE: True}),
        Rule("repo:updated", RepositoryMadePublic, _REPOSITORY, {_PRIVATE: False}),
        Rule("repo:updated", RepositoryChanged, _REPOSITORY),
        Rule("repo:transfer", RepositoryTransferred, _REPOSITORY),
        Rule("repo:deleted", RepositoryGone, _REPOSITORY),
        # Nobody but its maker is sure to see a new one.
        Rule("repo:created", PersonChanged, _ACTOR),
        Rule("repo:imported", PersonChanged, _ACTOR),
        Rule("repo:fork", PersonChanged, _ACTOR),
        Rule("project:updated", OwnerChanged, {"owner": "project.workspace.uuid"}),
    ),
)
