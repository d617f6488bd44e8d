"""
What a person may do to a host from the panel: the table of its forms.

An action pulls a lever or makes an edit, first noting in damage.py how things were, and returns
the word of what it did. What a form names and is not there is a KeyError. Knows nothing of HTTP
or HTML.
"""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from permsync.simulator import edits, levers
from permsync.simulator.damage import Damage
from permsync.simulator.levers import Place
from permsync.simulator.repositories import AccountState, Visibility
from permsync.simulator.world import World

Form = Mapping[str, str]
Done = Literal[
    "expired",
    "revoked",
    "refuses",
    "refreshes",
    "away",
    "back",
    "taken",
    "given",
    "shown",
    "blocked",
    "unblocked",
    "life",
    "healed",
]

USUAL = "usual"
LIVES_SECONDS = (5, 15, 60)
_SWITCH = {"on": True, "off": False}
_STATES: dict[str, AccountState] = {"blocked": "blocked", "active": "active"}
VISIBILITIES: dict[str, Visibility] = {
    "public": "public",
    "internal": "internal",
    "private": "private",
}


def heal(world: World) -> None:
    """Mend every host: faults, blocked people, memberships, visibility and token life."""
    for host in world.hosts.values():
        _heal(Place(world, host), {})


def _expire(at: Place, _form: Form) -> Done:
    levers.expire_access_tokens(at)
    return "expired"


def _revoke(at: Place, form: Form) -> Done:
    levers.revoke_tokens(at, person=_person(at, form))
    return "revoked"


def _refuse(at: Place, form: Form) -> Done:
    on = _SWITCH[form["switch"]]
    levers.refuse_refreshes(at, on=on)
    return "refuses" if on else "refreshes"


def _break_down(at: Place, form: Form) -> Done:
    on = _SWITCH[form["switch"]]
    levers.outage(at, on=on)
    return "away" if on else "back"


def _take(at: Place, form: Form) -> Done:
    person, namespace = _person(at, form), form["namespace"]
    level = at.host.namespaces[namespace].members[person]
    edits.leave(at, person=person, namespace=namespace)
    at.host.damage.memberships.setdefault(namespace, {})[person] = level
    return "taken"


def _give(at: Place, form: Form) -> Done:
    person, namespace = _person(at, form), form["namespace"]
    level = at.host.damage.memberships[namespace].pop(person)
    edits.join(at, person=person, namespace=namespace, level=level)
    return "given"


def _show(at: Place, form: Form) -> Done:
    found = at.host.find_repository(form["repository"])
    if found is None:
        raise KeyError("repository")
    visibility, before = VISIBILITIES[form["visibility"]], at.host.damage.visibility
    before.setdefault(found.id, found.visibility)
    edits.set_visibility(at, repository=found.id, visibility=visibility)
    if before[found.id] == visibility:
        del before[found.id]
    return "shown"


def _block(at: Place, form: Form) -> Done:
    state = _STATES[form["state"]]
    levers.set_account_state(at, person=_person(at, form), state=state)
    return "unblocked" if state == "active" else "blocked"


def _change_life(at: Place, form: Form) -> Done:
    policy, damage = at.host.policy, at.host.damage
    if form["seconds"] == USUAL:
        _end_other_life(at)
        return "life"
    chosen = {str(seconds): seconds for seconds in LIVES_SECONDS}[form["seconds"]]
    if not damage.has_other_life:
        damage.has_other_life, damage.life_seconds = True, policy.access_ttl_seconds
    levers.set_lifetimes(at, access_seconds=chosen)
    return "life"


def _end_other_life(at: Place) -> None:
    damage = at.host.damage
    if damage.has_other_life:
        at.host.policy.access_ttl_seconds = damage.life_seconds
        damage.has_other_life, damage.life_seconds = False, None


def _heal(at: Place, _form: Form) -> Done:
    host, before = at.host, at.host.damage
    levers.clear_faults(at)
    for account in host.accounts.values():
        account.state = "active"
    for namespace, people in before.memberships.items():
        for person, level in people.items():
            edits.join(at, person=person, namespace=namespace, level=level)
    for number, visibility in before.visibility.items():
        if number in host.repositories:
            edits.set_visibility(at, repository=number, visibility=visibility)
    _end_other_life(at)
    host.damage = Damage()
    return "healed"


def _person(at: Place, form: Form) -> str:
    return at.host.accounts[form["person"]].person


class Action(NamedTuple):
    """What a form does, and the fields that it must have, no fewer and no more."""

    do: Callable[[Place, Form], Done]
    fields: frozenset[str]


ACTIONS: dict[str, Action] = {
    "expire": Action(_expire, frozenset()),
    "revoke": Action(_revoke, frozenset({"person"})),
    "refusal": Action(_refuse, frozenset({"switch"})),
    "outage": Action(_break_down, frozenset({"switch"})),
    "take": Action(_take, frozenset({"person", "namespace"})),
    "give": Action(_give, frozenset({"person", "namespace"})),
    "visibility": Action(_show, frozenset({"repository", "visibility"})),
    "block": Action(_block, frozenset({"person", "state"})),
    "life": Action(_change_life, frozenset({"seconds"})),
    "heal": Action(_heal, frozenset()),
}
