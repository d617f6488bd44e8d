"""
GitHub's webhooks: what is signed how, and which event is which notice.

Sources: "Validating webhook deliveries", "Webhook events and payloads" and the schemas of
@octokit/openapi-webhooks. Nothing is sent for an organisation's base permission, custom
roles, enterprise teams and single sign-on (HOSTS 2.6).
"""

from permsync.codehost.hooks import Hooks, Rule
from permsync.codehost.notices import (
    AuthorizationRevoked,
    CoverageGrew,
    CoverageShrank,
    HookGone,
    MemberAdded,
    MemberRemoved,
    OwnerChanged,
    OwnerMemberRemoved,
    PersonChanged,
    Ping,
    ReadersChanged,
    RepositoryChanged,
    RepositoryGone,
    RepositoryMadePrivate,
    RepositoryMadePublic,
    RepositoryTransferred,
)
from permsync.codehost.signatures import BodySignature

_REMOVED, _ADDED = {"action": "removed"}, {"action": "added"}
_PAIR = {"person": "member.id", "repository": "repository.id"}
_MEMBER = {"person": "membership.user.id"}
_ORGANIZATION = {"owner": "organization.id"}
_BLOCKED = {"person": "blocked_user.id"}
_REPOSITORY = {"repository": "repository.id"}
_INSTALLED = {"owner": "installation.account.id"}
_SENDER = {"person": "sender.id"}

HOOKS = Hooks(
    scheme=BodySignature("x-hub-signature-256"),
    event_header="x-github-event",
    delivery_headers=("x-github-delivery",),
    rules=(
        Rule("ping", Ping),
        Rule("meta", HookGone, when={"action": "deleted"}),
        Rule("member", MemberRemoved, _PAIR, _REMOVED),
        Rule("member", MemberAdded, _PAIR),
        # A team's repositories are not named, so only the person's own listing tells.
        Rule("membership", PersonChanged, {"person": "member.id"}),
        Rule("team", OwnerChanged, _ORGANIZATION, {"action": "deleted"}),
        Rule("team", ReadersChanged, _REPOSITORY),
        Rule("team", OwnerChanged, _ORGANIZATION, {"action": "edited"}),
        Rule("team_add", ReadersChanged, _REPOSITORY),
        Rule(
            "organization",
            OwnerMemberRemoved,
            {**_MEMBER, **_ORGANIZATION},
            {"action": "member_removed"},
        ),
        Rule("organization", PersonChanged, _MEMBER, {"action": "member_added"}),
        Rule("organization", OwnerChanged, _ORGANIZATION, {"action": "deleted"}),
        Rule("organization", OwnerChanged, _ORGANIZATION, {"action": "renamed"}),
        Rule("org_block", OwnerMemberRemoved, {**_BLOCKED, **_ORGANIZATION}, {"action": "blocked"}),
        Rule("org_block", PersonChanged, _BLOCKED),
        Rule("repository", RepositoryMadePrivate, _REPOSITORY, {"action": "privatized"}),
        Rule("repository", RepositoryMadePublic, _REPOSITORY, {"action": "publicized"}),
        Rule("repository", RepositoryGone, _REPOSITORY, {"action": "deleted"}),
        Rule("repository", RepositoryTransferred, _REPOSITORY, {"action": "transferred"}),
        # Nobody but its maker is sure to see a new one.
        Rule("repository", PersonChanged, _SENDER, {"action": "created"}),
        Rule("repository", RepositoryChanged, _REPOSITORY),
        Rule("public", RepositoryMadePublic, _REPOSITORY),
        Rule("installation", CoverageShrank, _INSTALLED, {"action": "deleted"}),
        Rule("installation", CoverageShrank, _INSTALLED, {"action": "suspend"}),
        Rule("installation", CoverageGrew, _INSTALLED),
        Rule("installation_repositories", CoverageShrank, _INSTALLED, _REMOVED),
        Rule("installation_repositories", CoverageGrew, _INSTALLED),
        Rule("installation_target", OwnerChanged, {"owner": "account.id"}),
        Rule("github_app_authorization", AuthorizationRevoked, _SENDER, {"action": "revoked"}),
    ),
)
