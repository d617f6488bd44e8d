"""
Who may read one repository, found out in steps, because no answer of Gitea's names them all.

Readers are its owner, its collaborators, the members of teams that hold its code, and every
member of a private organisation that calls it public. Some of that is asked for by name, and
names move: the repository is asked for by its id before and after (EVIDENCE R2). This module
must not know how a refusal is worded.
"""

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import quote

from permsync.codehost import Ask, Failure, FailureKind, Reader, ReadersPage, Response
from permsync.codehost.answers import parse_body
from permsync.codehost.paging import next_page
from permsync.hosts.gitea import rows
from permsync.model import Level

# More is capped by MAX_RESPONSE_ITEMS, which may be less than this as well.
PAGE = "limit=50"

_COLLABORATORS, _MEMBERS, _EVERYBODY = "collaborators", "members", "everybody"
_REPOSITORY, _TEAMS = "repository", "teams"
# The repository again: a person's, an organisation's, or with nothing left to ask.
_A_PERSONS, _AN_ORGANIZATIONS, _ASKED = "person's", "organization's", "asked"

# Makes an ask from its step, the path below the API, and what it is about.
Asking = Callable[[str, str, str], Ask]


class ReaderSteps:
    """The steps of one host. ``about`` is the id and the name that are asked by."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def first(self, external_id: str) -> Ask:
        """Ask for the repository: its name of the day, and whether it has code at all."""
        path = f"repositories/{quote(external_id, safe='')}"
        return self._asking(_REPOSITORY, path, external_id)

    def parse(self, ask: Ask, response: Response) -> ReadersPage | Failure:
        """Read the answer to one step."""
        match ask.step:
            case "repository":
                return self._repository(ask, response)
            case "teams":
                return self._teams(ask, response)
            case "collaborators" | "members" | "everybody":
                return self._people(ask, response)
            case _:
                return self._again(ask, response)

    def _repository(self, ask: Ask, response: Response) -> ReadersPage | Failure:
        """
        Only to whoever administers it are all readers sure to be shown.

        To anybody else the list is one that may leave people out. Where code is switched
        off, nobody reads any.
        """
        one = parse_body(response, rows.REPOSITORY)
        if isinstance(one, Failure):
            return one
        if str(one.id) != ask.about:
            return Failure(FailureKind.UNREADABLE, "another repository was answered")
        held = one.permissions
        if not held.pull and not held.admin:
            return Failure(FailureKind.FORBIDDEN, "the connection may not read the code")
        about, path = f"{one.id} {one.full_name}", f"repos/{quote(one.full_name)}/collaborators"
        given = self._asking(_COLLABORATORS, f"{path}?{PAGE}", about)
        return ReadersPage(follow=(given,) if held.pull else (), partial=not held.admin)

    def _people(self, ask: Ask, response: Response) -> ReadersPage | Failure:
        """Only a page without anybody is the last: servers cap pages and miscount members."""
        people = parse_body(response, rows.PEOPLE)
        if isinstance(people, Failure):
            return people
        if not people:
            return ReadersPage(follow=self._after(ask))
        if ask.step == _EVERYBODY:
            people = [one for one in people if not one.restricted]
        level = Level(ask.about) if ask.step == _MEMBERS else Level.READ
        return ReadersPage(rows.readers_of(people, level=level), (next_page(ask),))

    def _after(self, ask: Ask) -> tuple[Ask, ...]:
        """What is asked when the last of some people were read."""
        if ask.step == _COLLABORATORS:
            _, _, name = ask.about.partition(" ")
            return (self._asking(_TEAMS, f"repos/{quote(name)}/teams", ask.about),)
        return (self._confirm(_ASKED, ask.about),) if ask.step == _EVERYBODY else ()

    def _teams(self, ask: Ask, response: Response) -> ReadersPage | Failure:
        """A person has no teams, and is told apart by that."""
        if response.status == HTTPStatus.METHOD_NOT_ALLOWED:
            return ReadersPage(follow=(self._confirm(_A_PERSONS, ask.about),))
        teams = parse_body(response, rows.TEAMS)
        if isinstance(teams, Failure):
            return teams
        levels = ((team.id, rows.level_of_team(team)) for team in teams)
        members = (
            self._asking(_MEMBERS, f"teams/{team}/members?{PAGE}", level.value)
            for team, level in levels
            if level is not None
        )
        return ReadersPage(follow=(self._confirm(_AN_ORGANIZATIONS, ask.about), *members))

    def _again(self, ask: Ask, response: Response) -> ReadersPage | Failure:
        """What was asked by a name is worth something only if the name is still the id's."""
        one = parse_body(response, rows.REPOSITORY)
        if isinstance(one, Failure):
            return one
        if ask.about != f"{one.id} {one.full_name}":
            return Failure(FailureKind.UNREADABLE, "it has another name meanwhile")
        if ask.step == _A_PERSONS:
            return ReadersPage((Reader(str(one.owner.id), Level.ADMIN),))
        if ask.step == _AN_ORGANIZATIONS and rows.is_for_members(one):
            path = f"orgs/{quote(one.owner.login, safe='')}/members?{PAGE}"
            return ReadersPage(follow=(self._asking(_EVERYBODY, path, ask.about),))
        return ReadersPage()

    def _confirm(self, step: str, about: str) -> Ask:
        external_id, _, _ = about.partition(" ")
        return self._asking(step, f"repositories/{external_id}", about)
