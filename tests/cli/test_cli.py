"""
The commands as people and scripts run them: what they print, and the code they leave.

Each runs as a process of its own. This module must not know how a command works.
"""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_group

from permsync.cli import app
from permsync.cli.demo.site import DemoPlan, Site, running
from permsync.cli.demo.visitor import Visitor
from permsync.cli.exits import EXIT_CODES, exit_code_of
from permsync.errors import ConfigurationError, DefectError, PermsyncError, UnknownError
from tests.cli.program import PLAIN, permsync, until
from tests.journeys.places import own_folder

CALLER = 65
COMMANDS = set(get_group(app).commands)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A site at which linus has linked one account, and nobody but a command has it synced."""
    with own_folder() as folder:
        plan = DemoPlan(folder=folder, sync_every="20m", sync_every_asked="20m")
        with running(plan) as started:
            person = Visitor(started.permsync_url, person="linus")
            person.sign_in()
            person.link("gitlab")
            until(lambda: person.me()["accounts"][0]["synced_at"])
            yield started


@pytest.fixture
def settings(site: Site) -> tuple[str, str]:
    """The arguments that name the site's settings."""
    return ("--settings", str(site.folder / "permsync.toml"))


def test_every_command_is_listed() -> None:
    told = permsync("--help")
    assert told.code == 0
    assert all(name in told.out for name in COMMANDS)
    assert {"init", "serve", "worker", "migrate", "sync", "check", "accounts"} <= COMMANDS


def test_a_sync_is_told_in_json(settings: tuple[str, str]) -> None:
    ended = permsync("sync", "--json", *settings)
    assert ended.code == 0, ended.err
    assert [row["state"] for row in ended.json] == ["succeeded"]
    assert ended.json[0]["total"] > 0


def test_a_check_answers_by_its_exit_code(settings: tuple[str, str]) -> None:
    permsync("sync", *settings)
    allowed = permsync("check", "1", "gitlab:research/api-00", "--why", "--json", *settings)
    denied = permsync("check", "1", "gitlab:nobody/knows", *settings)
    assert (allowed.code, allowed.json["reason"]) == (0, "grant")
    assert (denied.code, denied.out.strip()) == (1, "deny: unknown_repository")


def test_what_may_still_be_asked_is_listed(settings: tuple[str, str]) -> None:
    assert permsync("budgets", "--json", *settings).json == []  # GitLab says nothing of it here
    assert "refused_until" in permsync("budgets", "--host", "gitlab", *settings).out
    assert permsync("budgets", "--host", "nowhere", *settings).code == CALLER


def test_hosts_are_listed_and_looked_at(settings: tuple[str, str]) -> None:
    listed = permsync("hosts", "list", "--json", *settings)
    assert {row["host"]: row["kind"] for row in listed.json}["gitlab"] == "gitlab"
    assert "gitlab" in permsync("hosts", "kinds").out
    right = permsync("hosts", "check", "gitlab", *settings)
    assert right.code == 0, right.out
    assert "ok       client: client_id and client_secret are known there" in right.out
    asked = ("hosts", "check", "gitlab", "--json", *settings)
    wrong = permsync(*asked, PERMSYNC_HOSTS__GITLAB__CLIENT_ID="nobody")
    assert wrong.code == 1, wrong.err
    assert [row["check"] for row in wrong.json if row["found"] == "wrong"] == ["client"]
    assert permsync("hosts", "check", "nowhere", *settings).code == CALLER


def test_accounts_and_users_are_listed(settings: tuple[str, str]) -> None:
    accounts = permsync("accounts", "--json", *settings)
    users = permsync("users", "list", "--json", *settings)
    assert [row["login"] for row in accounts.json] == ["linus"]
    assert [row["name"] for row in users.json] == ["Linus Torvalds"]
    assert permsync("accounts", "--host", "github", "--json", *settings).json == []
    assert permsync("accounts", "--host", "nowhere", *settings).code == CALLER


def test_a_table_shows_whole_what_must_be_typed_again(settings: tuple[str, str]) -> None:
    """Also where it is as narrow as a pipe is taken to be."""
    (key,) = permsync("keys", "list", "--json", *settings).json
    table = permsync("keys", "list", *settings).out
    assert key["key"] in table
    assert "…" not in table
    assert max(len(line) for line in table.splitlines()) == 80


