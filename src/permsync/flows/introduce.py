"""
Asks with a token that no account holds yet whom it belongs to.

This module must not refresh or store the token; a link that is not made yet cannot heal.
"""

from collections.abc import Callable
from typing import TypeVar

from permsync.codehost import Failure, FailureKind, Request, Response
from permsync.flows.deps import ConfiguredHost, Services

T = TypeVar("T")


class Introduction:
    """A few questions to one host with one bare access token."""

    def __init__(
        self, services: Services, configured: ConfiguredHost, *, access_token: str
    ) -> None:
        self.services = services
        self.configured = configured
        self._access_token = access_token

    async def ask(self, request: Request, read: Callable[[Response], T | Failure]) -> T | Failure:
        """Send ``request`` once and read the answer."""
        answer = await self.services.transport.send(
            request,
            connect_in=self.services.durations.api_connect,
            deadline_in=self.services.durations.api_deadline,
            bearer=self._access_token,
        )
        if isinstance(answer, Response):
            return read(answer)
        return Failure(FailureKind.UNAVAILABLE, detail=answer.reason.value)
