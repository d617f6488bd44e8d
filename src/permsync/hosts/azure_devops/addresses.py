"""
What the addresses of Azure DevOps mean: pages under ``_git``, and what ssh clones from.

This module must not know which repositories there are.
"""

from collections.abc import Sequence


def names_in(segments: Sequence[str]) -> tuple[str, ...]:
    """The full name that a path means, if any; a project's first repository bears its name."""
    match segments:
        case [organisation, project, "_git", name, *_] | ["v3", organisation, project, name]:
            return (f"{organisation}/{project}/{name}",)
        case [organisation, "_git", name, *_]:
            return (f"{organisation}/{name}/{name}",)
        case _:
            return ()