def test_an_account_is_shown_with_what_became_of_it(settings: tuple[str, str]) -> None:
    permsync("sync", *settings)
    shown = permsync("accounts", "show", "1", "--json", *settings)
    assert shown.code == 0, shown.err
    assert shown.json["account"]["login"] == "linus"
    assert {run["state"] for run in shown.json["runs"]} == {"succeeded"}
    told = permsync("accounts", "show", "1", *settings)
    assert "linus at gitlab, account 1 of user 1" in told.out
    assert "active since" in told.out
    assert "revocations: none" in told.out
    assert permsync("accounts", "show", "999", *settings).code == CALLER


def test_a_disabled_person_is_denied_until_enabled(settings: tuple[str, str]) -> None:
    assert permsync("users", "disable", "1", *settings).code == 0
    denied = permsync("check", "1", "gitlab:research/api-00", *settings)
    assert denied.out.strip() == "deny: user_disabled"
    assert permsync("users", "enable", "1", *settings).code == 0


def test_a_sync_that_does_not_run_needs_no_cancelling(settings: tuple[str, str]) -> None:
    permsync("sync", *settings)
    ended = permsync("sync", "--cancel", "--json", *settings)
    assert ended.code == 0, ended.err
    assert [(row["login"], row["run"]) for row in ended.json] == [("linus", None)]
    assert "waited" in permsync("sync", "--cancel", "1", *settings).out


@pytest.mark.parametrize("asked", [("999",), ("1", "999"), ("--cancel", "999")])
def test_a_sync_of_nobody_is_refused(settings: tuple[str, str], asked: tuple[str, ...]) -> None:
    ended = permsync("sync", *asked, *settings)
    assert (ended.code, ended.out) == (CALLER, "")
    assert "no account '999'" in ended.err


def test_a_rule_is_written_listed_and_ended(settings: tuple[str, str]) -> None:
    permsync("sync", *settings)
    pair = ("1", "gitlab:research/api-00")
    denied = permsync("rules", "deny", *pair, "--days", "2", "--note", "audit", "--json", *settings)
    assert denied.code == 0, denied.err
    rule = denied.json
    assert (rule["effect"], rule["note"], rule["actor"]) == ("deny", "audit", "operator")
    checked = permsync("check", *pair, "--json", *settings)
    assert (checked.code, checked.json["reason"]) == (1, "explicit_deny")
    assert checked.json["valid_until"] is not None
    ends = ("--until", "2099-12-31T00:00:00+01:00")
    allowed = permsync("rules", "allow", *pair, *ends, *settings)
    assert "allow user 1" in allowed.out
    assert "until 2099-12-30 23:00:00" in allowed.out
    listed = permsync("rules", "list", "--user", "1", "--json", *settings)
    assert {one["effect"] for one in listed.json} == {"allow", "deny"}
    assert permsync("rules", "list", "--repository", "999", "--json", *settings).json == []
    table = permsync("rules", "list", *settings).out
    assert all(word in table for word in ("effect", "deny", "allow", "audit"))
    for one in listed.json:
        assert permsync("rules", "end", one["id"], *settings).code == 0
        assert permsync("rules", "end", one["id"], *settings).code == CALLER
    assert permsync("check", *pair, *settings).out.strip() == "allow: grant"


