"""
A client of the simulator for its own tests: links people, refreshes, asks the API.

Speaks plain HTTP over the standard library, so that nothing of the product takes part.
"""

import base64
import hashlib
import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from permsync.simulator.application import dialect_of
from permsync.simulator.browser import consent
from permsync.simulator.host import Host
from permsync.simulator.kinds import roles
from permsync.simulator.samples import callback_of, client_id_of, client_secret_of
from permsync.simulator.server import RunningSimulator

PUBLIC_URL = "http://127.0.0.1:8080"
VERIFIER = "ks02i3jdikdo2k0dkfodf3m39rjfjsdk0wk349rj3jrhf"


@dataclass(frozen=True)
class Answer:
    """What came back; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


def ask(
    method: str, url: str, body: str | None = None, *, headers: dict[str, str] | None = None
) -> Answer:
    """One request on a connection of its own."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body, {"User-Agent": "visitor", **(headers or {})})
        answer = connection.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, names, answer.read())
    finally:
        connection.close()


class Visitor:
    """One host of the sample world, seen through its one registered client."""

    def __init__(self, simulator: RunningSimulator, name: str) -> None:
        self.simulator = simulator
        self.name = name
        self.url = simulator.host_url(name)
        dialect = dialect_of(self.host.kind)
        self.authorize_path, self.token_path = dialect.authorize_path, dialect.token_path
        self.redirect_uri = callback_of(self.host, public_url=PUBLIC_URL)
        self.client_id = client_id_of(name)
        self.secret = client_secret_of(name)
        self.token = ""

    @property
    def host(self) -> Host:
        return self.simulator.world.hosts[self.name]

    @property
    def basic(self) -> dict[str, str]:
        pair = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}

    def authorize_url(self, **changes: str) -> str:
        """The authorisation URL with PKCE; a change to "" leaves the parameter out."""
        digest = hashlib.sha256(VERIFIER.encode()).digest()
        query = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "state": "a-state",
            "scope": roles()[self.host.kind].sample.scope,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        } | changes
        kept = {name: value for name, value in query.items() if value}
        return f"{self.url}{self.authorize_path}?{urlencode(kept)}"

    def code(self, person: str = "ada", *, scopes: list[str] | None = None, **changes: str) -> str:
        """Consent as the person and return the code."""
        location = consent(self.authorize_url(**changes), person=person, scopes=scopes)
        return parse_qs(urlsplit(location).query)["code"][0]

    def post_token(
        self, fields: dict[str, str], *, headers: dict[str, str] | None = None
    ) -> Answer:
        """A request to the token endpoint, authenticated as the host wants it."""
        sent = {"Accept": "application/json"} if headers is None else dict(headers)
        sent["Content-Type"] = "application/x-www-form-urlencoded"
        if self.host.kind == "bitbucket_cloud":
            sent = {**self.basic, **sent}
        else:
            fields = {"client_id": self.client_id, "client_secret": self.secret, **fields}
        return ask("POST", self.url + self.token_path, urlencode(fields), headers=sent)

    def exchange(self, code: str, **changes: str) -> Answer:
        """Redeem a code."""
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": VERIFIER,
        }
        return self.post_token({**fields, **changes})

    def link(self, person: str = "ada", *, scopes: list[str] | None = None) -> dict[str, Any]:
        """Consent and redeem; the access token is then used for `get`."""
        tokens: dict[str, Any] = self.exchange(self.code(person, scopes=scopes)).json
        self.token = tokens["access_token"]
        return tokens

    def refresh(self, refresh_token: str, **changes: str) -> Answer:
        """Present a refresh token."""
        fields = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "redirect_uri": self.redirect_uri,
        }
        return self.post_token({**fields, **changes})

    def get(self, path: str, *, token: str | None = None, **headers: str) -> Answer:
        """Ask the API, as the linked person unless a token is given; "" is anonymous."""
        bearer = self.token if token is None else token
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if bearer:
            sent["Authorization"] = f"Bearer {bearer}"
        url = path if path.startswith("http") else self.url + path
        return ask("GET", url, headers=sent)
