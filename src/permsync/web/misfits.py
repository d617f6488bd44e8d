"""
What is wrong with a field, in a sentence of ours: never the value, never pydantic's text.

What is decided here: which of several misfits is named, its path, and its sentence. Tags
that pydantic puts into the path of a union are left out, because nobody sent them. This
module must not know any model.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError

from permsync.errors import MalformedError

# A name that a caller made up is said back only if it is a plain, short word.
PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,64}")
UNNAMED = "?"

SENTENCES: Mapping[str, str] = {
    "bool_type": "This must be true or false.",
    "dict_type": "This must be an object.",
    "extra_forbidden": "There is no such field here.",
    "greater_than_equal": "This is smaller than the least that is allowed.",
    "int_parsing": "This must be a whole number.",
    "less_than_equal": "This is greater than the most that is allowed.",
    "literal_error": "This is none of the words that are allowed here.",
    "missing": "This field is needed.",
    "model_attributes_type": "This must be an object.",
    "model_type": "This must be an object.",
    "string_pattern_mismatch": "This has not the form that is documented for it.",
    "string_too_long": "This is longer than allowed.",
    "string_too_short": "This must not be empty.",
    "string_type": "This must be a string.",
    "string_unicode": "This is not valid Unicode.",
    "union_tag_invalid": "This is of no kind that is allowed here.",
    "union_tag_not_found": "This names nothing: see the documented forms.",
}
OTHERWISE = "This has not the form that is documented for it."


def misfit_of(error: RequestValidationError) -> MalformedError:
    """The first misfit that validation found, as an error of the tree."""
    first = error.errors()[0]
    return MalformedError(
        field=_path_of(first["loc"], error.body),
        expected=SENTENCES.get(first["type"], OTHERWISE),
    )


def _path_of(place: Sequence[str | int], sent: Any) -> str:
    """The names of ``place`` that lead through what was sent; the last one leads nowhere."""
    names = place[1:] if len(place) > 1 else place
    path = []
    for name in names[:-1]:
        if isinstance(sent, dict) and name in sent:
            sent = sent[name]
            path.append(_said(name))
    return ".".join([*path, _said(names[-1])])


def _said(name: str | int) -> str:
    text = str(name)
    return text if PLAIN.fullmatch(text) else UNNAMED
