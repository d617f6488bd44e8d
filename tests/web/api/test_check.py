"""A check is answered with a decision and its reason, whoever and whatever is asked about."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from permsync.flows.authenticate_key import Scope
from permsync.flows.disable_user import disable_user
from permsync.model import Decision, Reason, Verdict
from permsync.store.engine import Database
from permsync.web.api.check import age_seconds, note
from permsync.web.sentences import REASONS
from tests.asgi_client import AsgiClient
from tests.flows.scenes import column, found_in, rows, spoil, sync
from tests.web.api.scenes import Scene, synced, unreadable
from tests.web.visitors import CallWith
from tests.world import World

README = Path(__file__).resolve().parents[3] / "README.md"
SAME = ("allowed", "decision", "reason", "reason_text", "basis", "stale", "user", "accounts")


async def ask(caller: AsgiClient, subject: object, repo: object, **more: object) -> dict[str, Any]:
    answer = await caller.post_json("/v1/check", {"subject": subject, "repo": repo, **more})
    assert answer.status == 200, answer.body
    read: dict[str, Any] = answer.json
    return read


def by_id(scene: Scene) -> dict[str, str]:
    return {"type": "user", "id": scene.user}


async def test_a_person_may_see_what_their_account_may_read(
    world: World, program: CallWith
) -> None:
    ada = await synced(world)
    said = await ask(await program(Scope.CHECK), by_id(ada), {"id": ada.repository})

    assert (said["allowed"], said["decision"], said["reason"]) == (True, "allow", "grant")
    assert said["reason_text"] == REASONS[Reason.GRANT]
    assert said["basis"] == ["account_listing"]
    assert said["user"] == {"id": ada.user}
    assert said["repository"] == {
        "id": ada.repository,
        "host": "github",
        "external_id": ada.external_id,
        "full_name": ada.full_name,
    }
    assert said["accounts"] is None


async def test_the_readmes_question_gets_the_readmes_answer(
    world: World, program: CallWith
) -> None:
    readme = README.read_text(encoding="utf-8")
    (question,) = re.findall(r"^  -d '(.*)'$", readme, re.MULTILINE)
    (shown,) = re.findall(r"```json\n(.*?)```", readme, re.DOTALL)
    await synced(world)
    answer = await (await program(Scope.CHECK)).post_json("/v1/check", json.loads(question))
    told, shown = answer.json, json.loads(shown)
    assert told.keys() == shown.keys()
    assert {name: told[name] for name in SAME} == {name: shown[name] for name in SAME}
    assert told["repository"]["full_name"] == shown["repository"]["full_name"]


async def test_an_answer_says_how_old_its_evidence_is_and_how_long_it_holds(
    world: World, program: CallWith
) -> None:
    ada = await synced(world)
    await rows(
        world.services.database,
        "UPDATE account SET listed_at = listed_at - interval '27 hours'",
    )
    said = await ask(await program(Scope.CHECK), by_id(ada), {"id": ada.repository})

    synced_at = datetime.fromisoformat(said["synced_at"])
    assert datetime.fromisoformat(said["valid_until"]) - synced_at == timedelta(hours=72)
    assert 27 * 3_600 <= said["age_seconds"] < 28 * 3_600
    assert (said["allowed"], said["stale"]) == (True, True)
    assert said["revision"] > 0


async def test_every_way_to_name_a_person_and_a_repository_gets_the_same_answer(
    world: World, program: CallWith
) -> None:
    ada = await synced(world)
    caller = await program(Scope.CHECK)
    subjects = [
        by_id(ada),
        {"type": "identity", "issuer": "test", "subject": "ada"},
        {"type": "account", "host": "github", "id": ada.account.external_id},
    ]
    repos = [
        {"id": ada.repository},
        {"host": "github", "external_id": ada.external_id},
        {"host": "github", "full_name": ada.full_name},
    ]
    answers = [await ask(caller, subject, repo) for subject in subjects for repo in repos]
    for answer in answers:
        answer.pop("age_seconds")
    assert answers[0]["allowed"]
    assert all(answer == answers[0] for answer in answers)


async def test_what_a_person_may_not_read_is_denied_and_not_named(
    world: World, program: CallWith
) -> None:
    ada = await synced(world, "linus")
    hidden = await unreadable(world, ada, person="ada")
    statement = "SELECT id FROM repository WHERE full_name = :name"
    (hidden_id,) = await column(world.services.database, statement, name=hidden)

    said = await ask(await program(Scope.CHECK), by_id(ada), {"id": str(hidden_id)})

    assert (said["allowed"], said["reason"]) == (False, "no_access")
    assert said["repository"]["id"] == str(hidden_id)
    assert hidden not in str(said)


async def test_whoever_and_whatever_is_unknown_is_denied_with_a_reason(
    world: World, program: CallWith
) -> None:
    ada = await synced(world)
    caller = await program(Scope.CHECK)
    known = {"id": ada.repository}
    nobody: list[tuple[object, object, Reason]] = [
        ({"type": "user", "id": "9" * 18}, known, Reason.UNKNOWN_USER),
        ({"type": "identity", "issuer": "x", "subject": "ada"}, known, Reason.UNKNOWN_USER),
        ({"type": "account", "host": "github", "id": "0"}, known, Reason.UNKNOWN_USER),
        ({"type": "account", "host": "nowhere", "id": "0"}, known, Reason.UNKNOWN_USER),
        (by_id(ada), {"id": "9" * 18}, Reason.UNKNOWN_REPOSITORY),
        (by_id(ada), {"host": "github", "full_name": "a/b"}, Reason.UNKNOWN_REPOSITORY),
        (by_id(ada), {"host": "github", "external_id": "-"}, Reason.UNKNOWN_REPOSITORY),
        (by_id(ada), {"host": "nowhere", "full_name": "a/b"}, Reason.UNKNOWN_HOST),
    ]
    for subject, repo, reason in nobody:
        said = await ask(caller, subject, repo)
        assert (said["allowed"], said["reason"]) == (False, reason), (subject, repo)
        assert said["reason_text"] == REASONS[reason]
        assert said["synced_at"] is said["age_seconds"] is said["valid_until"] is None


async def test_a_disabled_person_is_denied(world: World, program: CallWith) -> None:
    ada = await synced(world)
    await disable_user(world.services, ada.account.user_id, disabled=True, actor="test")
    said = await ask(await program(Scope.CHECK), by_id(ada), {"id": ada.repository})
    assert (said["allowed"], said["reason"]) == (False, "user_disabled")


async def test_an_explanation_tells_how_the_accounts_at_this_host_do(
    world: World, program: CallWith
) -> None:
    ada = await synced(world)
    await world.link("ada", "gitlab")
    repo = {"host": "github", "full_name": "not/there"}
    said = await ask(await program(Scope.CHECK), by_id(ada), repo, explain=True)
    (account,) = said["accounts"]
    assert (account["host"], account["state"], account["text"]) == (
        "github",
        "active",
        "Linked and working.",
    )
    assert account["last_run"]["state"] == "succeeded"


async def test_nobody_has_no_accounts_to_explain(world: World, program: CallWith) -> None:
    ada = await synced(world)
    caller = await program(Scope.CHECK)
    stranger = {"type": "user", "id": "9" * 18}
    assert (await ask(caller, stranger, {"id": "1"}, explain=True))["accounts"] == []
    assert (await ask(caller, by_id(ada), {"id": "9" * 18}, explain=True))["accounts"] == []


async def test_a_refused_refresh_is_explained_in_our_words_alone(
    world: World, program: CallWith
) -> None:
    ada = await synced(world)
    spoil(world, "github", "api", "unauthorized", times=100)
    spoil(world, "github", "token", "rejection", times=100)
    await sync(world, ada.account)
    caller = await program(Scope.CHECK)
    answer = await caller.post_json(
        "/v1/check", {"subject": by_id(ada), "repo": {"id": ada.repository}, "explain": True}
    )
    (account,) = answer.json["accounts"]
    assert account["last_run"]["state"] == "failed"
    assert account["last_run"]["failure_text"].endswith(".")
    told = answer.body.decode()
    assert not found_in(told, world.simulator.world.canaries)
    assert not found_in(told, world.simulator.world.secrets())


async def test_asking_about_a_person_is_noted_after_the_answer(
    world: World, program: CallWith
) -> None:
    ada = await synced(world)
    asked = 'SELECT asked_at FROM "user"'
    assert await column(world.services.database, asked) == [None]
    await ask(await program(Scope.CHECK), by_id(ada), {"id": ada.repository})
    (first,) = await column(world.services.database, asked)
    assert first is not None


async def test_a_note_that_cannot_be_written_disturbs_nobody(world: World) -> None:
    away = Database("postgresql+asyncpg://permsync@127.0.0.1:1/permsync")
    with capture_logs() as lines:
        await note(replace(world.services, database=away), 1)
    assert await column(world.services.database, 'SELECT asked_at FROM "user"') == []
    assert [line["error_code"] for line in lines] == ["database_unavailable"]


def test_evidence_from_a_moment_ahead_is_not_younger_than_now() -> None:
    now = datetime(2026, 5, 17, tzinfo=UTC)
    ahead = Decision(Verdict.ALLOW, Reason.GRANT, synced_at=now + timedelta(seconds=1))
    assert age_seconds(ahead, now=now) == 0
