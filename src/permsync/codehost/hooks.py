"""
How one kind of host tells of changes: its proof, its headers, and a table of its events.

A host file brings a :class:`Hooks` value; reading a delivery is the same for all. The first
rule of the table that fits decides. A rule whose ids are not there, a body that is no JSON and
an event that nobody wrote down are all the same: unknown, and kept quietly. The event's name
may stand in a header, which nobody signs, so a wrong name must lead to nothing worse than a
question to the host. This module must not know a host.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import parse_qs

import msgspec

from permsync.codehost.notices import NOTICE, WORDS, Notice, Unknown, parse_notice
from permsync.codehost.signatures import Delivery, Refusal, Scheme

_FORM = "application/x-www-form-urlencoded"
_LARGEST_ID = 2**63 - 1
_LONGEST = 100
# Hosts of another kind copy GitHub's headers, and not theirs (HOSTS 6.5).
_STRANGERS = ("x-gitea-event", "x-forgejo-event", "x-gogs-event")


def number_of(value: object) -> str | None:
    """A whole number that identifies something, as text; ``None`` for everything else."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LARGEST_ID:
        return str(value)
    return None


@dataclass(frozen=True, slots=True)
class Rule:
    """
    One line of a host's table: which delivery is which notice.

    ``ids`` says where the ids of the notice stand in the body, ``when`` what else must stand
    there; both as paths with dots.
    """

    event: str
    notice: type[Notice]
    ids: Mapping[str, str] = field(default_factory=dict)
    when: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """
    What a proved delivery says.

    ``event`` is the host's name for it, for the operator; ``delivery_id`` is the same each
    time that the host sends the same delivery, or empty.
    """

    event: str
    delivery_id: str
    notice: Notice


@dataclass(frozen=True, slots=True)
class Hooks:
    """
    The webhooks of one kind of host.

    The name of an event stands in ``event_header`` or, where that is empty, in the body at
    ``event_field``. ``delivery_headers`` are tried in order. ``id_of`` makes an id of what
    stands in a body, or says that it is none.
    """

    scheme: Scheme
    rules: tuple[Rule, ...]
    delivery_headers: tuple[str, ...]
    event_header: str = ""
    event_field: str = ""
    strangers: tuple[str, ...] = _STRANGERS
    id_of: Callable[[object], str | None] = number_of

    def refusal(
        self, delivery: Delivery, secrets: Sequence[str], *, tolerance: timedelta
    ) -> Refusal | None:
        """Why this delivery is not believed, or ``None``; without a secret nothing is."""
        if not secrets:
            return Refusal.SECRET_UNSET
        if any(one in delivery.headers for one in self.strangers):
            return Refusal.FOREIGN_HOST
        return self.scheme.refusal(delivery, secrets, tolerance=tolerance)

    def parse(self, delivery: Delivery) -> Reading:
        """Read a delivery that was proved."""
        body = _body_of(delivery)
        if self.event_header:
            named: object = delivery.headers.get(self.event_header)
        else:
            named = _found(body, self.event_field)
        event = _plain(named)
        notices = (self._notice(rule, body) for rule in self.rules if rule.event == event)
        return Reading(
            event=event,
            delivery_id=self._delivery_id(delivery),
            notice=next((one for one in notices if one is not None), Unknown()),
        )

    def _delivery_id(self, delivery: Delivery) -> str:
        sent = (_plain(delivery.headers.get(name)) for name in self.delivery_headers)
        return next((one for one in sent if one), "")

    def _notice(self, rule: Rule, body: object) -> Notice | None:
        if any(_found(body, path) != wanted for path, wanted in rule.when.items()):
            return None
        ids = {name: self.id_of(_found(body, path)) for name, path in rule.ids.items()}
        found = {name: one for name, one in ids.items() if one is not None}
        if len(found) < len(ids):
            return None
        return parse_notice({NOTICE: WORDS[rule.notice], **found})


def _body_of(delivery: Delivery) -> object:
    """The JSON of the body; GitHub can be told to send it as the field of a form."""
    body = delivery.body
    try:
        if delivery.media_type == _FORM:
            fields = parse_qs(body.decode("ascii"), max_num_fields=1, strict_parsing=True)
            body = fields.get("payload", [""])[0].encode()
        found: object = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None
    return found


def _found(body: object, path: str) -> object:
    for name in path.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return body


def _plain(value: object) -> str:
    """A short printable word, or nothing: it goes into a column and into the log."""
    if isinstance(value, str) and value.isascii() and value.isprintable():
        return value[:_LONGEST]
    return ""