@pytest.mark.parametrize(
    "asked",
    [
        ("1", "gitlab:nobody/knows"),
        ("999", "gitlab:research/api-00"),
        ("1", "1", "--until", "2001-01-01T00:00:00Z"),
        ("1", "1", "--until", "2099-01-01T00:00:00"),
        ("1", "1", "--until", "tomorrow"),
        ("1", "1", "--until", "2099-01-01T00:00:00Z", "--days", "1"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(
    settings: tuple[str, str], asked: tuple[str, ...]
) -> None:
    permsync("sync", *settings)
    ended = permsync("rules", "allow", *asked, *settings)
    assert (ended.code, ended.out) == (CALLER, "")


def test_a_service_key_is_shown_once_and_can_be_revoked(settings: tuple[str, str]) -> None:
    made = permsync("service-keys", "create", "reader", "--scope", "check", "--json", *settings)
    listed = permsync("service-keys", "list", *settings)
    assert made.json["key"].startswith("psk_")
    assert made.json["key"] not in listed.out
    assert permsync("service-keys", "revoke", "reader", *settings).code == 0
    assert permsync("service-keys", "revoke", "reader", *settings).code == CALLER


def test_a_token_is_lent_where_the_host_is_open_for_it(settings: tuple[str, str]) -> None:
    closed = permsync("token", "1", *settings)
    told = ("token", "1", *settings)
    opened = permsync(*told, "--json", PERMSYNC_HOSTS__GITLAB__LEND="true")
    assert (closed.code, closed.out) == (CALLER, "")
    assert "lending_off" in closed.err
    assert opened.code == 0, opened.err
    assert opened.json["ends_with_refresh"] is True

    def plain_is_the_same() -> bool:
        """Unless it was refreshed between the two: the site's tokens live for seconds."""
        first, second = (
            permsync(*told, *how, PERMSYNC_HOSTS__GITLAB__LEND="true") for how in ((), ("--json",))
        )
        return bool(first.out.strip()) and first.out.strip() == second.json["token"]

    until(plain_is_the_same)


def test_a_key_that_may_lend_is_bound_and_the_list_says_so(settings: tuple[str, str]) -> None:
    lend = ("service-keys", "create", "lender", "--scope", "tokens:lend")
    unbound = permsync(*lend, *settings)
    assert (unbound.code, unbound.out) == (CALLER, "")
    bound = permsync(*lend, "--lend-host", "gitlab", "--lend-user", "1", "--json", *settings)
    assert bound.json["lends"] == {"hosts": ["gitlab"], "people": ["1"]}
    listed = permsync("service-keys", "list", "--json", *settings)
    assert [row["lends"] for row in listed.json if row["name"] == "lender"] == ["gitlab; people 1"]
    both = permsync(*lend, "--lend-host", "gitlab", "--lend-all-hosts", *settings)
    assert (both.code, both.out) == (CALLER, "")


def test_migrating_twice_changes_nothing(settings: tuple[str, str]) -> None:
    first, second = (permsync("migrate", "--json", *settings) for _ in range(2))
    assert first.code == 0
    assert first.json == second.json


def test_another_key_stops_the_start_and_touches_no_account(
    site: Site, settings: tuple[str, str], tmp_path: Path
) -> None:
    text = (site.folder / "permsync.toml").read_text()
    other = site.folder / "other.toml"
    made = permsync("init", str(tmp_path / "new"))
    assert made.code == 0, made.err
    key = tmp_path / "new" / "sealing-keys"
    other.write_text(text.replace('"sealing-keys"', f'"{key}"'))
    other.chmod(0o600)
    ended = permsync("accounts", "--settings", str(other))
    assert ended.code == 77
    assert ended.err.startswith("permsync: sealing_key_wrong: sealing_keys: stored tokens need")
    assert [row["state"] for row in permsync("accounts", "--json", *settings).json] == ["active"]


def test_a_taken_address_is_named_and_nothing_starts(tmp_path: Path) -> None:
    permsync("init", str(tmp_path))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = permsync("serve", folder=tmp_path, PERMSYNC_LISTEN__PORT=port)
    assert ended.code == 73
    assert f"127.0.0.1:{port}" in ended.err


def test_a_subject_in_no_known_form_is_refused(settings: tuple[str, str]) -> None:
    ended = permsync("check", "ada@example.com", "gitlab:a/b", *settings)
    assert ended.code == 65
    assert "ISSUER#SUBJECT" in ended.err


def test_every_fault_has_an_exit_code() -> None:
    assert exit_code_of(UnknownError(what="user", name="7")) == 65
    assert exit_code_of(ConfigurationError(key="a", place="b", cure="c")) == 78
    assert exit_code_of(DefectError()) == 70
    assert len(set(EXIT_CODES.values())) == len(EXIT_CODES)
    assert all(issubclass(one, PermsyncError) for one in EXIT_CODES)
    assert json.dumps(sorted(PLAIN))
