"""
The code hosts we speak to: one file per kind, and the folder listing is the support matrix.

A kind is supported by being here: its file names its class ``Host``, and everything else
(settings, pages, the contract battery) reads :func:`registry`. This module must not know
any kind by name.
"""

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

from permsync.codehost import CodeHost, HostSettings
from permsync.errors import ConfigurationError


@cache
def registry() -> Mapping[str, type[CodeHost]]:
    """Every kind of host by its name, in alphabetical order."""
    files = sorted(file.name for file in pkgutil.iter_modules(__path__))
    hosts: list[type[CodeHost]] = [import_module(f"{__name__}.{file}").Host for file in files]
    return MappingProxyType({host.kind: host for host in hosts})


def create(settings: HostSettings) -> CodeHost:
    """
    Make one configured host.

    Raises :class:`ConfigurationError` for a kind that is not here, and for options that
    the kind refuses.
    """
    host = registry().get(settings.kind)
    if host is None:
        raise ConfigurationError(
            key=f"hosts.{settings.name}.kind",
            place="the settings",
            cure=f"{settings.kind!r} is unknown; use one of {', '.join(registry())}",
        )
    return host(settings)
