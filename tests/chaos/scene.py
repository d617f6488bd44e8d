"""
One cell as it is played: an account, its victim and its rescuer, and how it settles.

The victim's way to PostgreSQL leads through the lane's fault proxy, the rescuer's does not;
both reach the host through the other one. What is decided here: when an account counts as
settled, and that it must then survive one more refresh. This module must not know a fault.
"""

import asyncio
import base64
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

from permsync.vault import Vault
from tests.chaos import truth
from tests.chaos.database_proxy import Commit, Committing
from tests.chaos.host_proxy import Exchange, Script
from tests.chaos.processes import Caller, ProcessDiedError, Said
from tests.chaos.site import LEASE_SECONDS, Place
from tests.chaos.verdict import DEAD, Facts

SETTLE_SECONDS = 40.0
FIRE_SECONDS = 15.0
LOOK_AGAIN_SECONDS = 0.1
NUDGE_SECONDS = 2.0
UNWELL = """
SELECT id FROM account WHERE id = any($1) AND (
  EXISTS (SELECT 1 FROM refresh_attempt WHERE account_id = account.id AND closed_at IS NULL)
  OR state = 'suspect' OR state = 'active' AND access_expires_at < clock_timestamp())
"""
# The API refused a token in doubt: access ended, and the repetitions go on (REFRESH 2).
STILL_TRIED = "credential_rejected"
ENDED = frozenset({DEAD, "unlinked", "disabled_at_host", "needs_scope"})


class NotExercisedError(Exception):
    """The fault never struck: the cell proves nothing."""


