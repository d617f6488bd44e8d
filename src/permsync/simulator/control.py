"""
The control interface: levers, edits, state and records over HTTP, for demos and other processes.

`GET /control` lists the levers; `POST /control/{host}/{lever}` pulls one with a JSON object of
arguments. Unknown names and wrong arguments get 400 and a JSON message. It is not protected:
the simulator listens on this machine only.
"""

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
from pydantic import ConfigDict, ValidationError, validate_call
from starlette.requests import Request
from starlette.responses import Response

from permsync.simulator.edits import EDITS
from permsync.simulator.exchange import json_answer
from permsync.simulator.hook_levers import HOOK_LEVERS
from permsync.simulator.levers import LEVERS, Place
from permsync.simulator.world import World


class WrongCommandError(Exception):
    """The request names nothing that exists, or its arguments do not fit."""


@cache
def _checked(function: Callable[..., object]) -> Callable[..., object]:
    """
    The same function, with arguments checked against their annotations at each call.

    Made when it is first called: to make them all takes as long as a fifth of the program's
    start, and few commands need one.
    """
    return validate_call(config=ConfigDict(arbitrary_types_allowed=True))(function)


def answer(world: World, request: Request, body: bytes) -> Response:
    """Answer one request below `/control`."""
    path = request.url.path.removeprefix("/control").strip("/")
    try:
        if request.method == "GET":
            return json_answer(_shown(world, path, dict(request.query_params)))
        if request.method == "POST":
            return json_answer(_done(world, path, _arguments(body)))
        raise WrongCommandError(f"{request.method} is not understood here")
    except WrongCommandError as wrong:
        return json_answer({"error": str(wrong)}, status=400)


def listed() -> dict[str, Any]:
    """Every lever with its sentence and its arguments."""
    return {
        name: {
            "does": (inspect.getdoc(function) or "").partition("\n")[0],
            "arguments": {
                argument.name: str(argument).partition(": ")[2]
                for argument in inspect.signature(function).parameters.values()
                if argument.kind is inspect.Parameter.KEYWORD_ONLY
            },
        }
        for name, function in _TABLE.items()
    }


def _shown(world: World, path: str, query: dict[str, str]) -> Any:
    match path:
        case "":
            return {"hosts": sorted(world.hosts), "levers": listed(), "world": sorted(_WORLD)}
        case "state":
            return world.dump()
        case "secrets":
            return {"secrets": sorted(world.secrets()), "canaries": world.canaries}
        case "requests":
            limit = query.get("limit", "")
            chosen = int(limit) if limit.isdecimal() else None
            return {"requests": world.requests(query.get("host"), chosen)}
        case _:
            raise WrongCommandError(f"there is no /control/{path}")


def _done(world: World, path: str, arguments: dict[str, Any]) -> dict[str, Any]:
    name, _, lever = path.partition("/")
    try:
        if not lever:
            if name not in _WORLD:
                raise WrongCommandError(f"there is no command {name!r}")
            return {"result": _checked(_WORLD[name])(world, **arguments)}
        if name not in world.hosts:
            raise WrongCommandError(f"there is no host {name!r}")
        if lever not in _TABLE:
            raise WrongCommandError(f"there is no lever {lever!r}")
        return {"result": _checked(_TABLE[lever])(Place(world, world.hosts[name]), **arguments)}
    except ValidationError as invalid:
        faults = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in invalid.errors()]
        raise WrongCommandError("; ".join(faults)) from None
    except KeyError as missing:
        raise WrongCommandError(f"there is no {missing.args[0]!r}") from None


def _arguments(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body or b"{}", type=dict[str, Any])
    except msgspec.DecodeError as wrong:
        raise WrongCommandError(f"the body must be a JSON object: {wrong}") from None


def _reset(world: World, *, state: dict[str, Any] | None = None) -> None:
    """Goes back to the world that the server started with, or to a dumped one."""
    world.restore(state) if state is not None else world.reset()


def _advance(world: World, *, seconds: float) -> float:
    """Lets time pass; returns the world's time."""
    world.advance(seconds)
    return world.now()


_TABLE = {**LEVERS, **EDITS, **HOOK_LEVERS}
_WORLD: dict[str, Callable[..., object]] = {"reset": _reset, "advance": _advance}
