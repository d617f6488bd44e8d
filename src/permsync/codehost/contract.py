"""
Which parts of the contract a class or an object lacks: by name, before anything calls them.

Our own host files are held to it by types and by the contract battery; a class from
elsewhere is held to it here. This module must not know any kind.
"""

from typing import ClassVar, get_origin

from permsync.codehost import CodeHost


def _is_of_a_class(kept: object) -> bool:
    origin: object = get_origin(kept)
    return origin is ClassVar


_SAID = {name: part for name, part in vars(CodeHost).items() if not name.startswith("_")}
_KEPT = CodeHost.__annotations__
# A property, and what is annotated and of no class, may be an attribute that only an object has.
_OF_AN_OBJECT = frozenset(
    {name for name, part in _SAID.items() if isinstance(part, property)}
    | {name for name, kept in _KEPT.items() if not _is_of_a_class(kept)}
)
_OF_A_CLASS = (_SAID.keys() | _KEPT.keys()) - _OF_AN_OBJECT


def missing_in_class(host: type) -> tuple[str, ...]:
    """The class attributes and methods that a host class lacks, in alphabetical order."""
    return _missing(host, _OF_A_CLASS)


def missing_in_object(host: object) -> tuple[str, ...]:
    """The properties that a configured host lacks, in alphabetical order."""
    return _missing(host, _OF_AN_OBJECT)


def _missing(host: object, names: frozenset[str] | set[str]) -> tuple[str, ...]:
    return tuple(sorted(name for name in names if not hasattr(host, name)))
