"""
Notes that the settings say something else about openness than they did before.

Answers follow the settings at once, without this. It is for those who read changes: what
was open may be closed now, and no host has said a word. This module must not decide
anything about openness.
"""

from permsync.flows.deps import ConfiguredHost, Services
from permsync.rules.openness import InternalTo, Openness
from permsync.store import audit, changes, host_policies
from permsync.store.audit import Action
from permsync.store.changes import Change, ChangeKind


async def note_policies(services: Services) -> int:
    """Compare with what was last noted; returns how many hosts have another policy now."""
    wanted = {name: _word(services, one) for name, one in services.hosts.items()}
    changed: list[Change] = []
    async with services.database.begin() as connection:
        known = await host_policies.load(connection)
        for name, policy in sorted(wanted.items()):
            was = known.get(name) or _of_its_kind(services.hosts[name])
            if policy == was or not await host_policies.save(connection, host=name, policy=policy):
                continue
            entry = audit.Entry(Action.POLICY_CHANGED, "operator", host=name, code=policy)
            await audit.record(connection, entry)
            changed.append(
                Change(kind=ChangeKind.POLICY, was=f"{name}: {was}", became=f"{name}: {policy}")
            )
        await changes.append(connection, changed)
    return len(changed)


def _word(services: Services, configured: ConfiguredHost) -> str:
    """The openness, and the connections whose lists count for nobody."""
    off = sorted(
        one.name for one in services.connections if one.host == configured.name and not one.enforced
    )
    uncounted = f" uncounted={','.join(off)}" if off else ""
    return configured.openness.word + uncounted


def _of_its_kind(configured: ConfiguredHost) -> str:
    """What holds while the settings say nothing."""
    internal = InternalTo.INSTANCE if configured.host.opens_internal else InternalTo.NEVER
    return Openness(internal_at_host=internal).word
