"""
The axes of the access matrix, and the cases that its text is made of.

The axes that multiply (account state, row, repository) are written out in full; those
that only stand before or beside them (who asks, explicit rules) have a section each, and
``test_matrix.py`` proves on the full product that this leaves nothing out. Ages stand for
classes: one hour is fresh, thirty are stale, eighty are past the hard age. This module
must not know how a case is written.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations_with_replacement, product

from permsync.model import (
    LIVING,
    AccountState,
    Decision,
    Repository,
    Source,
    User,
    Visibility,
)
from permsync.rules.access import AccountEvidence, ExplicitRule, Facts, decide
from permsync.rules.evidence import Evidence, Limits
from permsync.rules.openness import InternalTo, Openness, PublicTo
from tests.rules.examples import NOW, ago

LIMITS = Limits(soft=NOW - ago(26), hard=NOW - ago(72))

USERS = {
    "known": User(id=1, name="Ada"),
    "disabled": User(id=1, name="Linus", disabled_at=ago(1)),
    "unknown": None,
}

RULES: dict[str, tuple[ExplicitRule, ...]] = {
    "none": (),
    "allow": (ExplicitRule(allow=True, expires_at=None),),
    "allow for 5 h": (ExplicitRule(allow=True, expires_at=ago(-5)),),
    "allow, expired": (ExplicitRule(allow=True, expires_at=ago(5)),),
    "deny": (ExplicitRule(allow=False, expires_at=None),),
    "deny for 5 h": (ExplicitRule(allow=False, expires_at=ago(-5)),),
    "deny, expired": (ExplicitRule(allow=False, expires_at=ago(5)),),
    "allow and deny": (
        ExplicitRule(allow=True, expires_at=None),
        ExplicitRule(allow=False, expires_at=None),
    ),
}

_PRIVATE = Repository(
    id=9,
    host="gitlab",
    external_id="42",
    owner_id="7",
    full_name="acme/one",
    visibility=Visibility.PRIVATE,
    visibility_at=ago(500),
)
_SEEN = {"fresh": ago(1), "too old": ago(80), "never": None}

# Name -> the repository, and whether `internal` is open at its host.
REPOSITORIES: dict[str, tuple[Repository, bool]] = {
    "private": (_PRIVATE, True),
    **{
        f"{name}, seen {seen}": (
            replace(_PRIVATE, visibility=visibility, open_seen_at=seen_at),
            name != "internal (closed)",
        )
        for name, visibility in (
            ("internal (closed)", Visibility.INTERNAL),
            ("internal (open)", Visibility.INTERNAL),
            ("public", Visibility.PUBLIC),
        )
        for seen, seen_at in _SEEN.items()
    },
}


# What an operator may say about a host, and what hosts mean.
_ENTERPRISE = Openness(internal_at_host=InternalTo.ENTERPRISE, enterprise=frozenset({"7", "8"}))
POLICIES: dict[str, Openness] = {
    "as at host": Openness(),
    "as at an instance": Openness(internal_at_host=InternalTo.INSTANCE),
    "as at an instance, internal never": Openness(
        internal_at_host=InternalTo.INSTANCE, opens_internal=False
    ),
    "as in its enterprise": _ENTERPRISE,
    "as in another enterprise": replace(_ENTERPRISE, enterprise=frozenset({"8"})),
    "as in its enterprise, internal never": replace(_ENTERPRISE, opens_internal=False),
    "public to account holders": Openness(public=PublicTo.ACCOUNT_HOLDERS),
    "public never": Openness(public=PublicTo.NEVER),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One stored row, or none, beside the last listing of the account."""

    source: Source | None
    age: str
    as_of: datetime | None = None
    missed: bool = False
    listed_at: datetime | None = None
    ended_at: datetime | None = None


