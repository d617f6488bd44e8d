"""
Everything that may happen in a small world, as rules that Hypothesis draws from.

What is decided here: which things there are and how they are spread. What must hold after
each of them is asked by the scene. A rule that finds nothing to do does nothing, so that
the same draws always mean the same run. This module must not judge.
"""

from datetime import timedelta

from hypothesis import strategies as some
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
)

from permsync.simulator.faults import NextAnswer, RateLimit, Shape
from permsync.simulator.host import Host
from permsync.simulator.repositories import Visibility
from tests.evidence import places
from tests.evidence.bench import Bench
from tests.evidence.labour import Mishap
from tests.evidence.places import MOST_REPOSITORIES, PEOPLE
from tests.evidence.scene import OWNED_BY, Scene
from tests.evidence.settling import settle, stop_faults
from tests.evidence.truth import ACCOUNT, REPOSITORY
from tests.world import PUBLIC_URL

PAIRS = (("gitlab", "github"), ("bitbucket-dc", "bitbucket"))
VERBS = ("remove_pair", "remove_member", "close", "drop", "delete", "look")
BROKEN: tuple[Shape, ...] = ("html", "empty", "empty_object", "502", "truncated", "invalid_utf8")
TIMES = tuple(
    timedelta(seconds=each) for each in (1, 16, 40, 300, 3_600, 20 * 3_600, 27 * 3_600, 80 * 3_600)
)

host_number = some.integers(0, 1)
number = some.integers(0, 20)
somebody = some.sampled_from(PEOPLE)
mishaps = some.one_of(
    some.just(Mishap()),
    some.builds(Mishap, hold_at=some.integers(0, 3), late=some.booleans()),
    some.builds(
        Mishap,
        commit=some.integers(0, 9),
        broken=some.sampled_from(["before_commit", "after_commit"]),
    ),
)


