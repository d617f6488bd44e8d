"""
Azure DevOps' role: title, token habits, its place in the sample world.

Owners are projects, written after their organisation. Service hooks say nothing of permissions.
Sources: "Microsoft identity platform access tokens" and "refresh tokens".
"""

from permsync.simulator.host import Host
from permsync.simulator.kinds.azure_devops.rights import reads
from permsync.simulator.kinds.azure_devops.rows import RESOURCE, id_of
from permsync.simulator.role import Role, Sample
from permsync.simulator.tokens import DAY_SECONDS


def fill(host: Host) -> None:
    """A repository that was disabled."""
    first = [each for each in host.repositories.values() if each.owner == SAMPLE.owners[0]]
    first[3].code_access = "disabled"


SAMPLE = Sample(
    host="azure",
    path="/azure",
    scope=f"{RESOURCE}/.default offline_access",
    owners=("fabrikam/core", "contoso/apps", "fabrikam/labs"),
    per_owner=20,
    personal="{}/home",
    client_scopes=("vso.code", "vso.profile"),
    fill=fill,
)
ROLE = Role(
    title="Azure DevOps",
    sample=SAMPLE,
    policy={
        "access_ttl_seconds": 3_600,
        "refresh_ttl_seconds": 90 * DAY_SECONDS,
        "rotation": "tolerant",
        "old_access_dies": False,
    },
    has_internal=True,
    id_of=id_of,
    lists=reads,
    tells_levels=False,
    tells_archives=False,
)
