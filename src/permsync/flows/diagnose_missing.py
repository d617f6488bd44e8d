"""
Finds out why a person does not see a repository of which they paste the address.

Whoever asks is told about their own accounts only, and nothing by which they could tell a
repository that is stored from one that is not. The cause is ``rules.diagnosis``'s; this
module must not decide it, nor know how it is told.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from permsync.flows.check import Answer, RepositoryName, check, note_asked
from permsync.flows.deps import ConfiguredHost, Services
from permsync.flows.show_accounts import ShownAccount, show_accounts
from permsync.model import LIVING, Repository, RunState
from permsync.rules.diagnosis import AccountSight, Cause, Diagnosis, Missed, diagnose
from permsync.rules.include import included_by
from permsync.store import missed as facts

FAILED = frozenset({RunState.FAILED, RunState.PARTIAL})


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """
    What was found; ``host`` is ``None`` where the address is of no configured one.

    ``owner`` is the name that the address begins with, ``answer`` the decision that it
    stands on.
    """

    diagnosis: Diagnosis
    host: ConfiguredHost | None = None
    owner: str = ""
    answer: Answer | None = None


# Which answer is given where an address may be of several hosts: it is chosen by what the
# person's own accounts show there, and by nothing else that is stored.
_TOLD_FIRST = {Cause.VISIBLE: 0, Cause.BY_OPERATOR: 1, Cause.LOST: 1}
_TOLD_LAST = {Cause.NOT_LINKED: 3, Cause.NOT_INCLUDED: 3}
_RANKS = {**_TOLD_FIRST, **_TOLD_LAST}
_NOWHERE = 0  # no repository has this id


@dataclass(frozen=True, slots=True)
class _Meant:
    """What an address may mean at one host."""

    host: ConfiguredHost
    names: tuple[str, ...]


async def diagnose_missing(services: Services, user_id: int, address: str) -> Diagnosed:
    """Why this user does not see what ``address`` leads to, or that they do."""
    meant = _read(services.hosts.values(), address)
    if not meant:
        return Diagnosed(Diagnosis(Cause.ELSEWHERE))
    found = [await _diagnose(services, user_id, one) for one in meant]
    await note_asked(services, user_id)
    return min(found, key=lambda one: _RANKS.get(one.diagnosis.cause, 2))


def _read(hosts: Iterable[ConfiguredHost], address: str) -> list[_Meant]:
    """What it may mean, host by host: an address, or a host's name and a full name."""
    named, _, full_name = address.strip().partition(":")
    is_name = "/" in full_name and not full_name.startswith("/") and full_name.isprintable()
    found = []
    for one in hosts:
        names = (full_name,) if is_name and named == one.name else one.host.names_at(address)
        if names:
            found.append(_Meant(one, names))
    return found


async def _diagnose(services: Services, user_id: int, meant: _Meant) -> Diagnosed:
    """What is to be told if it is of this host."""
    host = meant.host
    async with services.database.begin() as connection:
        found = await facts.load_named(connection, host=host.name, names=meant.names)
    asked = found.id if found else RepositoryName(host.name, full_name=meant.names[0])
    answer = await check(services, user_id, asked)
    owners = [name.rpartition("/")[0] for name in meant.names]
    missed = Missed(
        decision=answer.decision,
        accounts=tuple(await _sights(services, user_id, host.name, found, at=answer.at)),
        owner=owners[-1],
        included=any(included_by(one, host.include) for one in owners),
    )
    return Diagnosed(diagnose(missed), host, owners[-1], answer)


async def _sights(
    services: Services, user_id: int, host: str, found: Repository | None, *, at: datetime
) -> list[AccountSight]:
    shown = await show_accounts(services, user_id)
    sights = [
        _sight(one, listed_after=at - services.limits.hard)
        for one in shown
        if one.standing.account.host == host
    ]
    ids, repository_id = [one.id for one in sights], found.id if found else _NOWHERE
    # What is nowhere is looked for as well: the time that it takes must not tell.
    async with services.database.begin() as connection:
        lost = await facts.load_lost(connection, repository_id, account_ids=ids)
        held = await facts.load_held(connection, repository_id, account_ids=ids)
    return [replace(one, holds=one.id in held, lost_at=lost.get(one.id)) for one in sights]


def _sight(shown: ShownAccount, *, listed_after: datetime) -> AccountSight:
    account, run = shown.standing.account, shown.standing.last_run
    failed = run is not None and run.state in FAILED and account.state in LIVING
    return AccountSight(
        id=account.id,
        state=account.state,
        listed_at=account.listed_at,
        wanted=shown.wanted or (run is not None and run.state is RunState.RUNNING),
        failure=(run.failure or run.state.value) if run is not None and failed else None,
        left_out=shown.standing.left_out,
        outlived=account.listed_at is not None and account.listed_at < listed_after,
    )
