"""
Azure DevOps Services: what is said there and at Microsoft Entra ID, and what it means.

People sign in at Entra; who they are and which organisations they belong to is asked at one
service, the repositories of each organisation at another. A token that is good may be
refused by one organisation, which is a gap and not the token's end; a dead one is answered by
a page to sign in at. Nothing lists the readers of a repository. Facts: HOSTS 7 and Microsoft's
REST and identity platform documentation. This module must not know any other host, any
transport or the clock.
"""

from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, ClassVar, TypeVar
from urllib.parse import quote, urlsplit

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
    Request,
    Response,
    Rotation,
    TokenAnswer,
)
from permsync.codehost.addresses import url_under
from permsync.codehost.answers import parse_body, said
from permsync.codehost.limits import refine_limit
from permsync.codehost.options import Parallel, Rotating, parse_options
from permsync.codehost.web_addresses import segments_at
from permsync.hosts.azure_devops import entra, rows
from permsync.hosts.azure_devops.addresses import names_in
from permsync.model import Level, Visibility
from permsync.oauth2.code_flow import CodeFlow, Dialect

T = TypeVar("T")

_CLOUD = "dev.azure.com"
_PROFILES = "https://app.vssps.visualstudio.com"

_PROFILE, _ORGANISATIONS, _REPOSITORIES = "profile", "organisations", "repositories"
_ME = "_apis/profile/profiles/me?api-version=7.1"
_VERSION = "api-version=7.1"

_OF_AN_ORGANISATION: dict[int, FailureKind] = {
    HTTPStatus.UNAUTHORIZED: FailureKind.FORBIDDEN,
    HTTPStatus.NOT_FOUND: FailureKind.HIDDEN,
}
_REDIRECTS = range(300, 400)
# "The Git repository with name or identifier ... does not exist or you do not have
# permissions": an organisation that is unknown has other words.
_NO_REPOSITORY = "tf401019"
_BLOCKED = "tf400733"

# A secret travels to one of them and tokens to the other: http only within this machine.
_ADDRESS = r"\A(https://[^\s?#@]+|http://(127\.0\.0\.1|localhost)(:\d+)?(/[^\s?#@]*)?|)\Z"


class _Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tenant: Annotated[
        str,
        msgspec.Meta(
            pattern=r"\A[A-Za-z0-9][A-Za-z0-9.-]{0,252}\Z",
            description="The directory that people sign in to: its id, one of its domains, or"
            " `organizations` for those of all directories.",
        ),
    ] = "organizations"
    login_url: Annotated[
        str,
        msgspec.Meta(
            pattern=_ADDRESS,
            description="Where Entra ID is, if not at login.microsoftonline.com for"
            " dev.azure.com and at `base_url` for everything else.",
        ),
    ] = ""
    profile_url: Annotated[
        str,
        msgspec.Meta(
            pattern=_ADDRESS,
            description="Where profiles and organisations are asked for, if not at"
            " app.vssps.visualstudio.com for dev.azure.com and at the API for everything else.",
        ),
    ] = ""
    refresh_days: Annotated[
        int, msgspec.Meta(ge=1, le=365, description="How many days a refresh token lives unused.")
    ] = 90
    rotation: Rotating = Rotation.TOLERANT
    parallel: Parallel = 4


