"""
The lanes of the matrix: one host each, with one rotation policy, of a kind that can have it.

What is decided here: which kind plays which policy and what the operator told permsync of
it. Cells of one lane run one after the other, lanes run side by side.
"""

from dataclasses import dataclass

from permsync.simulator.tokens import Rotation

PUBLIC_URL = "http://127.0.0.1:8080"
# Far above the lease and the settle time, as everywhere in life (REFRESH 4).
GRACE_SECONDS = 12.0
# Where a lost answer cannot be made good by any client.
UNFORGIVING = frozenset({"strict", "family"})


@dataclass(frozen=True, slots=True)
class Lane:
    """
    A host of ``kind`` whose tokens follow ``policy``.

    ``options`` is what the operator configured; permsync knows only that.
    """

    name: str
    policy: Rotation
    kind: str
    options: tuple[tuple[str, str], ...] = ()
    path: str | None = None
    scopes: tuple[str, ...] = ()

    @property
    def unforgiving(self) -> bool:
        """Whether an answer that is lost after the host's commit costs the account."""
        return self.policy in UNFORGIVING

    @property
    def client_id(self) -> str:
        """Permsync's client at this host."""
        return f"permsync-at-{self.name}"

    @property
    def client_secret(self) -> str:
        """The secret of that client."""
        return f"secret-of-{self.name}"


_CLOUD = ("account", "email", "repository")
LANES = (
    Lane("strict", "strict", "github", (("app", "github_app"),)),
    Lane("family", "family", "bitbucket_datacenter", (("rotation", "family"),)),
    Lane("grace", "grace", "bitbucket_cloud", (("rotation", "grace"),), scopes=_CLOUD),
    Lane(
        "newest-wins",
        "grace_newest_wins",
        "bitbucket_cloud",
        (("rotation", "grace"),),
        scopes=_CLOUD,
    ),
    Lane("first-use", "revoke_on_first_use", "gitlab", (("rotation", "strict"),)),
    Lane("tolerant", "tolerant", "gitlab", (("rotation", "tolerant"),)),
    Lane("none", "none", "bitbucket_datacenter", (("rotation", "none"),)),
)
BY_NAME = {lane.name: lane for lane in LANES}
