"""
Bitbucket Data Center: what is said there and what it means.

A dead token is not refused everywhere: with public access on, a listing answers 200 and is
empty. So a probe that only signed-in people may ask comes first, and every answer must name
its person (``X-AUSERNAME``). Facts: HOSTS 5 and Atlassian's REST documentation. This module
must not know any other host, any transport or the clock.
"""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Annotated, ClassVar, TypeVar
from urllib.parse import quote, unquote

import msgspec

from permsync import oauth2
from permsync.codehost import (
    Ask,
    Failure,
    FailureKind,
    HostSettings,
    Identity,
    KnownRepository,
    Page,
    PairAnswer,
    Reader,
    ReadersPage,
    Request,
    Response,
    Rotation,
)
from permsync.codehost.addresses import url_under
from permsync.codehost.answers import parse_body, parse_count, said
from permsync.codehost.options import Parallel, Rotating, parse_options
from permsync.codehost.web_addresses import segments_at
from permsync.hosts.bitbucket_datacenter import rows
from permsync.hosts.bitbucket_datacenter.hooks import HOOKS
from permsync.model import Level
from permsync.oauth2.code_flow import CodeFlow, Dialect

T = TypeVar("T")

_WHO, _BY_SLUG, _BY_FILTER, _PROBE, _REPOSITORIES = "who", "person", "people", "probe", "repos"
_HOLDERS = "users?permission.1=REPO_READ&permission.1.repositoryId={}&limit=1000"

# Each holds the ones before it.
_SCOPES: tuple[str, ...] = ("PUBLIC_REPOS", "REPO_READ", "REPO_WRITE", "REPO_ADMIN")
_SCOPES += ("PROJECT_ADMIN", "ADMIN_WRITE", "SYSTEM_ADMIN")

_DIALECT = Dialect(
    authorize="rest/oauth2/latest/authorize",
    token="rest/oauth2/latest/token",  # noqa: S106 - a path
    implied={wider: (inside,) for inside, wider in pairwise(_SCOPES)},
    # The defaults of a server; what it says counts.
    life=timedelta(hours=1),
    refresh_life=timedelta(days=90),
    redirect_on_refresh=True,
)


class _Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    public_access: Annotated[
        bool, msgspec.Meta(description="Off where the server has `feature.public.access=false`.")
    ] = True
    rotation: Rotating = Rotation.STRICT
    parallel: Parallel = 4


