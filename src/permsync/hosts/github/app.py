"""
GitHub asked in the name of a GitHub App: who installed it, and a token for each of them.

Sources: "Generating a JSON Web Token (JWT) for a GitHub App", "REST API endpoints for GitHub
Apps" and the changes of April 2026, since when a token is longer and of no fixed form. This
module must not know a key, nor any person's token.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from permsync.codehost import Ask, Failure, FailureKind, Request, Response
from permsync.codehost.addresses import url_under
from permsync.codehost.answers import is_success, parse_body, sent_at_of
from permsync.codehost.apps import Installation, InstallationsPage, InstallationToken, Statement
from permsync.codehost.paging import parse_follow
from permsync.hosts.github import rows
from permsync.hosts.github.refusals import refine_right
from permsync.oauth2 import parse_credential

COVERED = "covered"
REJECTED = FailureKind.CREDENTIAL_REJECTED

# "Set this 60 seconds in the past", and "no more than 10 minutes into the future": a clock
# that is a minute fast or slow passes.
_BACK, _AHEAD = timedelta(seconds=60), timedelta(minutes=9)


class _Token(msgspec.Struct):
    token: str
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)]


_TOKEN = msgspec.json.Decoder(_Token)
_INSTALLED = msgspec.json.Decoder(list[rows.Installation])


class GithubApps:
    """What is asked of one GitHub as an app; ``headers`` go with every request."""

    def __init__(self, *, api_url: str, headers: Mapping[str, str]) -> None:
        self._api_url = api_url
        self._headers = headers

    def statement(self, app_id: str, *, now: datetime) -> Statement:
        """Who we are, for ten minutes of which one is over."""
        issued, expires = (now - _BACK).timestamp(), (now + _AHEAD).timestamp()
        return {"iat": int(issued), "exp": int(expires), "iss": app_id}

    def installations_ask(self) -> Ask:
        """Ask who installed the app; a page holds 30 unless more are asked for."""
        return Ask("installed", self._request("GET", "app/installations?per_page=100"))

    def parse_installations(self, ask: Ask, response: Response) -> InstallationsPage | Failure:
        """Read one page; an enterprise may be among them, which owns no repository."""
        read = parse_body(response, _INSTALLED)
        if isinstance(read, Failure):
            # "Integration not found": the path is always there, so it is the app that is not.
            is_unknown = read.kind is FailureKind.HIDDEN
            return replace(read, kind=REJECTED) if is_unknown else refine_right(read, response)
        follow = parse_follow(ask, response, api_url=self._api_url)
        if isinstance(follow, Failure):
            return follow
        found = (_installation_of(one, one.account) for one in read if one.account is not None)
        return InstallationsPage(tuple(one for one in found if one.owner), follow)

    def token_request(self, installation: Installation) -> Request:
        """Ask for a token with all that the owner allowed."""
        return self._request("POST", f"app/installations/{installation.external_id}/access_tokens")

    def parse_token(self, response: Response, *, asked_at: datetime) -> InstallationToken | Failure:
        """Read it. No answer that may hold a token is quoted."""
        read = parse_body(response, _TOKEN)
        if isinstance(read, Failure):
            refused = refine_right(read, response)
            return _unquoted(response) if is_success(response) else refused
        token = parse_credential(read.token)
        expires_in = read.expires_at - (sent_at_of(response) or asked_at)
        if token is None or expires_in <= timedelta():
            return _unquoted(response)
        return InstallationToken(token, expires_in)

    def listing_ask(self, installation: Installation) -> Ask:
        """Ask what the owner let the app see."""
        request = self._request("GET", "installation/repositories?per_page=100")
        return Ask(COVERED, request, installation.external_id, installation.owner_id)

    def _request(self, method: str, path: str) -> Request:
        return Request(method, url_under(self._api_url, path=path), self._headers)


def _installation_of(one: rows.Installation, account: rows.Owner) -> Installation:
    return Installation(
        external_id=str(one.id),
        owner_id=str(account.id),
        owner=account.login or "",
        is_suspended=one.suspended_at is not None,
    )


def _unquoted(response: Response) -> Failure:
    detail = f"{response.media_type} of {len(response.body)} bytes"
    return Failure(FailureKind.UNREADABLE, detail)