class Evidence(RuleBasedStateMachine):
    """A small world, and everything that may happen in it."""

    bench: Bench

    @initialize(
        pair=some.sampled_from(PAIRS),
        members=some.lists(some.tuples(host_number, somebody, number), max_size=10),
        fold_above=some.sampled_from([1, 2, 50]),
    )
    def begin(
        self, pair: tuple[str, str], members: list[tuple[int, str, int]], fold_above: int
    ) -> None:
        """Some people are members somewhere, and three accounts are linked and listed."""
        made = places.build(*pair, public_url=PUBLIC_URL)
        self.scene = Scene(self.bench, made, fold_above=fold_above)
        for at, person, which in members:
            self.add(at, person, which, whole=which % 3 == 0)
        for at, person in ((0, "ada"), (0, "grace"), (1, "ada")):
            self.scene.link(self.scene.host(at), person)
        self.scene.rounds()
        for _ in range(12):
            self.scene.work()

    def teardown(self) -> None:
        """Faults stop, everything is listed and asked, and belief is the truth."""
        if hasattr(self, "scene"):
            settle(self.scene)

    # Changes at a host

    @rule(at=host_number, person=somebody, which=number, whole=some.booleans())
    def add(self, at: int, person: str, which: int, *, whole: bool) -> None:
        """A person is given a repository, or everything of its owner."""
        host = self.scene.host(at)
        one = self.scene.repository(host, which)
        if whole:
            self.scene.change(lambda: host.join(person, namespace=one.owner))
        else:
            self.scene.change(lambda: host.grant(person, one.id))

    @rule(
        at=host_number, person=somebody, which=number, whole=some.booleans(), told=some.booleans()
    )
    def remove(self, at: int, person: str, which: int, *, whole: bool, told: bool) -> None:
        """A person loses a repository, or everything of its owner; a notice may say so."""
        host = self.scene.host(at)
        one = self.scene.repository(host, which)
        self.scene.take(host, one, person, whole=whole)
        if told:
            self.scene.receive("remove_member" if whole else "remove_pair", host, one, person)

    @rule(at=host_number, person=somebody, which=number, late=some.booleans())
    def overtake(self, at: int, person: str, which: int, *, late: bool) -> None:
        """A listing is under way while a person loses what it saw, and a notice comes first."""
        host = self.scene.host(at)
        one = self.scene.repository(host, which)
        every = [*self.scene.now.accounts]
        if (name := (host.name, places.person_id(host, person))) in every:
            self.scene.press(every.index(name))
            self.scene.work(Mishap(hold_at=1, late=late))
            self.scene.take(host, one, person, whole=False)
            self.scene.receive("remove_pair", host, one, person)
            self.scene.process(-1, again=False)

    @rule(
        at=host_number,
        which=number,
        visibility=some.sampled_from(["private", "internal", "public"]),
        told=some.booleans(),
    )
    def show(self, at: int, which: int, visibility: Visibility, *, told: bool) -> None:
        """A repository is opened or closed."""
        host = self.scene.host(at)
        one = self.scene.repository(host, which)
        self.scene.change(lambda: places.set_visibility(host, one, visibility))
        if told and visibility == "private":
            self.scene.receive("close", host, one, PEOPLE[0])

    @rule(at=host_number, which=number, to=number, told=some.booleans())
    def move(self, at: int, which: int, to: int, *, told: bool) -> None:
        """A repository is transferred."""
        host = self.scene.host(at)
        one = self.scene.repository(host, which)
        owners = places.OWNERS[host.name]
        owner = owners[to % len(owners)]
        if host.find_repository(f"{owner}/{one.name}") is None:
            self.scene.change(lambda: host.rename_repository(one.id, owner=owner))
            if told:
                self.scene.receive("drop", host, one, PEOPLE[0])

    @rule(at=host_number, which=number, again=some.booleans(), told=some.booleans())
    def delete(self, at: int, which: int, *, again: bool, told: bool) -> None:
        """A repository is deleted; another may be made under its name."""
        host = self.scene.host(at)
        one = self.scene.repository(host, which)
        if len(host.repositories) == 1 and not again:
            return
        if told:
            self.scene.receive("delete", host, one, PEOPLE[0])
        self.scene.change(lambda: host.remove_repository(one.id))
        if again:
            self.scene.change(lambda: host.add_repository(one.full_name))

    @rule(at=host_number, which=number)
    def create(self, at: int, which: int) -> None:
        """A repository is made."""
        host, owners = self.scene.host(at), places.OWNERS[self.scene.host(at).name]
        name = f"{owners[which % len(owners)]}/new-{which}"
        if len(host.repositories) < MOST_REPOSITORIES and host.find_repository(name) is None:
            self.scene.change(lambda: host.add_repository(name))

    @rule(at=host_number, person=somebody, active=some.booleans())
    def suspend(self, at: int, person: str, *, active: bool) -> None:
        """A person's account at a host is blocked, or in use again."""
        host = self.scene.host(at)
        self.scene.change(lambda: host.set_account_state(person, "active" if active else "blocked"))

    # Notices

    @rule(verb=some.sampled_from(VERBS), at=host_number, which=number, person=somebody)
    def receive(self, verb: str, at: int, which: int, person: str) -> None:
        """A notice arrives, true or not."""
        host = self.scene.host(at)
        self.scene.receive(verb, host, self.scene.repository(host, which), person)

    @rule(which=number, again=some.booleans())
    def process(self, which: int, *, again: bool) -> None:
        """A notice is processed, in any order, perhaps once more later."""
        self.scene.process(which, again=again)

    # Workers

    @rule(more=some.integers(1, 6))
    def work(self, more: int) -> None:
        """A worker does a few jobs."""
        for _ in range(more):
            self.scene.work()

    @rule(mishap=mishaps)
    def stumble(self, mishap: Mishap) -> None:
        """A worker does a job and meets with something."""
        self.scene.work(mishap)

    @rule(which=number, mishap=mishaps)
    def hurry(self, which: int, mishap: Mishap) -> None:
        """Somebody wants a listing now, and a worker begins it."""
        self.scene.press(which)
        self.scene.work(mishap)

    @rule(after=some.sampled_from(TIMES), more=some.integers(1, 6))
    def wait_and_work(self, after: timedelta, more: int) -> None:
        """What was to wait is due, and is done."""
        self.scene.pass_time(after)
        self.work(more)

    @rule(which=number)
    def resume(self, which: int) -> None:
        """A job that was held comes to its end."""
        self.scene.resume(which)

    @rule(which=number)
    def kill(self, which: int) -> None:
        """The worker of a job that was held dies."""
        self.scene.kill(which)

    @rule(beat=some.booleans())
    def reclaim(self, *, beat: bool) -> None:
        """Another worker takes over what stalled."""
        self.scene.reclaim(beat=beat)

    @rule()
    def rounds(self) -> None:
        """The periodic work comes round."""
        self.scene.rounds()

    @rule(which=number)
    def press(self, which: int) -> None:
        """Somebody wants a listing now."""
        self.scene.press(which)

    @rule(by=some.sampled_from(TIMES))
    def pass_time(self, by: timedelta) -> None:
        """Time passes, perhaps more than the hard age."""
        self.scene.pass_time(by)

    # Faults

    @rule(at=host_number, shape=some.sampled_from(BROKEN), times=some.integers(1, 9))
    def spoil(self, at: int, shape: Shape, times: int) -> None:
        """The next answers of a host are no answers."""
        host = self._break(at)
        host.faults.next_answers.append(NextAnswer("api", shape, times=times))

    @rule(at=host_number, limited=some.booleans())
    def outage(self, at: int, *, limited: bool) -> None:
        """A host answers nobody, or limits everybody."""
        host = self._break(at)
        host.faults.outage = not limited
        host.faults.rate_limit = RateLimit() if limited else None

    @rule(at=host_number, which=number)
    def leave_out(self, at: int, which: int) -> None:
        """A host leaves one owner out of its listings, and says so."""
        host = self._break(at)
        owner = places.OWNERS[host.name][which % 2]
        host.faults.sso_partial = [host.namespaces[owner].id]
        host.faults.forbidden_namespaces = [owner]

    @rule()
    def mend(self) -> None:
        """Every fault ends."""
        stop_faults(self.scene)

    def _break(self, at: int) -> Host:
        host = self.scene.host(at)
        self.scene.places.faulty.add(host.name)
        self.scene.note_truth()
        return host

    @rule(at=host_number, which=number, person=somebody, own=some.booleans())
    def lie(self, at: int, which: int, person: str, *, own: bool) -> None:
        """One listing leaves one pair out, though it is true."""
        host = self.scene.host(at)
        if host.name in self.scene.places.faulty:
            return
        one = self.scene.repository(host, which)
        self.scene.lie(host, one, person, ACCOUNT if own else REPOSITORY)

    # People

    @rule(at=host_number, person=somebody)
    def link(self, at: int, person: str) -> None:
        """A person links, or links again."""
        self.scene.link(self.scene.host(at), person)

    @rule(which=number)
    def unlink(self, which: int) -> None:
        """A person unlinks."""
        self.scene.unlink(which)

    @rule(name=some.sampled_from(sorted(set(OWNED_BY.values()))), disabled=some.booleans())
    def disable(self, name: str, *, disabled: bool) -> None:
        """A person is disabled or enabled."""
        self.scene.disable(name, disabled=disabled)

    @rule(name=some.sampled_from(sorted(set(OWNED_BY.values()))), which=number)
    def deny(self, name: str, which: int) -> None:
        """An operator denies a person a repository."""
        self.scene.deny(name, which)
