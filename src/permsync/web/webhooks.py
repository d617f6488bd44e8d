"""
POST /webhooks/{host}: what a code host tells us by itself.

What is decided here: the status. 202 says that something follows, 204 that nothing more does;
a host needs no other answer, and reads no word of its own. There is no session, and so
nothing that a foreign page could misuse. This module must not know a host or a signature.
"""

from http import HTTPStatus

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from permsync.flows.receive_webhook import Received, receive_webhook
from permsync.web.site import services_of

router = APIRouter(include_in_schema=False)

PREFIX = "/webhooks/"


@router.post(PREFIX + "{host}")
async def receive(request: Request, host: str) -> Response:
    """Store a delivery; a problem document where it is not the host's."""
    received = await receive_webhook(
        services_of(request), host=host, headers=_headers(request), body=await request.body()
    )
    waits = received is Received.ACCEPTED
    return Response(status_code=HTTPStatus.ACCEPTED if waits else HTTPStatus.NO_CONTENT)


def _headers(request: Request) -> dict[str, str]:
    """Every header once; a name that came twice has both values, which no signature survives."""
    headers = request.headers
    return {name: ", ".join(headers.getlist(name)) for name in headers}
