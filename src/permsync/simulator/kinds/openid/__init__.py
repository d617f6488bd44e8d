"""The role of the OpenID provider: people sign in with it, and it holds no repository."""

from permsync.simulator.role import Role, Sample
from permsync.simulator.tokens import DAY_SECONDS

ROLE = Role(
    title="Sign-in provider",
    sample=Sample(host="sso", path="/sso", scope="openid profile email"),
    policy={
        "access_ttl_seconds": 3_600,
        "refresh_ttl_seconds": 30 * DAY_SECONDS,
        "pkce_required": True,
        "sends_iss": True,
    },
    is_provider=True,
)