_AGES = (
    Row(None, "fresh", listed_at=ago(1)),
    Row(None, "stale", listed_at=ago(30)),
    Row(None, "too old", listed_at=ago(80)),
    Row(None, "listed, ended since", listed_at=ago(3), ended_at=ago(2)),
    Row(None, "never listed"),
)
_OWN_AGES = (
    Row(None, "partly fresh", as_of=ago(2), listed_at=ago(80)),
    Row(None, "missed, fresh", as_of=ago(3), missed=True, listed_at=ago(1)),
    Row(None, "missed, too old", as_of=ago(80), missed=True, listed_at=ago(1)),
)

# Without a row, what is dated is the account's listing that does not contain it.
ROWS = (
    *_AGES,
    *(
        replace(age, source=source)
        for source in (Source.ACCOUNT_LISTING, Source.REPO_LISTING)
        for age in (*_AGES, *_OWN_AGES)
    ),
)

NO_ROW, FRESH_ROW = ROWS[0], ROWS[len(_AGES)]


def account(state: AccountState, row: Row, *, restricted: bool = False) -> AccountEvidence:
    """An account in this state that holds this row; a connection's rows age on their own."""
    held: tuple[Evidence, ...] = ()
    if row.source is not None:
        held = (Evidence(row.source, row.as_of, row.missed, row.listed_at, row.ended_at),)
    own = row.source is not Source.REPO_LISTING
    return AccountEvidence(
        id=5,
        state=state,
        restricted=restricted,
        listed_at=row.listed_at if own else ago(1),
        ended_at=row.ended_at if own else None,
        grants=held,
    )


def question(
    repository: str, *accounts: AccountEvidence, user: str = "known", rules: str = "none"
) -> Facts:
    """Ask about a repository named as in ``REPOSITORIES``."""
    asked, internal_is_open = REPOSITORIES[repository]
    return Facts(
        host_known=True,
        openness=POLICIES["as at an instance" if internal_is_open else "as at host"],
        user=USERS[user],
        repository=asked,
        rules=RULES[rules],
        accounts=accounts,
    )


@dataclass(frozen=True, slots=True)
class Case:
    """One question, and the words that tell it apart within its group."""

    group: str
    words: tuple[str, ...]
    facts: Facts


def multiplied() -> Iterator[Case]:
    """Every account state and row, and no account, with every repository."""
    for state, repository in product(AccountState, REPOSITORIES):
        for row in ROWS:
            yield Case(
                group=f"account {state}, repository {repository}",
                words=(row.source or "-", row.age),
                facts=question(repository, account(state, row)),
            )
    for repository in REPOSITORIES:
        yield Case("no account", (repository, ""), question(repository))


def gates() -> Iterator[Case]:
    """Who asks, where, and about what, where everything else would allow it."""
    holder = account(AccountState.ACTIVE, FRESH_ROW)
    known, _ = REPOSITORIES["public, seen fresh"]
    asked = {"known": known, "gone": replace(known, gone_at=ago(1)), "unknown": None}
    for user, host_known, (name, repository) in product(USERS, (True, False), asked.items()):
        for rules in ("none", "allow", "deny"):
            facts = question("public, seen fresh", holder, user=user, rules=rules)
            yield Case(
                group=f"user {user}, host {'known' if host_known else 'unknown'}",
                words=(f"repository {name}", f"rule {rules}"),
                facts=replace(facts, host_known=host_known, repository=repository),
            )


def rules() -> Iterator[Case]:
    """An operator's word beside every kind of answer without it."""
    beside = {
        "a fresh row": question("private", account(AccountState.ACTIVE, FRESH_ROW)),
        "a public repository": question("public, seen fresh"),
        "no row": question("private", account(AccountState.ACTIVE, NO_ROW)),
        "an account to repair": question("private", account(AccountState.NEEDS_REAUTH, FRESH_ROW)),
        "no account": question("private"),
    }
    for (name, facts), rule in product(beside.items(), RULES):
        yield Case(f"beside {name}", (rule, ""), replace(facts, rules=RULES[rule]))


