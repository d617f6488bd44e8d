"""
GitLab's webhooks: what proves them, and which event is which notice.

System hooks of an instance and the hooks of a group speak alike. Sources: "System hooks",
"Webhook events" and, for the signature, Standard Webhooks. Nothing is sent when a group is
invited somewhere, a user is blocked or a custom role is edited (HOSTS 3.6).
"""

from permsync.codehost.hooks import Hooks, Rule
from permsync.codehost.notices import (
    MemberAdded,
    MemberRemoved,
    OwnerChanged,
    OwnerMemberRemoved,
    PersonChanged,
    RepositoryChanged,
    RepositoryGone,
    RepositoryMadePrivate,
    RepositoryMadePublic,
    RepositoryTransferred,
)
from permsync.codehost.signatures import TokenOrSigned

_PERSON = {"person": "user_id"}
_PROJECT = {"repository": "project_id"}
_GROUP = {"owner": "group_id"}
_VISIBILITY = "project_visibility"

HOOKS = Hooks(
    scheme=TokenOrSigned("x-gitlab-token"),
    event_field="event_name",
    # The last one is new at each try of old versions; then the body tells two tries apart.
    delivery_headers=("webhook-id", "idempotency-key", "x-gitlab-event-uuid"),
    rules=(
        Rule("user_remove_from_team", MemberRemoved, {**_PERSON, **_PROJECT}),
        Rule("user_add_to_team", MemberAdded, {**_PERSON, **_PROJECT}),
        Rule("user_update_for_team", MemberAdded, {**_PERSON, **_PROJECT}),
        # Groups below are not named: the person's listing finds what was lost there.
        Rule("user_remove_from_group", OwnerMemberRemoved, {**_PERSON, **_GROUP}),
        Rule("user_add_to_group", PersonChanged, _PERSON),
        Rule("user_update_for_group", PersonChanged, _PERSON),
        Rule("user_rename", PersonChanged, _PERSON),
        Rule("user_destroy", PersonChanged, _PERSON),
        # A blocked person tried to sign in; of the blocking itself nothing is sent.
        Rule("user_failed_login", PersonChanged, _PERSON),
        Rule("project_destroy", RepositoryGone, _PROJECT),
        Rule("project_transfer", RepositoryTransferred, _PROJECT),
        # What it is now, whether that changed or something else.
        Rule("project_update", RepositoryMadePrivate, _PROJECT, {_VISIBILITY: "private"}),
        Rule("project_update", RepositoryMadePublic, _PROJECT, {_VISIBILITY: "public"}),
        Rule("project_update", RepositoryChanged, _PROJECT),
        Rule("project_rename", RepositoryChanged, _PROJECT),
        Rule("group_destroy", OwnerChanged, _GROUP),
        Rule("group_rename", OwnerChanged, _GROUP),
        Rule("subgroup_destroy", OwnerChanged, _GROUP),
    ),
)
