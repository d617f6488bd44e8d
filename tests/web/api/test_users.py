"""A person is disabled at once and everywhere, and enabled again."""

from permsync.flows.authenticate_key import Scope
from tests.web.api.scenes import synced
from tests.web.visitors import Browser, CallWith
from tests.world import World


async def test_a_disabled_person_is_denied_and_signed_out_at_once(
    browser: Browser, program: CallWith
) -> None:
    await browser.sign_in("ada")
    user = (await browser.get("/me")).json["user"]["id"]
    caller = await program(Scope.ADMIN)

    answer = await caller.send("POST", f"/v1/users/{user}/disable")

    assert (answer.status, answer.json) == (
        200,
        {"id": user, "name": "Ada Lovelace", "disabled": True},
    )
    assert (await browser.get("/me")).status == 401


async def test_an_enabled_person_may_see_again_what_their_evidence_says(
    world: World, program: CallWith
) -> None:
    ada = await synced(world)
    caller = await program(Scope.ADMIN)
    question = {"subject": {"type": "user", "id": ada.user}, "repo": {"id": ada.repository}}
    said = []
    for verb in ("disable", "enable"):
        answer = await caller.send("POST", f"/v1/users/{ada.user}/{verb}")
        assert answer.json["disabled"] is (verb == "disable")
        said.append((await caller.post_json("/v1/check", question)).json["reason"])
    assert said == ["user_disabled", "grant"]


async def test_nobody_is_neither_disabled_nor_enabled(program: CallWith) -> None:
    caller = await program(Scope.ADMIN)
    for verb in ("disable", "enable"):
        answer = await caller.send("POST", f"/v1/users/{'9' * 18}/{verb}")
        assert (answer.status, answer.json["code"]) == (404, "unknown_user")
        assert (await caller.send("POST", f"/v1/users/ada/{verb}")).status == 400
