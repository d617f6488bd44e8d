"""
Health: is the process alive, can it answer, and what has it counted.

What is decided here: being alive asks nobody; being ready asks the database. This module
must not know what is counted.
"""

from contextlib import suppress
from http import HTTPStatus

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from permsync.errors import DatabaseUnavailableError
from permsync.flows.authenticate_key import Scope
from permsync.flows.check_readiness import Readiness, check_readiness
from permsync.flows.measure import measure
from permsync.web.keys import authenticate
from permsync.web.problems import make_problem, respond
from permsync.web.site import services_of, site_of

router = APIRouter(include_in_schema=False)

NOT_READY = {
    Readiness.DATABASE_UNAVAILABLE: "The database does not answer.",
    Readiness.SCHEMA_DIFFERS: "The database has not the tables of this version.",
}


@router.get("/healthz")
async def alive() -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "alive"})


@router.get("/readyz")
async def ready(request: Request) -> Response:
    """The database answers and its tables are ours; else a problem with status 503."""
    readiness = await check_readiness(services_of(request))
    if readiness is Readiness.READY:
        return JSONResponse({"status": "ready"})
    problem = make_problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        code="not_ready",
        title="The service is not ready",
        detail=NOT_READY[readiness],
        reason=readiness.value,
    )
    return respond(problem)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Every series in Prometheus' text format; without a database, those of this process."""
    if not site_of(request).metrics_open:
        await authenticate(request, needs=Scope.ADMIN)
    services = services_of(request)
    with suppress(DatabaseUnavailableError):
        await measure(services)
    counted = services.metrics
    return Response(counted.render(), media_type=counted.media_type)
