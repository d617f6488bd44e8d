"""
One question to a host in a person's name, asked until there is a verdict.

A refused credential is a verdict only after one forced refresh and one repeat; an outage
is asked again a few times, backing off; a wish to wait is passed on, not slept through.
What an answer says is read by the host's file; this module must not read it.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from permsync.codehost import Failure, FailureKind, Request, Response
from permsync.codehost.addresses import same_origin
from permsync.errors import TokenUnavailableError
from permsync.flows.deps import ConfiguredHost, Services, pause
from permsync.flows.fresh_token import FreshToken, fresh_token
from permsync.model import AccountReason

T = TypeVar("T")
TRIES = 3
# The host's own words for "I refused that refresh" and "there is nothing to refresh with":
# after a 401 on the current token, either is the end of this credential.
ENDED = frozenset({AccountReason.NO_REFRESH_TOKEN, AccountReason.REFRESH_REFUSED_ONCE})


class Conversation:
    """
    A run's questions to one host through one link.

    It keeps the token between questions, asks for a fresh one when that one turns stale,
    and counts the requests. Every page of a listing goes through the same link.
    """

    def __init__(
        self, services: Services, configured: ConfiguredHost, *, account_id: int, link_id: str
    ) -> None:
        self.services = services
        self.configured = configured
        self.account_id = account_id
        self.link_id = link_id
        self.requests = 0
        self._token: FreshToken | None = None
        self._ask_again_at = 0.0

    @property
    def version(self) -> int | None:
        """The version of the token that the last question was asked with."""
        return self._token.version if self._token is not None else None

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
        api_url = self.configured.host.api_url
        if same_origin(request.url, api_url=api_url) is None:
            return Failure(FailureKind.FOREIGN_LINK)
        token = await self.token()
        answer = await self._send_patiently(request, token, read)
        if not _is_refused(answer):
            return answer
        try:
            token = await self.token(rejected=token)
        except TokenUnavailableError as error:
            if error.reason in ENDED:
                return answer
            raise
        return await self._send_patiently(request, token, read)

    async def _send_patiently(
        self, request: Request, token: FreshToken, read: Callable[[Response], T | Failure]
    ) -> T | Failure:
        backoff = self.services.durations.api_backoff
        for tried in range(1, TRIES + 1):
            answer = await self._send(request, token, read)
            if not _is_outage(answer) or tried == TRIES:
                break
            await pause(backoff * (2 ** (tried - 1)) * (0.5 + self.services.chance.jitter()))
        return answer

    async def _send(
        self, request: Request, token: FreshToken, read: Callable[[Response], T | Failure]
    ) -> T | Failure:
        self.requests += 1
        answer = await self.services.transport.send(
            request,
            connect_in=self.services.durations.api_connect,
            deadline_in=self.services.durations.api_deadline,
            bearer=token.access_token,
        )
        if isinstance(answer, Response):
            return read(answer)
        return Failure(FailureKind.UNAVAILABLE, detail=answer.reason.value)


def _is_refused(answer: object) -> bool:
    return isinstance(answer, Failure) and answer.kind is FailureKind.CREDENTIAL_REJECTED


def _is_outage(answer: object) -> bool:
    return isinstance(answer, Failure) and answer.kind is FailureKind.UNAVAILABLE