def restricted() -> Iterator[Case]:
    """An account that its host restricts: internal repositories stay closed to it."""
    for state, row, repository in product(sorted(LIVING), (NO_ROW, FRESH_ROW), REPOSITORIES):
        yield Case(
            group=f"restricted account {state}, {'a fresh row' if row.source else 'no row'}",
            words=(repository, ""),
            facts=question(repository, account(state, row, restricted=True)),
        )


def pairs() -> Iterator[Case]:
    """Two accounts of one person that hold nothing: which reason is given."""
    living = [account(AccountState.ACTIVE, row) for row in ROWS if row.source is None]
    ended = [account(state, NO_ROW) for state in AccountState if state not in LIVING]
    names = [row.age for row in ROWS if row.source is None]
    names += [one.state.value for one in ended]
    named = list(zip(names, [*living, *ended], strict=True))
    for (one, first), (other, second) in combinations_with_replacement(named, 2):
        yield Case(
            f"one account: {one}", (f"the other: {other}", ""), question("private", first, second)
        )


def policies() -> Iterator[Case]:
    """What each policy makes of open repositories, by who asks."""
    plain = account(AccountState.ACTIVE, NO_ROW)
    held = {
        name: Evidence(Source.ACCOUNT_LISTING, None, missed=False, listed_at=at)
        for name, at in (("fresh", ago(1)), ("stale", ago(30)), ("too old", ago(80)))
    }
    people: dict[str, tuple[AccountEvidence, ...]] = {
        "no account": (),
        "a plain account": (plain,),
        "a restricted account": (replace(plain, restricted=True),),
        "an account with a fresh row": (account(AccountState.ACTIVE, FRESH_ROW),),
        **{f"a member, {name}": (replace(plain, member=row),) for name, row in held.items()},
        "a restricted member": (replace(plain, restricted=True, member=held["fresh"]),),
        "a member to reconnect": (
            replace(account(AccountState.NEEDS_REAUTH, NO_ROW), member=held["fresh"]),
        ),
        "an unlinked account": (account(AccountState.UNLINKED, NO_ROW),),
    }
    repositories = ("private", "internal (open), seen fresh", "public, seen fresh")
    for (policy, openness), repository in product(POLICIES.items(), repositories):
        for person, accounts in people.items():
            facts = replace(question(repository, *accounts), openness=openness)
            yield Case(f"{policy}: repository {repository}", (person, ""), facts)


def uncounted() -> Iterator[Case]:
    """A connection whose lists do not count, beside what the account's own listing says."""
    listed, read = (
        replace(FRESH_ROW, source=source)
        for source in (Source.ACCOUNT_LISTING, Source.REPO_LISTING)
    )
    beside = {
        "no row": NO_ROW,
        "listed by the account": listed,
        "listed by the connection": read,
        "listed by it, too old": replace(read, listed_at=ago(80)),
    }
    sources = {"counted": frozenset[Source](), "not counted": frozenset({Source.REPO_LISTING})}
    for (name, row), (counted, off) in product(beside.items(), sources.items()):
        for state in (AccountState.ACTIVE, AccountState.NEEDS_REAUTH):
            facts = question("private", account(state, row))
            yield Case(f"account {state}, {name}", (counted, ""), replace(facts, uncounted=off))


# Title -> its cases, in the order of the text.
SECTIONS: dict[str, Callable[[], Iterator[Case]]] = {
    "Who asks, where, about what (all else allows it)": gates,
    "Explicit rules": rules,
    "Two accounts without a row (the age is their listing's)": pairs,
    "Restricted accounts": restricted,
    "What the settings say about openness": policies,
    "A connection that is not enforced": uncounted,
    "One account: state x repository x row": multiplied,
}


def answer(facts: Facts) -> Decision:
    """The decision at noon."""
    return decide(facts, now=NOW, limits=LIMITS)