class Host(CodeFlow):
    """Azure DevOps Services, as one client registered at Entra ID sees it."""

    kind: ClassVar[str] = "azure_devops"
    title: ClassVar[str] = "Azure DevOps"
    clouds = frozenset({_CLOUD})
    # What its organisation may read, each member's own listing holds.
    opens_internal = False
    sends_issuer = None
    hooks = None  # service hooks tell nothing of permissions and sign nothing
    options = _Options

    def __init__(self, settings: HostSettings) -> None:
        options = parse_options(settings, _Options)
        dialect = Dialect(
            authorize=f"{options.tenant}/oauth2/v2.0/authorize",
            token=f"{options.tenant}/oauth2/v2.0/token",
            words=entra.WORDS,
            life=timedelta(hours=1),
            refresh_life=timedelta(days=options.refresh_days),
        )
        super().__init__(settings, dialect, scopes=settings.scopes or entra.SCOPES)
        is_cloud = urlsplit(settings.base_url).netloc == _CLOUD
        # People copy the address of their organisation, which each ask names itself.
        base_url = f"https://{_CLOUD}" if is_cloud else settings.base_url
        self.api_url = settings.api_url or base_url
        self._profile_url = options.profile_url or (_PROFILES if is_cloud else self.api_url)
        self._login_url = options.login_url or (entra.LOGIN if is_cloud else settings.base_url)
        self._is_shared = options.tenant.lower() in entra.SHARED
        self.rotation = options.rotation
        self.parallel = options.parallel

    @property
    def api_urls(self) -> tuple[str, ...]:
        """That of the organisations, and that of people."""
        return (self.api_url, self._profile_url)

    def refresh_request(self, *, refresh_token: str, redirect_uri: str) -> Request:  # noqa: ARG002 - not needed there
        """Name the scopes again: without them the client may ask for itself (AADSTS90009)."""
        fields = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "scope": " ".join(self.scopes),
        }
        return oauth2.form_request(self._url(self._dialect.token), self._client, fields)

    def parse_refresh(self, response: Response) -> TokenAnswer:
        """Read it; where people of many directories sign in, each speaks for its own."""
        answer = super().parse_refresh(response)
        return entra.of_one_directory(answer) if self._is_shared else answer

    def revoke_requests(
        self,
        *,
        access_token: str | None,  # noqa: ARG002 - Entra ends all sessions of a person or none
        refresh_token: str | None,  # noqa: ARG002
    ) -> tuple[Request, ...]:
        """No token can be revoked by itself; unused ones die after their days."""
        return ()

    def missing_scopes(self, granted: frozenset[str] | None) -> frozenset[str]:
        """The scopes asked for and not held, by the words that Entra answers with."""
        if not granted:
            return super().missing_scopes(granted)
        return entra.missing_scopes(self.scopes, granted)

    def names_at(self, address: str) -> tuple[str, ...]:
        """Read a page, or what ssh clones from."""
        return names_in(segments_at(address, base_url=self._settings.base_url))

    def scope_title(self, scope: str) -> str:
        """What people read for a scope: the word of it, without the id of Azure DevOps."""
        return entra.title_of(scope)

    def granted_scopes(self, response: Response) -> frozenset[str] | None:  # noqa: ARG002
        """No API answer tells the scopes."""
        return None

    def identity_ask(self) -> Ask:
        """Ask for the person's profile; its GUID is the identity, addresses change."""
        return self._ask_people("identity", _ME)

    def parse_identity(self, ask: Ask, response: Response) -> Identity | Ask | Failure:
        """Read the profile."""
        person = _parse(ask, response, rows.PROFILE)
        if isinstance(person, Failure):
            return person
        external_id = rows.normal(person.id)
        login = person.email_address or person.display_name or external_id
        return Identity(external_id, login)

    def listing_asks(self) -> tuple[Ask, ...]:
        """Ask for the profile first: organisations are listed for a person by id."""
        return (self._ask_people(_PROFILE, _ME),)

    def parse_page(self, ask: Ask, response: Response) -> Page | Failure:
        """Read the profile, then the organisations, then what is in each of them."""
        if ask.step == _PROFILE:
            return self._of_person(ask, response)
        if ask.step == _ORGANISATIONS:
            return self._of_organisations(ask, response)
        answer = _parse(ask, response, rows.REPOSITORIES)
        if isinstance(answer, Failure):
            return answer
        readable = (one for one in answer.value if not one.is_disabled)
        return Page(
            tuple(rows.listed_of(one, organisation=ask.about, id=ask.owner_id) for one in readable),
            series=ask.owner_id,
            seen=frozenset(rows.normal(one.id) for one in answer.value),
            expected=answer.count,
        )

    def _of_person(self, ask: Ask, response: Response) -> Page | Failure:
        person = _parse(ask, response, rows.PROFILE)
        if isinstance(person, Failure):
            return person
        path = f"_apis/accounts?memberId={rows.normal(person.id)}&{_VERSION}"
        return Page(follow=(self._ask_people(_ORGANISATIONS, path),))

    def _of_organisations(self, ask: Ask, response: Response) -> Page | Failure:
        """Organisations are asked one by one; they are addressed by name only."""
        answer = _parse(ask, response, rows.ORGANISATIONS)
        if isinstance(answer, Failure):
            return answer
        asks = (
            replace(
                self._ask_organisation(_REPOSITORIES, one.account_name, f"?{_VERSION}"),
                owner_id=rows.normal(one.account_id),
            )
            for one in answer.value
        )
        return Page(follow=tuple(asks))

    def pair_ask(self, repository: KnownRepository, person: Identity) -> Ask:  # noqa: ARG002
        """Ask for the repository by its id, within the organisation that it is in."""
        organisation = repository.full_name.partition("/")[0]
        number = quote(repository.external_id, safe="")
        asked = self._ask_organisation("pair", organisation, f"/{number}?{_VERSION}")
        return replace(asked, about=repository.external_id, owner_id=repository.owner_id)

    def parse_pair(self, ask: Ask, response: Response) -> PairAnswer | Failure:
        """
        Read it; only what is said of the repository itself is a no.

        What is public is listed for the members of its organisation and shown to anybody.
        """
        found = _parse(ask, response, rows.REPOSITORY)
        if isinstance(found, Failure):
            missing = found.kind is FailureKind.HIDDEN and _NO_REPOSITORY in found.detail.lower()
            return PairAnswer(None) if missing else found
        if rows.normal(found.id) != ask.about:
            return Failure(FailureKind.UNREADABLE, "another repository was answered")
        if found.is_disabled:
            return PairAnswer(None)
        if rows.visibility_of(found) is Visibility.PUBLIC:
            return Failure(FailureKind.HIDDEN, "open to everybody, members or not")
        return PairAnswer(Level.READ)

    def _url(self, path: str) -> str:
        return url_under(self._login_url, path=path)

    def _ask_people(self, step: str, path: str) -> Ask:
        return Ask(step, _get(url_under(self._profile_url, path=path)))

    def _ask_organisation(self, step: str, organisation: str, rest: str) -> Ask:
        path = f"{quote(organisation, safe='')}/_apis/git/repositories{rest}"
        return Ask(step, _get(url_under(self.api_url, path=path)), about=organisation)


