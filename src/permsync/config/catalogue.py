"""
Every setting as a list for readers: what it is called, what it may be, why it exists.

The documentation and the first settings file are written from it, so neither can forget a
setting. This module must not know how either looks.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic.fields import FieldInfo

from permsync.config.places import PREFIX
from permsync.config.settings import Settings
from permsync.config.spans import MEANINGS, field_names, readable
from permsync.model import Durations

# What stands for a name in the key of a host, and for a row in the key of a list.
NAME, ROW = "NAME", "[]"

_FORMS: dict[object, str] = {
    Path: "path",
    SecretBytes: "secret text",
    SecretStr: "secret text",
    bool: "`true` or `false`",
    int: "whole number",
    str: "text",
    timedelta: "duration",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One setting. ``key`` is dotted; ``table`` is the part before its last dot, or empty.

    ``default`` and ``example`` are TOML, empty where there is none; ``variable`` is empty
    where no variable of the environment can hold the setting.
    """

    key: str
    form: str
    meaning: str
    required: bool = False
    default: str = ""
    example: str = ""

    @property
    def table(self) -> str:
        """The table that it stands in."""
        return self.key.rpartition(".")[0]

    @property
    def name(self) -> str:
        """Its name within the table."""
        return self.key.rpartition(".")[2]

    @property
    def variable(self) -> str:
        """The variable that overrides it."""
        return "" if ROW in self.key else PREFIX + self.key.upper().replace(".", "__")


@dataclass(frozen=True, slots=True)
class Section:
    """A table of settings; ``key`` is empty for the settings outside of any table."""

    key: str
    meaning: str
    entries: tuple[Entry, ...]


def catalogue() -> tuple[Section, ...]:
    """Every setting, in the order in which the settings file has them."""
    sections = list(_sections("", Settings, ""))
    sections.append(Section("durations", _meaning_of(Settings, "durations"), tuple(_spans())))
    return tuple(sections)


def _sections(key: str, model: type[BaseModel], meaning: str) -> Iterator[Section]:
    above = f"{key}." if key else ""
    fields = {name: each for name, each in model.model_fields.items() if name != "durations"}
    inner = {name: _table_in(each.annotation) for name, each in fields.items()}
    entries = tuple(_entry(above + name, each) for name, each in fields.items() if not inner[name])
    yield Section(key, meaning, entries)
    for name, table in inner.items():
        if table is not None:
            inner_key = above + name + _suffix(fields[name].annotation)
            yield from _sections(inner_key, table, _meaning_of(model, name))


def _suffix(annotation: object) -> str:
    """What follows a table's name: several may stand there by name, or in a list."""
    origin = get_origin(annotation)
    if origin is dict:
        return f".{NAME}"
    return ROW if origin is tuple else ""


def _meaning_of(model: type[BaseModel], name: str) -> str:
    return model.model_fields[name].description or ""


def _entry(key: str, field: FieldInfo) -> Entry:
    factory = field.default_factory
    default = {} if factory is dict else field.default
    return Entry(
        key=key,
        form=_form(field.annotation),
        meaning=field.description or "",
        required=field.is_required(),
        default="" if field.is_required() or default is None else _toml(default),
        example=_toml(field.examples[0]) if field.examples else "",
    )


def _spans() -> Iterator[Entry]:
    yield Entry(
        key="durations.factor",
        form="number",
        meaning="Multiplies every duration; demonstrations and tests run with a small one.",
        default="1.0",
    )
    for name in field_names():
        span: timedelta = getattr(Durations(), name)
        yield Entry(
            key=f"durations.{name}",
            form="duration",
            meaning=MEANINGS[name],
            default=_toml(readable(span)),
        )


def _toml(value: object) -> str:
    """A TOML literal; for these types JSON writes the same."""
    if isinstance(value, dict):
        pairs = ", ".join(f"{key} = {_toml(each)}" for key, each in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    plain = str(value) if isinstance(value, Path) else value
    return json.dumps(list(plain) if isinstance(plain, tuple) else plain, ensure_ascii=False)


def _form(annotation: object) -> str:
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _form(inside[0])
    if origin in {Union, UnionType}:
        return _form(inside[0])
    if origin is Literal:
        return " or ".join(f"`{each}`" for each in inside)
    if origin is tuple:
        return f"list of {_form(inside[0])}s"
    if origin is dict:
        return "table"
    return _FORMS[annotation]


def _table_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := _table_in(each))), None)
