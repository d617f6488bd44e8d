"""
One run: a small world, what happens in it, and a look at everything after each thing.

Each method is one thing that may happen at a host, to a worker, or to a person, and ends
with a look: what is stored is read, and every promise is asked. This module must not decide
what happens in which order.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from permsync.errors import PermsyncError
from permsync.flows.close_repository import close_repository
from permsync.flows.disable_user import disable_user
from permsync.flows.discover_repositories import discover_repositories
from permsync.flows.drop_repository import drop_repository
from permsync.flows.list_readable import list_readable
from permsync.flows.look_again import look_again
from permsync.flows.remove_member import remove_member
from permsync.flows.remove_pair import remove_pair
from permsync.flows.request_sync import request_sync
from permsync.flows.schedule_syncs import schedule_syncs
from permsync.flows.sync_account import sync_account
from permsync.flows.sync_repository import sync_repository
from permsync.flows.tidy import tidy
from permsync.flows.unlink_account import unlink_account
from permsync.model import LIVING, Trigger
from permsync.simulator.host import Host
from permsync.simulator.repositories import Repository
from permsync.store import users
from permsync.store.queue import Kind, enqueue
from tests.evidence import places, stored
from tests.evidence.answers import check_answers
from tests.evidence.bench import Bench
from tests.evidence.labour import Mishap, Shift
from tests.evidence.memory import Look, Memory, Notice, Step
from tests.evidence.places import Places
from tests.evidence.promises import check
from tests.evidence.stored import Stored
from tests.evidence.truth import ACCOUNT, Key
from tests.flows.scenes import rows
from tests.world import World

OWNED_BY = {"ada": "ada", "linus": "ada", "grace": "grace"}  # an account of whom


@dataclass(slots=True)
class Held:
    """A job that is held, and how to tell what it did."""

    shift: Shift
    step: Step


class Scene:
    """A run on a bench."""

    def __init__(self, bench: Bench, made: Places, *, fold_above: int) -> None:
        self.bench, self.places = bench, made
        self.world: World = bench.begin(made, fold_above=fold_above)
        self.services = self.world.services
        durations = self.services.durations
        self.memory = Memory(
            durations.settle, durations.evidence_soft, durations.evidence_hard, fold_above
        )
        self.held: list[Held] = []
        self.inbox: list[Notice] = []
        self.users = {
            name: bench.run(self.world.user(name)) for name in sorted(set(OWNED_BY.values()))
        }
        self.now: Stored = bench.run(stored.load(bench.database))
        self.note_truth()

    def host(self, number: int) -> Host:
        """One of the two hosts."""
        return self.places.hosts[number % 2]

    def repository(self, host: Host, number: int) -> Repository:
        """One of those that the host has now."""
        every = host.by_id()
        return every[number % len(every)]

    # Looking

    def note_truth(self) -> None:
        """The world was changed by hand: from now on this is true."""
        self.memory.history.note(self.bench.run(self.bench.clock.now()), self.places.truth())

    def look(self, step: Step | None = None) -> None:
        """Read what is stored and ask every promise."""
        before, self.now = self.now, self.bench.run(stored.load(self.bench.database))
        seen = Look(before, self.now, step or Step(), self.memory)
        check(seen)
        seen.learn()
        for user in self.users.values():
            page = self.bench.run(list_readable(self.services, user, limit=1_000))
            allowed = {
                (one.repository.host, one.repository.external_id): one.decision
                for one in page.items
            }
            check_answers(self.memory, self.now, user.id, allowed)

    # Workers

    def work(self, mishap: Mishap | None = None) -> bool:
        """Do one job that is due; false where there was none."""
        shift = self.bench.run(self.bench.labour.begin(mishap or Mishap()))
        if shift is None:
            return False
        link_id = None
        if shift.job.kind != Kind.SYNC_REPOSITORY:
            link_id = self.now.account_of(shift.subject)["link_id"]
        step = Step(shift.job.kind, shift.subject, link_id)
        if not shift.task.done():
            self.held.append(Held(shift, step))
            self.look()
            return True
        self.bench.run(shift.task)
        self.look(step)
        return True

    def resume(self, number: int) -> None:
        """A held job comes to its end."""
        if not self.held:
            return
        held = self.held.pop(number % len(self.held))
        self.bench.run(self.bench.labour.resume(held.shift))
        self.look(held.step)

    def kill(self, number: int) -> None:
        """The worker of a held job dies."""
        if not self.held:
            return
        held = self.held.pop(number % len(self.held))
        self.bench.run(self.bench.labour.kill(held.shift))
        self.look()

    def reclaim(self, *, beat: bool) -> None:
        """Jobs of dead workers are queued again; of sleeping ones too, unless they ``beat``."""
        alive = [one.shift for one in self.held] if beat else []
        self.bench.run(self.bench.labour.reclaim(alive))
        self.look()

    def rounds(self) -> None:
        """The periodic work: discover, schedule, tidy."""
        for work in (discover_repositories, schedule_syncs, tidy):
            self.bench.run(work(self.services))
            self.look()

    def pass_time(self, by: timedelta) -> None:
        """Let time pass."""
        self.bench.run(self.bench.clock.advance(by))
        self.look()

    # Hosts

    def change(self, edit: Callable[[], object]) -> None:
        """Something is changed at a host."""
        edit()
        self.note_truth()

    def take(self, host: Host, one: Repository, person: str, *, whole: bool) -> None:
        """A person loses a repository, or everything of its owner."""
        host.revoke(person, one.id)
        if whole:
            host.leave(person, namespace=one.owner)
        self.note_truth()

    def receive(self, verb: str, host: Host, one: Repository, person: str) -> None:
        """A notice about this repository or person reaches the inbox."""
        at = self.bench.run(self.bench.clock.now())
        self.inbox.append(
            Notice(
                verb,
                host.name,
                at,
                person=places.person_id(host, person) if verb in _PERSONAL else None,
                repository=None if verb == "remove_member" else places.repository_id(host, one),
                owner=places.owner_id(host, one.owner) if verb == "remove_member" else None,
            )
        )

    def process(self, number: int, *, again: bool) -> None:
        """A notice is processed; it may come ``again``."""
        if not self.inbox:
            return
        notice = self.inbox[number % len(self.inbox)]
        if not again:
            self.inbox.remove(notice)
        self.bench.run(self._process(notice))
        if notice.repository is None or (notice.host, notice.repository) in self.now.repositories:
            self.memory.notices.append(notice)  # of what nobody knows, nothing can come back
        self.look(Step("notice", notice=notice))

    async def _process(self, notice: Notice) -> None:
        host, at = notice.host, notice.at
        person, one, owner = notice.person or "", notice.repository or "", notice.owner or ""
        works: dict[str, Callable[..., Awaitable[object]]] = {
            "remove_pair": partial(remove_pair, external_id=person, repository=one),
            "remove_member": partial(remove_member, external_id=person, owner_id=owner),
            "close": partial(close_repository, repository=one),
            "drop": partial(drop_repository, repository=one, gone=False),
            "delete": partial(drop_repository, repository=one, gone=True),
            "look": partial(look_again, external_id=person, repository=one),
        }
        async with self.services.database.begin() as connection:
            await works[notice.verb](self.services, connection, host=host, at=at)

    def lie(self, host: Host, one: Repository, person: str, source: str) -> None:
        """A listing leaves out one pair, though it is true: once, where nothing is in doubt."""
        key = Key(
            source, host.name, places.person_id(host, person), places.repository_id(host, one)
        )
        row = self.now.rows.get(key)
        subject = (
            self.now.accounts.get(key[1:3])
            if source == ACCOUNT
            else self.now.repositories.get((key.host, key.repository))
        )
        if row is None or row.missed or subject is None or subject["held_at"] is not None:
            return
        self.memory.lies[key] = self.bench.run(self.bench.clock.now())
        if source == ACCOUNT:
            with places.hidden_repository(host, one):
                self.bench.run(sync_account(self.services, subject["id"], Trigger.SCHEDULE))
            self.look(Step("sync_account", subject["id"], subject["link_id"], lied=True))
        else:
            with places.hidden_person(host, person):
                self.bench.run(sync_repository(self.services, subject["id"], Trigger.SCHEDULE))
            self.look(Step("sync_repository", subject["id"], lied=True))

    # People

    def link(self, host: Host, person: str) -> None:
        """A person links an account, or links it again; a broken host may refuse."""
        user = self.users[OWNED_BY[person]]
        refused = self.bench.run(self._is_disabled(user.id)) or host.name in self.places.faulty
        if refused or host.accounts[person].state != "active":
            return
        self.bench.run(self.world.link(person, host.name, user=user))
        self.look()

    async def _is_disabled(self, user_id: int) -> bool:
        async with self.bench.database.begin() as connection:
            user = await users.load(connection, user_id)
        return user is None or user.disabled_at is not None

    def unlink(self, number: int) -> None:
        """A person unlinks an account."""
        linked = [one for one in self.now.accounts.values() if one["state"] != "unlinked"]
        if linked:
            one = linked[number % len(linked)]
            work = unlink_account(self.services, one["id"], user_id=one["user_id"], actor="user:1")
            self.bench.run(work)
            self.look()

    def disable(self, name: str, *, disabled: bool) -> None:
        """An operator disables a person, or enables them again."""
        work = disable_user(self.services, self.users[name].id, disabled=disabled, actor="operator")
        self.bench.run(work)
        self.look()

    def deny(self, name: str, number: int) -> None:
        """An operator denies a person a repository."""
        if not self.now.repositories:
            return
        user_id = self.users[name].id
        every = sorted(self.now.repositories)
        chosen = every[number % len(every)]
        statement = (
            "INSERT INTO explicit_rule (effect, user_id, repository_id)"
            " VALUES ('deny', :user, :repository) ON CONFLICT DO NOTHING"
        )
        one = self.now.repositories[chosen]["id"]
        self.bench.run(rows(self.bench.database, statement, user=user_id, repository=one))
        self.memory.denied.add((user_id, *chosen))
        self.look()

    def press(self, number: int) -> None:
        """Somebody wants an account or a repository listed now."""
        every = [*self.now.accounts.values(), *self.now.repositories.values()]
        if every:
            self.bench.run(self._press(every[number % len(every)]))
            self.look()

    async def _press(self, one: stored.Columns) -> None:
        if "link_id" not in one:
            async with self.bench.database.begin() as connection:
                await enqueue(connection, Kind.SYNC_REPOSITORY, one["id"], trigger=Trigger.PERSON)
            return
        try:
            await request_sync(self.services, one["id"], Trigger.PERSON, actor="test")
        except PermsyncError:
            assert one["state"] not in LIVING or one["disabled_at"] is not None


_PERSONAL = frozenset({"remove_pair", "remove_member", "look"})