def _get(url: str) -> Request:
    """Ask as a program: a browser would be sent to a page to sign in at."""
    headers = {"accept": "application/json", "x-tfs-fedauthredirect": "Suppress"}
    return Request("GET", url, headers)


def _parse(ask: Ask, response: Response, decoder: msgspec.json.Decoder[T]) -> T | Failure:
    """
    Read an answer, unless it is a page to sign in at: so a dead token is answered here.

    An organisation that does not know the person, or lets no programs in, says 401 to a token
    that is good elsewhere (HOSTS 7), or sends it to sign in, and one that is not there 404,
    perhaps as a page: all are about that organisation. Who the person is is asked in each run,
    and tells whether the token is dead.
    """
    if _is_sign_in(response):
        kind = FailureKind.FORBIDDEN if ask.owner_id else FailureKind.CREDENTIAL_REJECTED
        return Failure(kind, said(response))
    answer = parse_body(response, decoder)
    if not isinstance(answer, Failure):
        return answer
    own = _OF_AN_ORGANISATION.get(response.status) if ask.owner_id else None
    failure = answer if own is None else replace(answer, kind=own)
    return refine_limit(failure, response, says=_BLOCKED)


def _is_sign_in(response: Response) -> bool:
    """A page in place of JSON as 203, or the way to one."""
    if response.status == HTTPStatus.NON_AUTHORITATIVE_INFORMATION:
        return "html" in response.media_type
    place = response.headers.get("location", "").partition("?")[0]
    return response.status in _REDIRECTS and place.endswith("/_signin")
