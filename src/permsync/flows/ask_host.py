"""
One question to a host in a person's name, asked until there is a verdict.

A refused credential is a verdict only where ``rules.refresh.api_refusal`` says so; an outage
is asked again a few times, backing off; a short wish to wait is kept, a longer one passed
on and made known to all processes, not slept through. What is short grows with the pages that
would have to be asked for anew (``rules.budget.patience``).
What an answer says is read by the host's file; this module must not read it.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from http import HTTPStatus
from typing import TypeVar

from permsync.codehost import Failure, FailureKind, Request, Response
from permsync.codehost.addresses import same_origin
from permsync.codehost.answers import retry_in
from permsync.errors import DatabaseUnavailableError, TokenUnavailableError
from permsync.flows.deps import ConfiguredHost, Services, pause
from permsync.flows.fresh_token import FreshToken, fresh_token
from permsync.flows.plan_refresh import facts_of, load_holding
from permsync.flows.spend_budget import Allowance
from permsync.model import AccountReason, Trigger
from permsync.rules.budget import URGENT, patience
from permsync.rules.failures import Retry, consequence_of
from permsync.rules.refresh.api_refusal import (
    Believe,
    Force,
    LinkedAgain,
    Meaning,
    plan_refused,
)
from permsync.store import sync_wishes
from permsync.store.runs import Tally

T = TypeVar("T")
TRIES = 3
# No account has this id: it stands for whoever asks and is no person.
NO_ACCOUNT = 0
# The host's own words for "I refused that refresh" and "there is nothing to refresh with":
# after a 401 on the current token, either is the end of this credential.
ENDED = frozenset({AccountReason.NO_REFRESH_TOKEN, AccountReason.REFRESH_REFUSED_ONCE})


class Conversation:
    """
    A run's questions to one host through one link.

    It keeps the token between questions, asks for a fresh one when that one turns stale,
    and counts the requests. Every page of a listing goes through the same link; without
    ``reuse`` each question has a socket of its own (EVIDENCE R6). ``etags`` are the
    validators of what was answered, by URL; ``not_modified`` counts the answers by 304, and
    ``pages_read`` what a listing would lose by beginning again.
    ``credential`` says what the host counts requests by, where it is not the account, and
    ``expected`` how many there will be.
    """

    def __init__(
        self,
        services: Services,
        configured: ConfiguredHost,
        *,
        account_id: int,
        link_id: str,
        trigger: Trigger = Trigger.SCHEDULE,
        reuse: bool = True,
        credential: str = "",
        expected: int = 0,
    ) -> None:
        self.services = services
        self.configured = configured
        self.account_id = account_id
        self.link_id = link_id
        self.reuse = reuse
        self.requests = 0
        self.not_modified = 0
        self.pages_read = 0
        self.etags: dict[str, str] = {}
        self.allowance = Allowance(
            services,
            configured,
            credential=credential or f"account {account_id}",
            trigger=trigger,
            expected=expected,
        )
        self._trigger = trigger
        self._rest_until = 0.0
        self._token: FreshToken | None = None
        # The version that came of a forced refresh: pages side by side do not each force one.
        self._forced: int | None = None
        # Another page may have a newer token by the time that somebody heeds the verdict.
        self._judged: int | None = None
        self._ask_again_at = 0.0

    @property
    def sent(self) -> Tally:
        """What it cost so far."""
        return Tally(requests=self.requests, not_modified=self.not_modified)

    @property
    def version(self) -> int | None:
        """The version of the token that the host judged last, else of the one at hand."""
        at_hand = self._token.version if self._token is not None else None
        return at_hand if self._judged is None else self._judged

    async def token(self, *, rejected: FreshToken | None = None) -> FreshToken:
        """A token that is fresh now; another one than ``rejected``."""
        clock = self.services.clock
        known = self._token
        if known is not None and rejected is None and clock.boottime() < self._ask_again_at:
            return known
        if known is not None and rejected is not None and known.version > rejected.version:
            return known
        fresh = await fresh_token(
            self.services,
            self.account_id,
            rejected_version=rejected.version if rejected is not None else None,
        )
        if fresh.link_id != self.link_id:
            raise TokenUnavailableError(reason="linked_again")
        self._token = fresh
        self._ask_again_at = clock.boottime() + self._keep_for(fresh).total_seconds()
        return fresh

    def _keep_for(self, token: FreshToken) -> timedelta:
        most = self.services.durations.api_deadline
        if token.fresh_until is None:
            return most
        return min(most, max(token.fresh_until - self.services.clock.now(), timedelta()))

    async def ask(self, request: Request, read: Callable[[Response], T | Failure]) -> T | Failure:
        """
        Send ``request`` with a fresh token and read the answer.

        Raises ``TokenUnavailableError`` where no token can be had.
        """
        own = self.configured.host.api_urls
        if not any(same_origin(request.url, api_url=each) for each in own):
            return Failure(FailureKind.FOREIGN_LINK)
        token, answer = await self._send_patiently(request, read)
        forced = False
        while token is not None and _is_refused(answer):
            meaning = await self._meaning(token, forced=forced or token.version == self._forced)
            if isinstance(meaning, LinkedAgain):
                raise TokenUnavailableError(reason="linked_again")
            if isinstance(meaning, Believe):
                break
            newer = await self._newer(token)
            if newer is None:
                break
            if isinstance(meaning, Force):
                forced, self._forced = True, newer.version
            token, answer = await self._send_patiently(request, read)
        if token is not None and _ends_access(answer):
            self._judged = token.version
        return answer

    async def _meaning(self, token: FreshToken, *, forced: bool) -> Meaning:
        """Read the account again, and ask what a no to this token means for it."""
        holding = await load_holding(self.services, self.account_id)
        facts = facts_of(holding, refused=True)
        return plan_refused(facts, link_id=self.link_id, version=token.version, forced=forced)

    async def _newer(self, token: FreshToken) -> FreshToken | None:
        """A newer token than the refused one; ``None`` where the refusal is thereby believed."""
        try:
            return await self.token(rejected=token)
        except TokenUnavailableError as error:
            if error.reason in ENDED:
                return None
            raise

    async def _send_patiently(
        self, request: Request, read: Callable[[Response], T | Failure]
    ) -> tuple[FreshToken | None, T | Failure]:
        """The answer, and the token that it was asked for with, where it was asked for."""
        for tried in range(1, TRIES):
            token, answer = await self._send(request, read)
            again_in = self._again_in(answer, tried) if isinstance(answer, Failure) else None
            if again_in is None or not await self._wait(again_in):
                return token, answer
        return await self._send(request, read)

    @property
    def _patience(self) -> timedelta:
        return patience(self.services.durations.limit_wait, pages_read=self.pages_read)

    async def _take(self) -> timedelta | None:
        """Take a request, waiting for it if need be, which is no try; else how long it takes."""
        left = self._patience
        while (spent := await self.allowance.take()) is not None:
            if spent > left or not await self._wait(spent):
                return spent
            left -= spent
        return None

    async def _wait(self, wait_in: timedelta) -> bool:
        """Wait; false where others wait long already, or somebody pressed who need not."""
        if wait_in <= self.services.durations.limit_wait:
            return await self._wait_on(wait_in)
        places = self.services.long_waits
        with places.place(self.configured.name, run=id(self)) as has_place:
            return has_place and await self._wait_on(wait_in)

    async def _wait_on(self, wait_in: timedelta) -> bool:
        clock, look_in = self.services.clock, self.services.durations.run_look
        until = clock.boottime() + wait_in.total_seconds()
        while (left := timedelta(seconds=until - clock.boottime())) > look_in:
            await pause(look_in)
            if self._trigger not in URGENT and await self._is_pressed():
                return False
        await pause(max(left, timedelta()))
        return True

    async def _is_pressed(self) -> bool:
        """A database that is away presses nothing: the work itself will meet it."""
        with suppress(DatabaseUnavailableError):
            async with self.services.database.single() as connection:
                return await sync_wishes.load_waits(connection, self.account_id)
        return False

    def _again_in(self, failure: Failure, tried: int) -> timedelta | None:
        """How soon the same question may be asked again in this run, if it may."""
        retry, durations = consequence_of(failure.kind).retry, self.services.durations
        if retry is Retry.AT_ONCE:
            jitter = 0.5 + self.services.chance.jitter()
            return durations.api_backoff * float(2 ** (tried - 1)) * jitter
        if retry is Retry.WHEN_TOLD and failure.retry_in is not None:
            return failure.retry_in if failure.retry_in <= self._patience else None
        return None

    async def _rest(self) -> None:
        """A short limit that one question met is kept by all of this run."""
        left = self._rest_until - self.services.clock.boottime()
        if left > 0:
            await pause(timedelta(seconds=left))

    async def _limited(self, wait_in: timedelta) -> None:
        """The host refuses everything for a while: a long one is everybody's business."""
        if wait_in > self.services.durations.limit_wait:
            await self.allowance.stop(wait_in)
            return
        until = self.services.clock.boottime() + wait_in.total_seconds()
        self._rest_until = max(self._rest_until, until)

    async def _send(
        self, request: Request, read: Callable[[Response], T | Failure]
    ) -> tuple[FreshToken | None, T | Failure]:
        await self._rest()
        spent = await self._take()
        if spent is not None:
            return None, Failure(FailureKind.RATE_LIMITED, retry_in=spent)
        # After the waits: a token may end during one, and a no to it would be believed.
        token = await self.token()
        self.requests += 1
        answer = await self.services.transport.send(
            request,
            connect_in=self.services.durations.api_connect,
            deadline_in=self.services.durations.api_deadline,
            reuse=self.reuse,
            bearer=token.access_token,
        )
        if not isinstance(answer, Response):
            return token, Failure(FailureKind.UNAVAILABLE, detail=answer.reason.value)
        self.allowance.note(answer)
        self.not_modified += answer.status == HTTPStatus.NOT_MODIFIED
        if "etag" in answer.headers:
            self.etags[request.url] = answer.headers["etag"]
        meaning = read(answer)
        wish = self._wish(answer, meaning)
        if wish is not None:
            await self._limited(wish)
        return token, meaning

    def _wish(self, answer: Response, meaning: object) -> timedelta | None:
        """How long the host wants to be left alone: it may answer and say so (HOSTS 1.3 #24)."""
        if not isinstance(meaning, Failure):
            return retry_in(answer)
        if meaning.kind is FailureKind.RATE_LIMITED:
            return meaning.retry_in or self.services.durations.sync_backoff
        return None


def _is_refused(answer: object) -> bool:
    return isinstance(answer, Failure) and answer.kind is FailureKind.CREDENTIAL_REJECTED


def _ends_access(answer: object) -> bool:
    return isinstance(answer, Failure) and consequence_of(answer.kind).state is not None
