"""
One person linked through one host file at the simulator: the shell that the flows are, small.

It sends what the host file says and hands back what came, over the standard library. This
module must not know any kind of host.
"""

import http.client
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from permsync.codehost import (
    Ask,
    CodeHost,
    Failure,
    HostSettings,
    Identity,
    Page,
    Request,
    Response,
    TokenGrant,
    TokenRefusal,
)
from permsync.hosts import create
from permsync.oauth2 import CallbackCode, code_challenge, parse_callback
from permsync.simulator.browser import consent
from permsync.simulator.samples import client_id_of, client_secret_of
from permsync.simulator.server import RunningSimulator

PUBLIC_URL = "http://127.0.0.1:8080"
VERIFIER = "ks02i3jdikdo2k0dkfodf3m39rjfjsdk0wk349rj3jrhf"
MOST_ASKS = 500


def host_at(
    simulator: RunningSimulator, name: str, *, options: dict[str, str | int | bool] | None = None
) -> CodeHost:
    """The host file for one of the simulator's hosts."""
    return create(
        HostSettings(
            name=name,
            kind=simulator.world.hosts[name].kind,
            base_url=simulator.host_url(name),
            client_id=client_id_of(name),
            client_secret=client_secret_of(name),
            redirect_uri=redirect_uri_of(name),
            options=options or {},
        )
    )


def redirect_uri_of(name: str) -> str:
    """The callback that the sample world registers."""
    return f"{PUBLIC_URL}/link/{name}/callback"


def send(request: Request, *, token: str | None = None) -> Response:
    """One request on a connection of its own; redirects are answers."""
    parts = urlsplit(request.url)
    headers = {"user-agent": "permsync-tests", **request.headers}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    try:
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(request.method, path, request.body, headers)
        answer = connection.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Response(answer.status, names, answer.read())
    finally:
        connection.close()


@dataclass
class LinkedPerson:
    """A person's tokens at one host, and what they are good for."""

    name: str
    host: CodeHost
    granted: TokenGrant

    def refresh(self, refresh_token: str | None = None) -> TokenGrant | TokenRefusal:
        """Spend the refresh token (or another one) and say what came of it."""
        spent = refresh_token or self.granted.refresh_token
        assert spent is not None
        request = self.host.refresh_request(
            refresh_token=spent, redirect_uri=redirect_uri_of(self.name)
        )
        return self.host.parse_refresh(send(request))

    def identity(self) -> Identity | Failure:
        """Who the token belongs to."""
        ask = self.host.identity_ask()
        for _ in range(5):
            answered = send(ask.request, token=self.granted.access_token)
            read = self.host.parse_identity(ask, answered)
            if not isinstance(read, Ask):
                return read
            ask = read
        raise AssertionError("the identity takes too many questions")

    def list_pages(self) -> list[Page] | Failure:
        """Every page of the listing, in the order of asking."""
        asks, pages = list(self.host.listing_asks()), list[Page]()
        for _ in range(MOST_ASKS):
            if not asks:
                return pages
            ask = asks.pop(0)
            answered = send(ask.request, token=self.granted.access_token)
            read = self.host.parse_page(ask, answered)
            if isinstance(read, Failure):
                return read
            pages.append(read)
            asks += read.follow
        raise AssertionError("the listing has no end")

    def revoke(self) -> list[int]:
        """Revoke the tokens; the statuses of the answers."""
        requests = self.host.revoke_requests(
            access_token=self.granted.access_token, refresh_token=self.granted.refresh_token
        )
        return [send(request).status for request in requests]


def link(
    host: CodeHost, *, name: str, person: str = "ada", scopes: list[str] | None = None
) -> LinkedPerson:
    """Consent as a person at a browser and exchange the code."""
    url = host.authorize_url(state="state-1", code_challenge=code_challenge(VERIFIER))
    returned = consent(url, person=person, scopes=scopes)
    assert returned.startswith(redirect_uri_of(name))
    callback = parse_callback(urlsplit(returned).query, state="state-1", issuer=host.sends_issuer)
    assert isinstance(callback, CallbackCode), parse_qs(urlsplit(returned).query)
    answered = send(host.code_request(code=callback.code, code_verifier=VERIFIER))
    granted = host.parse_code(answered)
    assert isinstance(granted, TokenGrant), granted.detail
    return LinkedPerson(name, host, granted)
