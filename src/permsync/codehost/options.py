"""
The switches of a kind: how its host file declares and reads them, how they are shown.

A kind declares its switches as a struct with a default, a domain and a meaning for each; the
operator's words are converted into it or refused with a message that names the place, and
the documentation is written from it. This module must not know any kind or where settings
come from.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, TypeVar

import msgspec
import msgspec.structs
from msgspec import inspect

from permsync.codehost import HostSettings, Rotation
from permsync.errors import ConfigurationError

# GitHub cuts a person off at 100 requests at once, counted over all programs.
Parallel = Annotated[
    int,
    msgspec.Meta(
        ge=1, le=50, description="How many API requests of one account may be in flight at once."
    ),
]
Rotating = Annotated[
    Rotation,
    msgspec.Meta(description="What a refresh does to the refresh token that was presented."),
]

# Where msgspec found it: the end of its message.
_NAMED = re.compile(r"- at `\$\.(\w+)`\Z")

T = TypeVar("T", bound=msgspec.Struct)
Value = str | int | bool


@dataclass(frozen=True, slots=True)
class Option:
    """
    One switch for readers.

    ``form`` says in words what it may be; ``choices`` are its values where they are few.
    ``meaning`` is a sentence.
    """

    name: str
    form: str
    default: Value
    meaning: str
    choices: tuple[Value, ...] = ()


def parse_options(settings: HostSettings, kind: type[T]) -> T:
    """
    Read a host's options into ``kind``; numbers may be written as text (environment).

    Raises :class:`ConfigurationError` on an unknown option or a value outside its domain.
    """
    try:
        return msgspec.convert(dict(settings.options), kind, strict=False)
    except msgspec.ValidationError as refusal:
        raise _refused(settings, kind, str(refusal)) from refusal


def _refused(settings: HostSettings, kind: type[msgspec.Struct], said: str) -> ConfigurationError:
    """In our words where one option is wrong, and in msgspec's where there is no such option."""
    named, known = _NAMED.search(said), {one.name: one for one in options_of(kind)}
    key, option = f"hosts.{settings.name}.options", known.get(named[1]) if named else None
    if option is not None:
        key, cure = f"{key}.{option.name}", f"it may be: {option.form}. {option.meaning}"
    else:
        names = ", ".join(known)
        cure = f"{said}; a host of kind {settings.kind!r} knows the options {names}"
    return ConfigurationError(key=key, place="the settings", cure=cure.strip())


def options_of(kind: type[msgspec.Struct]) -> tuple[Option, ...]:
    """Every switch that the struct declares, in its order."""
    return tuple(
        _option(one.name, inspect.type_info(one.type), one.default)
        for one in msgspec.structs.fields(kind)
    )


def _option(name: str, shape: inspect.Type, default: object) -> Option:
    meaning = ""
    if isinstance(shape, inspect.Metadata):
        meaning = str((shape.extra_json_schema or {}).get("description", ""))
        shape = shape.type
    choices = _choices(shape)
    form = _one_of(choices) if choices else _form(shape)
    return Option(name, form, _plain(default), meaning, choices)


def _one_of(choices: tuple[Value, ...]) -> str:
    *others, last = (f"`{_written(one)}`" for one in choices)
    return f"{', '.join(others)} or {last}"


def _choices(shape: inspect.Type) -> tuple[Value, ...]:
    match shape:
        case inspect.LiteralType(values=values):
            return tuple(map(_plain, values))
        case inspect.EnumType(cls=words):
            return tuple(map(_plain, words))
        case inspect.BoolType():
            return (True, False)
        case _:
            return ()


def _form(shape: inspect.Type) -> str:
    match shape:
        case inspect.IntType(ge=least, le=most) if least is not None and most is not None:
            return f"whole number, {least} to {most}"
        case inspect.IntType():
            return "whole number"
        case _:
            return "text"


def _plain(value: object) -> Value:
    """A value as the settings write it; a word of a closed set is a text."""
    found = value.value if isinstance(value, Enum) else value
    return found if isinstance(found, str | int | bool) else str(found)


def _written(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
