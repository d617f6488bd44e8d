"""
What the pretend hosts send is proved and read by the host files, which share no code with them.

Both were written from the hosts' own documents, so a misunderstanding would have to be had
twice. This module must not know how either is done.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from permsync.codehost.notices import (
    AuthorizationRevoked,
    CoverageGrew,
    CoverageShrank,
    MemberAdded,
    MemberRemoved,
    Notice,
    OwnerMemberRemoved,
    PersonChanged,
    Ping,
    RepositoryChanged,
    RepositoryGone,
    RepositoryMadePrivate,
    RepositoryMadePublic,
    RepositoryTransferred,
    Unknown,
)
from permsync.codehost.signatures import Delivery, Refusal
from permsync.hosts import registry
from permsync.simulator.faults import HookFaults
from permsync.simulator.happenings import Happening, What
from permsync.simulator.hooks import Hook, Outgoing, Style, compose
from permsync.simulator.kinds import roles
from permsync.simulator.repositories import Account, Namespace, Repository, Visibility
from tests.hosts.deliveries import hooks_of

SECRET = "the secret that both sides were given"
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
ADA = Account("ada", 7, "{a-7}", "7:x", "ada", "Ada", "ada@example.com")
CORE = Namespace(3, "{c-3}", "core")
ENGINE = Repository(9, "{e-9}", "core", "engine")

# What happened -> what the notices of these kinds say; one that is not named says nothing of
# it. What another kind's say stands in its own test.
SAID: list[tuple[What, dict[str, list[type[Notice]]]]] = [
    ("ping", {"github": [Ping], "gitlab": [Unknown], "bitbucket_datacenter": [Ping]}),
    ("granted", {"github": [MemberAdded], "gitlab": [MemberAdded]}),
    ("regraded", {"github": [MemberAdded], "gitlab": [MemberAdded]}),
    ("revoked", {"github": [MemberRemoved], "gitlab": [MemberRemoved]}),
    ("joined", {"github": [PersonChanged], "gitlab": [PersonChanged]}),
    ("left", {"github": [OwnerMemberRemoved], "gitlab": [OwnerMemberRemoved]}),
    (
        "created",
        {"github": [PersonChanged], "gitlab": [Unknown], "bitbucket_cloud": [PersonChanged]},
    ),
    (
        "removed",
        {
            "github": [RepositoryGone],
            "gitlab": [RepositoryGone],
            "bitbucket_cloud": [RepositoryGone],
        },
    ),
    (
        "renamed",
        {
            "github": [RepositoryChanged],
            "gitlab": [RepositoryChanged],
            "bitbucket_cloud": [RepositoryMadePrivate],  # what it is, beside its new name
            "bitbucket_datacenter": [RepositoryChanged],
        },
    ),
    (
        "transferred",
        {
            "github": [RepositoryTransferred],
            "gitlab": [RepositoryTransferred],
            "bitbucket_cloud": [RepositoryTransferred],
        },
    ),
    (
        "made_private",
        {
            "github": [RepositoryMadePrivate],
            "gitlab": [RepositoryMadePrivate],
            "bitbucket_cloud": [RepositoryMadePrivate],
        },
    ),
    (
        "made_public",
        {
            "github": [RepositoryMadePublic, RepositoryMadePublic],
            "gitlab": [RepositoryMadePublic],
            "bitbucket_cloud": [RepositoryMadePublic],
        },
    ),
    ("authorization_revoked", {"github": [AuthorizationRevoked]}),
    ("installed", {"github": [CoverageGrew]}),
    ("unsuspended", {"github": [CoverageGrew]}),
    ("covered", {"github": [CoverageGrew]}),
    ("uninstalled", {"github": [CoverageShrank]}),
    ("suspended", {"github": [CoverageShrank]}),
    ("uncovered", {"github": [CoverageShrank]}),
]
INSTALLATION = {"installed", "unsuspended", "covered", "uninstalled", "suspended", "uncovered"}
NAMED = {kind for _, said in SAID for kind in said}
KINDS = tuple(kind for kind, host in registry().items() if host.hooks is not None)
# Of whom and of what: the ids that the host files keep.
PEOPLE = {"bitbucket_cloud": "{00000000-0000-4000-8000-000000000000}"}


def sent(
    kind: str, what: What, *, style: Style | None = None, faults: HookFaults | None = None
) -> list[Outgoing]:
    """The deliveries of one happening about Ada and a repository."""
    visibility: Visibility = "public" if what == "made_public" else "private"
    one = replace(ENGINE, visibility=visibility)
    about_none = what in {"joined", "left", "authorization_revoked", *INSTALLATION}
    happening = Happening(what, ADA, None if about_none else one, CORE, was="core/old")
    role = roles()[kind]
    secret = KEY if style == "signed" else SECRET
    hook = Hook(1, "http://127.0.0.1:1/hooks", secret, style or role.letterhead.style)
    about: dict[str, Any] = {"head": role.letterhead, "at_seconds": int(NOW.timestamp())}
    return [
        compose(hook, event=event, content=content, faults=faults or HookFaults(), **about)
        for event, content in role.says(happening)
    ]


def received(outgoing: Outgoing, *, late_in: timedelta = timedelta()) -> Delivery:
    """The same delivery as the service would be handed it."""
    headers = {name.lower(): value for name, value in outgoing.headers.items()}
    return Delivery(headers, outgoing.body, NOW + late_in)


def refusal(kind: str, delivery: Delivery) -> Refusal | None:
    """What the host file says of its proof."""
    return hooks_of(kind).refusal(delivery, (SECRET, KEY), tolerance=timedelta(minutes=5))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("what", "said"), SAID)
def test_what_happens_is_read_as_it_was_meant(
    kind: str, what: What, said: dict[str, list[type[Notice]]]
) -> None:
    notices = []
    for outgoing in sent(kind, what):
        delivery = received(outgoing)
        assert refusal(kind, delivery) is None
        reading = hooks_of(kind).parse(delivery)
        assert reading.delivery_id == outgoing.id
        notices.append(reading.notice)
    assert kind not in NAMED or [type(one) for one in notices] == said.get(kind, [])
    engine = roles()[kind].id_of(ENGINE)
    for notice in notices:
        assert getattr(notice, "repository", engine) == engine
        assert getattr(notice, "owner", "3") == "3"
        made = what == "created" and kind == "github"
        assert getattr(notice, "person", "7") in {"7", PEOPLE.get(kind)} or made


def test_gitlabs_newer_form_is_proved_and_grows_old() -> None:
    (outgoing,) = sent("gitlab", "revoked", style="signed")
    assert refusal("gitlab", received(outgoing)) is None
    late = received(outgoing, late_in=timedelta(hours=1))
    assert refusal("gitlab", late) is Refusal.TIMESTAMP_WRONG


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        (HookFaults(signature="wrong"), Refusal.SIGNATURE_WRONG),
        (HookFaults(signature="empty"), Refusal.SIGNATURE_EMPTY),
        (HookFaults(signature="missing"), Refusal.SIGNATURE_MISSING),
        (HookFaults(as_gitea=True), Refusal.FOREIGN_HOST),
    ],
)
def test_a_spoiled_proof_is_refused_for_what_is_wrong_with_it(
    kind: str, faults: HookFaults, reason: Refusal
) -> None:
    deliveries = sent(kind, "renamed", faults=faults) + sent(kind, "removed", faults=faults)
    assert deliveries
    its_own = faults.as_gitea and not hooks_of(kind).strangers
    for outgoing in deliveries:
        assert refusal(kind, received(outgoing)) is (None if its_own else reason)
