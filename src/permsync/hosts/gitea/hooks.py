"""
Gitea's and Forgejo's webhooks: what is signed how, and which event is which notice.

Source: services/webhook and modules/structs/hook.go. A delivery also carries copies of
GitHub's and Gogs' headers, which are not looked at. Nothing is sent about collaborators,
teams, openness, renaming and transfer (HOSTS 6.5).
"""

from permsync.codehost.hooks import Hooks, Rule
from permsync.codehost.notices import PersonChanged, RepositoryGone
from permsync.codehost.signatures import BodySignature

_SENDER = {"person": "sender.id"}

HOOKS = Hooks(
    # Bare digits; without a secret the header is there and empty.
    scheme=BodySignature("x-gitea-signature", prefix=""),
    event_header="x-gitea-event",
    delivery_headers=("x-gitea-delivery",),
    strangers=(),
    rules=(
        Rule("repository", RepositoryGone, {"repository": "repository.id"}, {"action": "deleted"}),
        # Nobody but its maker is sure to see a new one.
        Rule("repository", PersonChanged, _SENDER, {"action": "created"}),
        Rule("fork", PersonChanged, _SENDER),
    ),
)
