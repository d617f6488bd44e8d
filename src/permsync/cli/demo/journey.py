"""
The journey of the demo, walked by itself on each host: link, expire, heal, refuse, repair.

It looks only where people and programs look (pages, API) and at the simulator's record of
requests. This module must not touch the database.
"""

import json
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep
from typing import Any

from permsync.cli.demo.site import Site
from permsync.cli.demo.visitor import Visitor
from permsync.cli.running import progress_console
from permsync.simulator.samples import sample_hosts

STEPS = (
    "linked",
    "synced",
    "allowed",
    "denied",
    "expired",
    "refreshed in the backend",
    "refusal explained",
    "healed",
)
PATIENCE_SECONDS = 60
LOOK_AGAIN_SECONDS = 0.1


def walk(site: Site) -> list[dict[str, object]]:
    """
    One row per host: for each step whether it was seen.

    ``told`` is the sentence that the person was shown after the refusal.
    """
    names = sample_hosts()
    with progress_console.status("walking"), ThreadPoolExecutor(len(names)) as hosts:
        return list(hosts.map(lambda host: _walk_on(site, host), names))


def _walk_on(site: Site, host: str) -> dict[str, object]:
    owner, person = (Visitor(site.permsync_url, person=name) for name in ("ada", "linus"))
    owner.sign_in()
    person.sign_in()
    owner.link(host)  # so that what linus may not see is known at all
    return {"host": host, **_Walk(site, person, host).whole()}


class _Walk:
    """One person's way on one host."""

    def __init__(self, site: Site, person: Visitor, host: str) -> None:
        self._site = site
        self._person = person
        self._host = host
        self._user = str(person.me()["user"]["id"])
        self._seen: dict[str, bool] = dict.fromkeys(STEPS, False)
        self._told = ""
        _, sample = sample_hosts()[host]
        self._hidden, self._readable = f"{sample.owners[0]}/web-01", f"{sample.owners[1]}/api-00"

    def whole(self) -> dict[str, object]:
        """Walk until a step is not seen."""
        for step in (self._link, self._expire, self._refuse, self._repair):
            if not step():
                break
        return {**self._seen, "told": self._told}

    def _link(self) -> bool:
        self._person.link(self._host)
        return (
            self._note("linked", lambda: self._account()["state"] == "active")
            and self._note("synced", self._has_synced)
            and self._note("allowed", lambda: self._ask(self._readable)["allowed"])
            and self._note("denied", lambda: self._ask(self._hidden)["reason"] == "no_access")
        )

    def _expire(self) -> bool:
        """Nobody opens a page: only the simulator's record is looked at."""
        refused = self._count(401)
        refreshed = self._refreshes()
        self._site.control(f"{self._host}/expire-access-tokens", person="linus")
        return self._note(
            "expired", lambda: self._count(401) > refused or self._refreshes() > refreshed
        ) and self._note(
            "refreshed in the backend",
            lambda: self._refreshes() > refreshed and self._account()["state"] == "active",
        )

    def _refuse(self) -> bool:
        self._site.control(f"{self._host}/refuse-refreshes", on=True)
        self._site.control(f"{self._host}/expire-access-tokens", person="linus")
        return self._note("refusal explained", self._is_explained)

    def _is_explained(self) -> bool:
        account, answer = self._account(), self._ask(self._readable)
        self._told = account["text"]
        return bool(account["state"] == answer["reason"] == "needs_reauth")

    def _repair(self) -> bool:
        self._site.control(f"{self._host}/refuse-refreshes", on=False)
        self._person.link(self._host)
        return self._note("healed", lambda: self._ask(self._readable)["allowed"])

    def _note(self, step: str, seen: Callable[[], bool]) -> bool:
        """Look again until it is seen or patience ends."""
        give_up_at = monotonic() + PATIENCE_SECONDS
        while not (found := seen()) and monotonic() < give_up_at:
            sleep(LOOK_AGAIN_SECONDS)
        self._seen[step] = found
        return found

    def _account(self) -> dict[str, Any]:
        found = self._api(f"/v1/accounts?user={self._user}&host={self._host}")["accounts"]
        account: dict[str, Any] = found[0]
        return account

    def _has_synced(self) -> bool:
        run = self._account()["last_run"]
        return run is not None and run["state"] == "succeeded"

    def _ask(self, full_name: str) -> dict[str, Any]:
        return self._api(
            "/v1/check",
            {
                "subject": {"type": "user", "id": self._user},
                "repo": {"host": self._host, "full_name": full_name},
            },
        )

    def _requests(self) -> list[dict[str, Any]]:
        url = f"{self._site.simulator_url}/control/requests?host={self._host}"
        with urllib.request.urlopen(url) as answer:
            found: list[dict[str, Any]] = json.load(answer)["requests"]
        return [one for one in found if one["person"] in {"linus", None}]

    def _count(self, status: int) -> int:
        return sum(one["status"] == status for one in self._requests())

    def _refreshes(self) -> int:
        return sum(
            one["grant"] == "refresh_token" and one["person"] == "linus" for one in self._requests()
        )

    def _api(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self._site.permsync_url}{path}",
            data=json.dumps(body).encode() if body is not None else None,
            headers={
                "authorization": f"Bearer {self._site.service_key}",
                "content-type": "application/json",
            },
        )
        with urllib.request.urlopen(request) as answer:
            found: dict[str, Any] = json.load(answer)
        return found
