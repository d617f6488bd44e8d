"""
The ASGI application: finds the host, lets the faults strike, runs the endpoint, keeps the log.

It knows hosts through dialect.py only. `/control` belongs to control.py, `/` and `/panel` to
panel.py; every other first path segment belongs to a host.
"""

import asyncio
from functools import cache
from http import HTTPStatus
from importlib import import_module

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from permsync.simulator import answers, control, kinds, panel
from permsync.simulator.dialect import Dialect
from permsync.simulator.exchange import (
    AccountRefused,
    Answered,
    Exchange,
    Reason,
    Refused,
    Standing,
    TokenRefused,
    Unauthorized,
)
from permsync.simulator.faults import NextAnswer, RateLimit, Where
from permsync.simulator.host import Host
from permsync.simulator.requestlog import RequestRecord
from permsync.simulator.world import World


@cache
def dialect_of(kind: str) -> Dialect:
    """How the kind talks; raises ``ModuleNotFoundError`` for a kind that is not here."""
    dialect: Dialect = import_module(f"{kinds.__name__}.{kind}.dialect").DIALECT
    return dialect


class SimulatorApplication:
    """Lets a world answer HTTP. The world may be changed, even replaced, between requests."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; there is nothing to start or stop."""
        request = Request(scope, receive)
        response = await self._answer(request, await request.body())
        await response(scope, receive, send)

    async def _answer(self, request: Request, body: bytes) -> Response:
        path = request.url.path
        if path == "/control" or path.startswith("/control/"):
            return control.answer(self.world, request, body)
        if panel.is_panel(path):
            return panel.answer(self.world, request, body)
        host = self._host_at(path)
        if host is None:
            return PlainTextResponse("no such host\n", 404)
        request.scope["root_path"] = host.path
        exchange = _open(self.world, host, request, body)
        host.log.add(exchange.record)
        response = await _respond(exchange, dialect_of(host.kind))
        exchange.record.status = response.status_code
        return response

    def _host_at(self, path: str) -> Host | None:
        return next(
            (host for host in self.world.hosts.values() if path.startswith(f"{host.path}/")), None
        )


def _open(world: World, host: Host, request: Request, body: bytes) -> Exchange:
    path = request.url.path.removeprefix(host.path)
    record = RequestRecord(
        at=world.now(),
        host=host.name,
        method=request.method,
        path=path,
        query=request.url.query,
    )
    exchange = Exchange(world, host, request, body, record)
    if path == dialect_of(host.kind).token_path and request.method == "POST":
        record.grant = exchange.sent("grant_type") or "authorization_code"
        record.presented = exchange.sent("refresh_token") or None
        if exchange.sent("code_verifier"):
            host.tokens.verifiers.append(exchange.sent("code_verifier"))
    return exchange


async def _respond(exchange: Exchange, dialect: Dialect) -> Response:
    faults = exchange.host.faults
    where = _where(exchange, dialect)
    if faults.outage:
        return answers.html(exchange, 503)
    if where is None:
        return _run(exchange, dialect)
    await asyncio.sleep(
        faults.token_latency_seconds if where == "token" else faults.api_latency_seconds
    )
    limit = _limit(exchange, where)
    fault = faults.take(where, f"{exchange.record.path}?{exchange.record.query}")
    if limit is not None:
        response = dialect.rate_limited(exchange, limit)
    elif fault is None:
        response = _run(exchange, dialect)
    else:
        response = await _spoiled(exchange, dialect, fault)
    if where == "token":
        return response
    if faults.slow_down_seconds is not None and response.status_code == HTTPStatus.OK:
        response.headers["Retry-After"] = str(faults.slow_down_seconds)
    if dialect.finish is None:
        return response
    return dialect.finish(exchange, response)


def _where(exchange: Exchange, dialect: Dialect) -> Where | None:
    path = exchange.record.path
    if path == dialect.token_path:
        return "token"
    return "api" if dialect.is_api(path) else None


def _limit(exchange: Exchange, where: Where) -> RateLimit | None:
    faults, now = exchange.host.faults, exchange.world.now()
    if faults.rate_limit is not None and faults.rate_limit.where == where:
        return faults.rate_limit
    quota = faults.quota
    if quota is None or quota.where != where or quota.admits(now):
        return None
    return RateLimit(where=where, retry_after_seconds=quota.wait_seconds(now))


async def _spoiled(exchange: Exchange, dialect: Dialect, fault: NextAnswer) -> Response:
    if fault.shape in answers.PLAIN:
        return answers.PLAIN[fault.shape](exchange)
    if fault.shape.startswith("commit_then"):
        _run(exchange, dialect)
    if fault.shape.endswith("hang"):
        await asyncio.sleep(fault.seconds)
        return answers.html(exchange, 504)
    if fault.shape == "commit_then_502":
        return answers.html(exchange, 502)
    return _worded(exchange, dialect, fault)


def _worded(exchange: Exchange, dialect: Dialect, fault: NextAnswer) -> Response:
    match fault.shape:
        case "rejection":
            return dialect.refuse(exchange, Reason.DEAD_REFRESH)
        case "invalid_client":
            return dialect.refuse(exchange, Reason.WRONG_CLIENT)
        case "unauthorized":
            return dialect.unauthorized(exchange, Standing.REVOKED)
        case "rate_limited":
            return dialect.rate_limited(exchange, RateLimit(where=fault.where))
        case _:
            return dialect.error(exchange, fault.status, exchange.words(fault.message))


def _run(exchange: Exchange, dialect: Dialect) -> Response:
    try:
        return _endpoint(exchange, dialect)
    except TokenRefused as refused:
        return dialect.refuse(exchange, refused.reason)
    except Unauthorized as refused:
        return dialect.unauthorized(exchange, refused.standing)
    except AccountRefused as refused:
        return dialect.blocked(exchange, refused.state)
    except Answered as answered:
        return answered.response
    except Refused as refused:
        if refused.status >= 500:  # noqa: PLR2004
            return answers.html(exchange, refused.status)
        response = dialect.error(exchange, refused.status, exchange.words(refused.message))
        response.headers.update(refused.headers)
        return response


def _endpoint(exchange: Exchange, dialect: Dialect) -> Response:
    for route in dialect.routes:
        match, child = route.matches(exchange.request.scope)
        if match is Match.FULL:
            exchange.params = child["path_params"]
            response: Response = route.endpoint(exchange)
            return response
    raise Refused(404, "Not Found")
