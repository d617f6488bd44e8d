"""
Routes for programs: the key first, then the body, then its fields.

What is decided here: a route says in its OpenAPI description which scope it needs, and that
very description is what is enforced; a route that says none cannot be made. This module
must not know what a route answers.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from permsync.errors import UnauthenticatedError
from permsync.flows.authenticate_key import Scope, authenticate_key
from permsync.store.service_keys import ServiceKey
from permsync.web.bodies import read_json
from permsync.web.site import services_of

SCHEME = "service_key"
LONGEST_KEY = 200

Answer = Callable[[Request], Coroutine[Any, Any, Response]]


def needs(scope: Scope) -> dict[str, Any]:
    """What a route passes as ``openapi_extra``: the scope that a key must have."""
    return {"security": [{SCHEME: [scope.value]}]}


class KeyedRoute(APIRoute):
    """A route that answers a living service key of the scope it names."""

    def get_route_handler(self) -> Answer:
        """The route's answer, behind the key and the strict reading of the body."""
        answer = super().get_route_handler()
        scope = _needed(self)
        has_body = self.body_field is not None

        async def guarded(request: Request) -> Response:
            request.state.key = await authenticate(request, needs=scope)
            return await answer(await read_json(request) if has_body else request)

        return guarded


def _needed(route: APIRoute) -> Scope:
    match (route.openapi_extra or {}).get("security"):
        case [{"service_key": [scope]}]:
            return Scope(scope)
        case _:
            raise TypeError(f"{route.path} does not say which scope it needs")


async def authenticate(request: Request, *, needs: Scope) -> ServiceKey:
    """
    The key in the ``Authorization`` header, without the key itself.

    Raises ``UnauthenticatedError`` and ``ForbiddenError``.
    """
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not 0 < len(secret) <= LONGEST_KEY:
        raise UnauthenticatedError
    return await authenticate_key(services_of(request), secret, needs=needs)


def key_of(request: Request) -> ServiceKey:
    """Who asks, on a route behind a key."""
    key: ServiceKey = request.state.key
    return key


def actor_of(request: Request) -> str:
    """Who asks, as the audit trail names them."""
    return f"key:{key_of(request).name}"
