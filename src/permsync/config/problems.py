"""
From everything that is wrong with the settings to the one message that is shown.

What is decided here: the words for each kind of fault, which known name a wrong one
resembles, and that the first fault in the order of the file is reported. This module must
not know what a value means, and never quotes one: it may be a secret.
"""

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from permsync.config.places import PREFIX, KeyPath, Sources
from permsync.errors import ConfigurationError

# Secrets that may stand in a file of their own, named by the same key and ``_file``.
SECRETS = frozenset(
    {"client_secret", "database_url", "private_key", "sealing_keys", "token", "webhook_secrets"}
)

_FIRST = "no file was read: permsync init writes a settings file"

_TYPES = {
    "string_type": "write it as a text in quotes",
    "string_too_short": "it is empty",
    "model_type": "write it as a table",
    "dict_type": "write it as a table",
    "tuple_type": "write it as a list",
    "path_type": "write it as a path in quotes",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A setting that is wrong, and what to do about it."""

    path: KeyPath
    cure: str
    is_missing: bool = False


def first_of(problems: Iterable[Problem], sources: Sources) -> ConfigurationError | None:
    """The error for the first problem in the order of the file, or ``None`` without any."""
    found = min(problems, key=lambda one: sources.place_of(one.path).order, default=None)
    if found is None:
        return None
    place = sources.place_of(found.path)
    # A missing setting stands nowhere; the table around it is a place to put it, if in a file.
    where = place.text if place.is_in_file or not found.is_missing else sources.name
    nothing_yet = found.is_missing and sources.file is None
    cure = f"{found.cure}; {_FIRST}" if nothing_yet else found.cure
    return ConfigurationError(key=".".join(found.path), place=where, cure=cure)


def unknown(name: str, known: Iterable[str]) -> str:
    """The cure for a name that nobody knows."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"there is no such setting; did you mean {near[0]!r}?"
    return f"there is no such setting; known here are {', '.join(names)}"


def problems_of(error: ValidationError, model: type[BaseModel]) -> Iterator[Problem]:
    """
    What pydantic found wrong in a ``model``, in our words.

    Beside an unknown name, a missing one of the same table is not mentioned: most likely
    they are one slip of the pen.
    """
    details = error.errors(include_url=False, include_input=False)
    with_unknown = {each["loc"][:-1] for each in details if each["type"] == "extra_forbidden"}
    for detail in details:
        path = tuple(str(part) for part in detail["loc"])
        if is_option(path):  # what follows an option's name is pydantic's, not ours
            path = path[:4]
        is_missing = detail["type"] == "missing"
        if not (is_missing and detail["loc"][:-1] in with_unknown):
            yield Problem(path, _cure(detail, path, model), is_missing=is_missing)


def is_option(path: KeyPath) -> bool:
    """Whether the path leads into a host's options, whose names are its kind's own."""
    return path[:1] == ("hosts",) and path[2:3] == ("options",)


def _cure(detail: ErrorDetails, path: KeyPath, model: type[BaseModel]) -> str:
    match detail["type"]:
        case "missing":
            return _missing(path)
        case "extra_forbidden":
            return unknown(path[-1], _known_names(model, path[:-1]))
        case "value_error":
            return str(detail["ctx"]["error"])
        case kind:
            said = detail["msg"].replace("Input should be", "it must be")
            return _TYPES.get(kind, said[0].lower() + said[1:])


def _missing(path: KeyPath) -> str:
    ways = ["it is missing: set it"]
    if path[-1] in SECRETS:
        ways.append(f"name a file with {path[-1]}_file")
    if not any(part.isdigit() for part in path):  # a variable cannot name a row of a list
        ways.append(f"set {PREFIX}{'__'.join(path).upper().replace('-', '_')}")
    if path == ("sealing_keys",):
        ways.append("name a program with sealing_keys_command")
    hint = "; permsync init makes one" if path == ("sealing_keys",) else ""
    return ", or ".join(ways) + hint


def _known_names(model: type[BaseModel], path: KeyPath) -> Iterable[str]:
    """The fields of the table at ``path``; a name or number in it stands for any."""
    found: type[BaseModel] = model
    for part in path:
        field = found.model_fields.get(part)
        found = _model_in(field.annotation) if field else found
    return found.model_fields


def _model_in(annotation: object) -> type[BaseModel]:
    """The table inside ``dict[str, Host]``, ``tuple[Admin, ...]`` or ``Oidc | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = [_model_in(each) for each in get_args(annotation)]
    return next((each for each in inner if each is not BaseModel), BaseModel)
