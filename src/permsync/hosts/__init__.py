"""
The code hosts we speak to: one file per kind, and the folder listing is the support matrix.

A kind is supported by being here: its file names its class ``Host``, and everything else
(settings, pages, the contract battery) reads :func:`registry`. Other packages bring kinds of
their own through the entry points of the group ``permsync.hosts``, each named like its kind;
one that is broken is refused by name, and with it the start: to go on without it would deny
everybody at its hosts in silence. This module must not know any kind by name.
"""

import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

from permsync.codehost import CodeHost, HostSettings
from permsync.codehost.contract import missing_in_class, missing_in_object
from permsync.errors import ConfigurationError

GROUP = "permsync.hosts"


@cache
def registry() -> Mapping[str, type[CodeHost]]:
    """
    Every kind of host by its name, in alphabetical order.

    Raises :class:`ConfigurationError` where an installed package brings one that is broken.
    """
    return with_others(built_in(), entry_points(group=GROUP))


@cache
def built_in() -> Mapping[str, type[CodeHost]]:
    """The kinds that have their file in this folder, by name, in alphabetical order."""
    files = sorted(file.name for file in pkgutil.iter_modules(__path__))
    hosts: list[type[CodeHost]] = [import_module(f"{__name__}.{file}").Host for file in files]
    return MappingProxyType({host.kind: host for host in hosts})


def with_others(
    kinds: Mapping[str, type[CodeHost]], entries: Iterable[EntryPoint]
) -> Mapping[str, type[CodeHost]]:
    """
    These kinds and those of the entry points.

    Raises :class:`ConfigurationError` that names the first entry that is no host, or takes
    the name of another kind.
    """
    found = dict(kinds)
    for entry in sorted(entries, key=lambda one: (one.name, one.value)):
        if entry.name in found:
            raise _refused(entry, f"there is a kind {entry.name!r} already; rename one of the two")
        found[entry.name] = _loaded(entry)
    return MappingProxyType(dict(sorted(found.items())))


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
    return _made(host, settings)


def _made(host: type[CodeHost], settings: HostSettings) -> CodeHost:
    """A host of ours lacks nothing; one of another package may be of another permsync's time."""
    made = host(settings)
    if missing := missing_in_object(made):
        raise ConfigurationError(
            key=f"hosts.{settings.name}.kind",
            place="the settings",
            cure=f"{settings.kind!r} lacks {', '.join(missing)} of the contract of this"
            " permsync; install another version of the package that brings it",
        )
    return made


def _loaded(entry: EntryPoint) -> type[CodeHost]:
    try:
        found = entry.load()
    except Exception as error:  # a stranger's module may raise anything
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise _refused(entry, f"it cannot be imported ({said})") from error
    if not isinstance(found, type):
        raise _refused(entry, "it is no class")
    if missing := missing_in_class(found):
        raise _refused(entry, f"it lacks {', '.join(missing)} of the contract")
    host: type[CodeHost] = found
    if host.kind != entry.name:
        raise _refused(entry, f"its kind is {host.kind!r}; name the entry so")
    return host


def _refused(entry: EntryPoint, why: str) -> ConfigurationError:
    package = f"{entry.dist.name} {entry.dist.version}" if entry.dist else "a package"
    return ConfigurationError(
        key=f"{GROUP}.{entry.name}",
        place=f"the entry points of {package}",
        cure=f"{entry.value}: {why}; mend, update or uninstall the package",
    )
