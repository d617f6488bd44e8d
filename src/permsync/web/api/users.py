"""
POST /v1/users/{user}/disable and /enable: end everything of a person at once, or allow it again.

This module must not know what that means; the flow does.
"""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel
from starlette.requests import Request

from permsync.flows.authenticate_key import Scope
from permsync.flows.disable_user import disable_user
from permsync.web.keys import KeyedRoute, actor_of, needs
from permsync.web.openapi import NO_SUCH, PROBLEMS
from permsync.web.site import services_of
from permsync.web.wire import Id

router = APIRouter(route_class=KeyedRoute)
RESPONSES = {**PROBLEMS, **NO_SUCH}


class UserFacts(BaseModel):
    """A person and whether they are disabled."""

    id: str
    name: str
    disabled: bool


@router.post(
    "/users/{user}/disable",
    summary="Disable a person",
    openapi_extra=needs(Scope.ADMIN),
    responses=RESPONSES,
)
async def disable(request: Request, user: Annotated[Id, Path()]) -> UserFacts:
    """Deny at once, end sessions, stop refreshing."""
    return await _turn(request, user, disabled=True)


@router.post(
    "/users/{user}/enable",
    summary="Enable a person again",
    openapi_extra=needs(Scope.ADMIN),
    responses=RESPONSES,
)
async def enable(request: Request, user: Annotated[Id, Path()]) -> UserFacts:
    """Let evidence count again; ended sessions stay ended."""
    return await _turn(request, user, disabled=False)


async def _turn(request: Request, user: str, *, disabled: bool) -> UserFacts:
    turned = await disable_user(
        services_of(request), int(user), disabled=disabled, actor=actor_of(request)
    )
    return UserFacts(id=str(turned.id), name=turned.name, disabled=turned.disabled_at is not None)
