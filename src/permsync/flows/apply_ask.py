"""
Applies the answer to one ask: one pair of one account's own source, fenced.

What an answer changes is decided in ``rules.asks``; this module must not decide it. When
the source lets go of a pair that another still holds, that other one is asked (EVIDENCE
R8): sources never decide for each other.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from permsync.codehost import Failure, PairAnswer
from permsync.flows.deps import Services
from permsync.flows.want_asks import want_asks
from permsync.model import LIVING, Account, Repository, Source
from permsync.rules.asks import AskAgain, Ruling, SaysNo, SaysYes, Standing, judge
from permsync.rules.asks import Retry as RetryAsk
from permsync.store import accounts, asks, changes, fences, gaps, pairs, repositories, runs
from permsync.store.asks import WantedAsk
from permsync.store.changes import Change
from permsync.store.engine import Connection, database_now
from permsync.store.fences import Fence
from permsync.store.pairs import Pair

SOURCE = Source.ACCOUNT_LISTING


async def apply_ask(
    services: Services,
    ask: WantedAsk,
    answer: PairAnswer | Failure,
    *,
    link_id: str,
    asked_at: datetime,
) -> Ruling | None:
    """
    Store what the answer says; ``None`` where nobody may speak for the account any more.

    ``link_id`` is the link that was asked with, ``asked_at`` when its question began.
    """
    async with services.database.begin() as connection:
        account = await accounts.load_locked(connection, ask.account_id)
        repository = await repositories.load(connection, ask.repository_id)
        assert account is not None  # noqa: S101 - no account is ever deleted
        assert repository is not None  # noqa: S101 - nor a repository's row
        if account.state not in LIVING:
            await asks.drop_all(connection, ask.account_id)
            return None
        if account.link_id != link_id:
            # Asked through a link that is over. A notice may have wanted it for the new one.
            await asks.postpone(
                connection, ask, asked_at=asked_at, due_in=timedelta(), failed=False
            )
            return None
        now = await database_now(connection)
        standing = await _standing(connection, account, repository)
        ruling = judge(
            answer,
            standing,
            asked_at=asked_at,
            arrived_at=now,
            failures=ask.failures,
            durations=services.durations,
        )
        pair = Pair(account.id, repository.id, SOURCE)
        match ruling:
            case SaysYes(level=level):
                changed = await pairs.save_yes(connection, pair, level=level, as_of=asked_at)
            case SaysNo():
                changed = await _save_no(connection, pair, confirms=standing.is_missed)
                await fences.add(connection, [_fence(account, repository, at=now)])
            case _:
                changed = []
        await _settle(connection, ask, ruling, asked_at=asked_at)
        if changed and isinstance(ruling, SaysNo):
            others = await pairs.load_others(
                connection, account_id=account.id, repository_ids=[repository.id], source=SOURCE
            )
            await want_asks(services, connection, others)
        await changes.append(connection, changed)
    return ruling


async def _save_no(connection: Connection, pair: Pair, *, confirms: bool) -> list[Change]:
    """
    Delete the row of ``pair``.

    ``confirms``: a listing missed it first, so people find the removal in that run's result.
    """
    changed = await pairs.save_no(connection, pair)
    if not (changed and confirms):
        return changed
    run_id = await runs.credit_removal(connection, pair.account_id)
    return [replace(one, run_id=run_id) for one in changed]


async def _standing(connection: Connection, account: Account, repository: Repository) -> Standing:
    pair = Pair(account.id, repository.id, SOURCE)
    return Standing(
        listed_to=account.listed_to,
        fenced_at=await fences.load_newest(
            connection, repository, external_id=account.external_id, source=SOURCE
        ),
        is_missed=await pairs.is_missed(connection, pair),
        left_out=repository.owner_id in await gaps.load(connection, account.id),
    )


def _fence(account: Account, repository: Repository, *, at: datetime) -> Fence:
    return Fence(
        host=account.host,
        at=at,
        external_id=account.external_id,
        repository_id=repository.id,
        source=SOURCE,
    )


async def _settle(
    connection: Connection, ask: WantedAsk, ruling: Ruling, *, asked_at: datetime
) -> None:
    match ruling:
        case AskAgain(earliest_at=earliest_at):
            await asks.postpone(
                connection,
                ask,
                asked_at=asked_at,
                due_in=timedelta(),
                earliest_at=earliest_at,
                failed=False,
            )
        case RetryAsk(due_in=due_in):
            await asks.postpone(connection, ask, asked_at=asked_at, due_in=due_in, failed=True)
        case _:
            await asks.drop(connection, ask, asked_at=asked_at)
