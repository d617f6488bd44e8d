"""What the pretend Azure DevOps is in the sample world, and that its hooks tell nothing."""

from permsync.simulator.kinds import roles
from permsync.simulator.kinds.azure_devops import SAMPLE
from permsync.simulator.world import World
from tests.simulator.tellings import PEOPLE, said


def test_nothing_is_told_about_permissions() -> None:
    for what in (*PEOPLE, "made_private", "removed"):
        assert said("azure_devops", what) == []


def test_one_organisation_has_two_projects_and_another_one(world: World) -> None:
    host = world.hosts[SAMPLE.host]
    ids = [roles()["azure_devops"].id_of(host.namespaces[name]) for name in SAMPLE.owners]
    assert ids[0] == ids[2] != ids[1]


def test_one_repository_is_disabled(world: World) -> None:
    stored = world.hosts[SAMPLE.host].by_id()
    assert [each.full_name for each in stored if each.code_access == "disabled"] == [
        "fabrikam/core/infra-03"
    ]


def test_refresh_tokens_stay_good_and_live_ninety_days(world: World) -> None:
    policy = world.hosts[SAMPLE.host].policy
    assert (policy.rotation, policy.old_access_dies) == ("tolerant", False)
    assert policy.refresh_ttl_seconds == 90 * 86_400
