"""
How a host file reads the switches of its own kind.

A kind declares its switches as a struct with a default and a domain for each; the
operator's words are converted into it or refused with a message that names the place.
This module must not know any kind or where settings come from.
"""

from typing import Annotated, TypeVar

import msgspec

from permsync.codehost import HostSettings
from permsync.errors import ConfigurationError

# GitHub cuts a person off at 100 requests at once, counted over all programs.
Parallel = Annotated[int, msgspec.Meta(ge=1, le=50)]

T = TypeVar("T", bound=msgspec.Struct)


def parse_options(settings: HostSettings, kind: type[T]) -> T:
    """
    Read a host's options into ``kind``; numbers may be written as text (environment).

    Raises :class:`ConfigurationError` on an unknown option or a value outside its domain.
    """
    try:
        return msgspec.convert(dict(settings.options), kind, strict=False)
    except msgspec.ValidationError as refusal:
        known = ", ".join(kind.__struct_fields__)
        raise ConfigurationError(
            key=f"hosts.{settings.name}.options",
            place="the settings",
            cure=f"{refusal}; a host of kind {settings.kind!r} knows the options {known}",
        ) from refusal