class Host(CodeFlow):
    """One Bitbucket Data Center, through its incoming application link."""

    kind: ClassVar[str] = "bitbucket_datacenter"
    title: ClassVar[str] = "Bitbucket Data Center"
    opens_internal = False  # there is no such visibility
    sends_issuer = None
    hooks = HOOKS
    options = _Options

    def __init__(self, settings: HostSettings) -> None:
        options = parse_options(settings, _Options)
        super().__init__(settings, _DIALECT, scopes=settings.scopes or ("REPO_READ",))
        self._public_access = options.public_access
        self.api_url = settings.api_url or url_under(settings.base_url, path="rest/api/latest")
        self.rotation = options.rotation
        self.parallel = options.parallel

    def revoke_requests(
        self, *, access_token: str | None, refresh_token: str | None
    ) -> tuple[Request, ...]:
        """Revoke both tokens, the one that makes others first (RFC 7009)."""
        endpoint = self._url("rest/oauth2/latest/revoke")
        return tuple(
            oauth2.form_request(endpoint, self._client, {"token": token})
            for token in (refresh_token, access_token)
            if token
        )

    def names_at(self, address: str) -> tuple[str, ...]:
        """Read a project's or a person's page; clones write the key small that is in capitals."""
        match segments_at(address, base_url=self._settings.base_url):
            case "projects", key, "repos", name, *_:
                return (f"{key}/{name}",)
            case "users", owner, "repos", name, *_:
                return (f"~{owner}/{name}",)
            case ("scm", key, name, *_) | (key, name):
                return (f"{key.upper()}/{name}", f"{key}/{name}")
            case _:
                return ()

    def identity_ask(self) -> Ask:
        """Ask anything: the answer's header names the person, and no endpoint does."""
        return self._ask(_WHO, "application-properties")

    def parse_identity(self, ask: Ask, response: Response) -> Identity | Ask | Failure:
        """
        Read the name, then the person of that name, whose integer id is the identity.

        The path wants a slug, which may differ from the name; then a search for the name
        helps, of which only an exact hit counts.
        """
        name = _person_of(response)
        if ask.step == _WHO:
            answer = _parse_signed(ask, response, rows.SERVER)
            path = f"users/{quote(name, safe='')}"
            return answer if isinstance(answer, Failure) else self._ask(_BY_SLUG, path)
        if ask.step == _BY_SLUG:
            person = _parse_signed(ask, response, rows.PERSON)
            if isinstance(person, Failure) and person.kind is not FailureKind.HIDDEN:
                return person
            if isinstance(person, rows.Person) and person.name.lower() == name.lower():
                return Identity(str(person.id), person.name)
            return self._ask(_BY_FILTER, f"users?filter={quote(name, safe='')}&limit=1000")
        people = _parse_signed(ask, response, rows.PEOPLE)
        if isinstance(people, Failure):
            return people
        found = [one for one in people.values if one.name.lower() == name.lower()]
        if len(found) != 1:
            return Failure(FailureKind.UNREADABLE, f"{len(found)} people have the name")
        return Identity(str(found[0].id), found[0].name)

    def granted_scopes(self, response: Response) -> frozenset[str] | None:  # noqa: ARG002
        """No API answer tells the scopes."""
        return None

    def listing_asks(self) -> tuple[Ask, ...]:
        """Probe first: only signed-in people get an answer to this one."""
        return (self._ask(_PROBE, "profile/recent/repos?limit=1"),)

    def parse_page(self, ask: Ask, response: Response) -> Page | Failure:
        """
        Read one page, if it names the person it was made for.

        Pages follow the server's own start, because entries are filtered after they are
        counted; for the same reason a page may be empty and not the last.
        """
        answer = _parse_signed(ask, response, rows.REPOSITORIES)
        if isinstance(answer, Failure):
            return answer
        if ask.step == _PROBE:
            return Page(follow=(self._from(0),))
        page = Page(
            repositories=tuple(
                rows.listed_of(one, public_access=self._public_access) for one in answer.values
            ),
            seen=frozenset(str(one.id) for one in answer.values),
        )
        start = answer.next_page_start
        if answer.is_last_page:
            return page
        if start is None or start <= int(ask.about):
            return Failure(FailureKind.UNREADABLE, said(response))
        return replace(page, follow=(self._from(start),))

    def pair_ask(self, repository: KnownRepository, person: Identity) -> Ask:
        """Ask who of that name holds the right, by the repository's id: names move."""
        path = f"{_HOLDERS.format(parse_count(repository.external_id))}&start=0"
        asked = f"{path}&filter={quote(person.login, safe='')}"
        return self._ask("pair", asked, about=person.external_id)

    def parse_pair(self, ask: Ask, response: Response) -> PairAnswer | Failure:
        """Read it; only an exact hit counts, and a repository that is gone is read by nobody."""
        answer = _parse_signed(ask, response, rows.HOLDERS)
        if isinstance(answer, Failure):
            return PairAnswer(None) if answer.kind is FailureKind.HIDDEN else answer
        if any(str(one.id) == ask.about for one in answer.values):
            return PairAnswer(Level.READ)
        return PairAnswer(None) if answer.is_last_page else Failure(FailureKind.UNREADABLE)

    def readers_ask(self, repository: KnownRepository) -> Ask:
        """Ask for everybody who holds the right, through groups and projects too."""
        path = _HOLDERS.format(parse_count(repository.external_id))
        return self._ask(path, f"{path}&start=0", about="0")

    def parse_readers(self, ask: Ask, response: Response) -> ReadersPage | Failure:
        """Read one page; pages follow the server's own start."""
        answer = _parse_signed(ask, response, rows.HOLDERS)
        if isinstance(answer, Failure):
            return answer
        readers = tuple(Reader(str(one.id)) for one in answer.values if one.active)
        start = answer.next_page_start
        if answer.is_last_page:
            return ReadersPage(readers)
        if start is None or start <= int(ask.about):
            return Failure(FailureKind.UNREADABLE, said(response))
        further = self._ask(ask.step, f"{ask.step}&start={start}", about=str(start))
        return ReadersPage(readers, (further,))

    def _from(self, start: int) -> Ask:
        """Ask for what was granted, archived ones too; without ``permission`` all is listed."""
        path = f"repos?permission=REPO_READ&archived=ALL&limit=1000&start={start}"
        return self._ask(_REPOSITORIES, path, about=str(start))

    def _ask(self, step: str, path: str, *, about: str = "") -> Ask:
        headers = {"accept": "application/json"}
        return Ask(step, Request("GET", url_under(self.api_url, path=path), headers), about)


def _parse_signed(ask: Ask, response: Response, decoder: msgspec.json.Decoder[T]) -> T | Failure:
    """
    Read an answer that was made for somebody.

    Nobody's answer means that the token is dead, however well it reads. A 401 that names a
    person is a matter of rights, except at the probe, which refuses nobody (HOSTS 5.5).
    """
    answer, name = parse_body(response, decoder), _person_of(response)
    if not isinstance(answer, Failure):
        return answer if name else Failure(FailureKind.CREDENTIAL_REJECTED)
    if answer.kind is FailureKind.CREDENTIAL_REJECTED and name and ask.step != _PROBE:
        return replace(answer, kind=FailureKind.FORBIDDEN)
    return answer


def _person_of(response: Response) -> str:
    """The user name an answer was made for, as the server knows it; empty for nobody."""
    name = unquote(response.headers.get("x-ausername", "").strip())
    return name if name.isprintable() else ""
