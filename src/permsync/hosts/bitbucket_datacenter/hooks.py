"""
Data Center's webhooks: what is signed how, and which event is which notice.

Source: "Event payload" of Atlassian's documentation. It has names only: nothing is sent of
rights, openness and deletion (HOSTS 5.6).
"""

from permsync.codehost.hooks import Hooks, Rule
from permsync.codehost.notices import OwnerChanged, PersonChanged, Ping, RepositoryChanged
from permsync.codehost.signatures import BodySignature

HOOKS = Hooks(
    scheme=BodySignature("x-hub-signature"),
    event_header="x-event-key",
    delivery_headers=("x-request-id",),
    rules=(
        Rule("diagnostics:ping", Ping),
        Rule("repo:modified", RepositoryChanged, {"repository": "new.id"}),
        Rule("repo:forked", PersonChanged, {"person": "actor.id"}),
        Rule("project:modified", OwnerChanged, {"owner": "new.id"}),
    ),
)
