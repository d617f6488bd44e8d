"""
The kinds of hosts that can be played: one folder each, found by being there.

A folder's ``ROLE`` says what the simulator must know of the kind, its ``dialect.DIALECT`` how
the kind talks over HTTP. This module must not know any kind by name.
"""

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

from permsync.simulator.role import Role


@cache
def roles() -> Mapping[str, Role]:
    """Every kind's role by the kind's name, in alphabetical order."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__))
    return MappingProxyType({name: import_module(f"{__name__}.{name}").ROLE for name in names})
