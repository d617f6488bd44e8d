"""
Finds out why a person does not see a repository of which they paste the address.

Whoever asks is told about their own accounts only. The cause is ``rules.diagnosis``'s; this
module must not decide it, nor know how it is told.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

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


@dataclass(frozen=True, slots=True)
class _Meant:
    """What an address may mean at one host."""

    host: ConfiguredHost
    names: tuple[str, ...]
    found: Repository | None = None


async def diagnose_missing(services: Services, user_id: int, address: str) -> Diagnosed:
    """Why this user does not see what ``address`` leads to, or that they do."""
    meant = await _find(services, _read(services.hosts.values(), address))
    if meant is None:
        return Diagnosed(Diagnosis(Cause.ELSEWHERE))
    host, found = meant.host, meant.found
    asked = found.id if found else RepositoryName(host.name, full_name=meant.names[0])
    answer = await check(services, user_id, asked)
    await note_asked(services, user_id)
    owners = [name.rpartition("/")[0] for name in meant.names]
    missed = Missed(
        decision=answer.decision,
        accounts=tuple(await _sights(services, user_id, meant)),
        owner=owners[-1],
        owner_id=found.owner_id if found else None,
        included=found is not None or any(included_by(one, host.include) for one in owners),
    )
    return Diagnosed(diagnose(missed), host, owners[-1], answer)


def _read(hosts: Iterable[ConfiguredHost], address: str) -> list[_Meant]:
    """What it may mean, host by host: an address, or a host's name and a full name."""
    named, _, full_name = address.strip().partition(":")
    found = []
    for one in hosts:
        names = one.host.names_at(address)
        if named == one.name and "/" in full_name and not full_name.startswith("/"):
            names = (full_name,)
        if names:
            found.append(_Meant(one, names))
    return found


async def _find(services: Services, meant: list[_Meant]) -> _Meant | None:
    """The host at which one of the names is known; else the first, if any."""
    async with services.database.begin() as connection:
        for one in meant:
            found = await facts.load_named(connection, host=one.host.name, names=one.names)
            if found is not None:
                return replace(one, found=found)
    return meant[0] if meant else None


async def _sights(services: Services, user_id: int, meant: _Meant) -> list[AccountSight]:
    shown = [
        one
        for one in await show_accounts(services, user_id)
        if one.standing.account.host == meant.host.name
    ]
    lost = {}
    if meant.found is not None:
        ids = [one.standing.account.id for one in shown]
        async with services.database.begin() as connection:
            lost = await facts.load_lost(connection, meant.found.id, account_ids=ids)
    return [replace(_sight(one), lost_at=lost.get(one.standing.account.id)) for one in shown]


def _sight(shown: ShownAccount) -> AccountSight:
    account, run = shown.standing.account, shown.standing.last_run
    failed = run is not None and run.state in FAILED and account.state in LIVING
    return AccountSight(
        id=account.id,
        state=account.state,
        listed_at=account.listed_at,
        wanted=shown.wanted or (run is not None and run.state is RunState.RUNNING),
        failure=(run.failure or run.state.value) if run is not None and failed else None,
        left_out=shown.standing.left_out,
    )