@dataclass
class Scene:
    """
    What a fault plays with: one account, and ``others`` where it takes a crowd of them.

    ``broken`` are promises that only this fault can check.
    """

    place: Place
    rescuer: Caller
    person: str = field(default_factory=lambda: f"p{uuid.uuid4().hex[:10]}")
    account: int = 0
    user: int = 0
    keys: Sequence[str] = ()
    tokens: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    fired: asyncio.Event = field(default_factory=asyncio.Event)
    asking: str = "ask"
    others: list[int] = field(default_factory=list)
    operator: Caller | None = None
    crowd_seconds: float = SETTLE_SECONDS
    _died: set[int] = field(default_factory=set)
    _tasks: list["asyncio.Task[Said | None]"] = field(default_factory=list)
    _victims: list[Caller] = field(default_factory=list)

    async def begin(self) -> None:
        """
        A person links an account and it is listed; then its token expires.

        The lane's worker stands still until the fault has struck: what is meant for the
        victim must not be done by somebody else.
        """
        name = f"{self.person}@example.com"
        await self.place.control(
            "add-person", person=self.person, full_name=self.person, email=name
        )
        self.place.resume_worker()
        await self.link()
        await self._until_listed()
        self.place.pause_worker()
        await self.expire()

    async def _until_listed(self) -> None:
        listed = (
            "SELECT EXISTS (SELECT 1 FROM run WHERE account_id = $1 AND finished_at IS NOT NULL)"
        )
        for _ in range(int(SETTLE_SECONDS / LOOK_AGAIN_SECONDS)):
            if await self.place.database.fetchval(listed, self.account):
                return
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        raise NotExercisedError("the account was never listed")

    async def link(self) -> None:
        """Link, for the first time or again."""
        said = await self.rescuer.say("link", person=self.person, host=self.place.lane.name)
        if "error" in said:
            raise NotExercisedError(f"the person could not link: {said['error']}")
        self.account, self.user = said["account"], said["user"]
        self.tokens |= {each["refresh"] for each in await self.pairs() if each["refresh"]}

    async def expire(self) -> None:
        """Let the access token be of no use here from now on."""
        await self.place.database.execute(
            "UPDATE account SET issued_at = clock_timestamp() - interval '2 hours',"
            " access_expires_at = clock_timestamp() - interval '1 second' WHERE id = any($1)",
            [self.account, *self.others],
        )

    async def pairs(self) -> list[dict[str, Any]]:
        """The host's pairs of this person."""
        told: list[dict[str, Any]] = await self.place.control("show-tokens", person=self.person)
        return told

    async def row(self) -> dict[str, Any]:
        """The account as the database holds it."""
        found = await self.place.database.fetchrow(
            "SELECT account.*, EXISTS (SELECT 1 FROM refresh_attempt WHERE account_id = account.id"
            " AND closed_at IS NULL) AS in_doubt FROM account WHERE id = $1",
            self.account,
        )
        return dict(found)

    async def forget_history(self) -> None:
        """Forget what was written until now, because the fault itself wrote it."""
        await self.place.database.execute("DELETE FROM chaos_history WHERE id = $1", self.account)

    # What happens on the way.

    async def victim(self) -> Caller:
        """A process whose database connections can be cut."""
        victim = await self.place.caller(self.place.settings(proxied=True))
        self._victims.append(victim)
        return victim

    def dismiss(self) -> None:
        """End whoever survived this cell, or the next ones would run out of connections."""
        for victim in self._victims:
            victim.kill()

    def ask(self, caller: Caller, **order: object) -> "asyncio.Task[Said | None]":
        """Ask for the account's token without waiting; nothing where the process dies."""

        async def asked() -> Said | None:
            try:
                return await caller.say(self.asking, account=self.account, **order)
            except ProcessDiedError:
                return None

        task = asyncio.create_task(asked())
        self._tasks.append(task)
        return task

    def on_token(self, script: Script, *, times: int = 1) -> None:
        """Let ``script`` have the next requests that present this account's token."""

        async def firing(exchange: Exchange) -> None:
            self.fired.set()
            with self._noting():
                await script(exchange)

        self.place.host_proxy.expect(firing, tokens=self.tokens, times=times)

    def on_commit(self, commit: Commit, script: Callable[[Committing], Awaitable[None]]) -> None:
        """Let ``script`` have the victim's next commit of this meaning."""

        async def firing(committing: Committing) -> None:
            self.fired.set()
            with self._noting():
                await script(committing)

        self.place.database_proxy.expect(commit, firing)

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """A script that fails is a red cell; that a peer left is what scripts are for."""
        try:
            yield
        except ConnectionError:
            raise
        except Exception as error:
            self.broken.append(f"the harness failed: {type(error).__name__}: {error}")
            raise ConnectionResetError from error

    def kill(self, caller: Caller) -> None:
        """SIGKILL, and remember what dies with the process."""
        self.count_as_dead()
        caller.kill()

    def count_as_dead(self) -> None:
        """Whatever was answered until now was answered to a process that is killed."""
        seen = self.place.host_proxy.presentations
        self._died |= {number for number, one in enumerate(seen) if one.token in self.tokens}

    async def until_fired(self) -> None:
        """Wait for the fault to strike, then let the lane's worker go on."""
        await self.until_struck(FIRE_SECONDS)
        self.place.resume_worker()

    async def until_struck(self, patience_seconds: float) -> None:
        """Wait for the fault to strike; raises ``NotExercisedError``."""
        try:
            async with asyncio.timeout(patience_seconds):
                await self.fired.wait()
        except TimeoutError:
            raise NotExercisedError("the fault never struck") from None

    async def outlive_lease(self) -> None:
        """Wait until whoever held the attempt has no right to it any more."""
        await asyncio.sleep(LEASE_SECONDS + 0.5)

    # How it ends.

    async def settle(self) -> bool:
        """Until every account is well or ended; false where that does not come."""
        return await self._settle_others() and await self._settle_one()

    async def _settle_others(self) -> bool:
        """Their next syncs would ask for them; the workers do what is asked."""
        self.place.resume_worker()
        for _ in range(int(self.crowd_seconds / NUDGE_SECONDS)):
            rows = await self.place.database.fetch(UNWELL, self.others)
            if not rows:
                return True
            await self.rescuer.say("nudge", accounts=[row["id"] for row in rows])
            await asyncio.sleep(NUDGE_SECONDS)
        return False

    async def _settle_one(self) -> bool:
        """Ask as people would, and use what was given."""
        self.place.resume_worker()
        give_up_at = monotonic() + SETTLE_SECONDS
        while monotonic() < give_up_at:
            said = await self.ask(self.rescuer)
            given = said is not None and "token" in said["given"][0]
            if given and await self._is("active"):
                # A token that the host took back shows itself when it is used.
                await self.rescuer.say("sync", account=self.account)
            if await self._is(*ENDED) or (given and await self._is("active")):
                return True
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        return False

    async def _is(self, *states: str) -> bool:
        """Whether the account is in one of these states, and nothing is tried any more."""
        row = await self.row()
        tried = row["reason"] == STILL_TRIED and row["refresh_try_at"] is not None
        return row["state"] in states and not row["in_doubt"] and not tried

    async def finish(self) -> None:
        """Wait for whoever still asks, and let everything pass."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=SETTLE_SECONDS)
        self.place.resume_worker()
        self.place.host_proxy.forget()
        self.place.database_proxy.forget()

    async def look(self, *, settled: bool, before: dict[int, Facts]) -> dict[int, Facts]:
        """The facts now, by account; what ``before`` counted as presented is not counted again."""
        keys = [base64.b64decode(key) for key in dict.fromkeys((*self.place.keys, *self.keys))]
        seen = len(self.place.host_proxy.presentations)
        facts = await truth.look(
            self.place,
            Vault(keys),
            [self.account, *self.others],
            lived_on=frozenset(set(range(seen)) - self._died),
        )
        return {
            account: replace(
                one,
                settled=settled,
                earlier={p.number: p.presented for p in before[account].pairs} if before else {},
            )
            for account, one in facts.items()
        }
