"""A kind's switches are converted, or refused with a message that names the place, and shown."""

from typing import Annotated, Literal

import msgspec
import pytest

from permsync.codehost import HostSettings, Rotation
from permsync.codehost.options import Option, Parallel, Rotating, options_of, parse_options
from permsync.errors import ConfigurationError


class _Options(msgspec.Struct, forbid_unknown_fields=True):
    strict: bool = True
    parallel: Parallel = 4


def _settings(options: dict[str, str | int | bool]) -> HostSettings:
    return HostSettings(
        "one", "kind", "https://x.example", "id", "secret", "https://y.example", options=options
    )


def test_an_option_that_is_not_set_has_its_default() -> None:
    assert parse_options(_settings({}), _Options) == _Options(strict=True, parallel=4)


def test_an_option_may_be_written_as_text() -> None:
    read = parse_options(_settings({"strict": "false", "parallel": "9"}), _Options)
    assert read == _Options(strict=False, parallel=9)


@pytest.mark.parametrize(
    ("options", "key", "cure"),
    [
        ({"strikt": True}, "hosts.one.options", "'kind' knows the options strict, parallel"),
        ({"strict": "maybe"}, "hosts.one.options.strict", "it may be: `true` or `false`"),
        (
            {"parallel": 0},
            "hosts.one.options.parallel",
            "it may be: whole number, 1 to 50. How many",
        ),
        (
            {"parallel": "many"},
            "hosts.one.options.parallel",
            "it may be: whole number, 1 to 50. How many",
        ),
    ],
)
def test_an_option_that_means_nothing_is_refused_with_what_would(
    options: dict[str, str | int | bool], key: str, cure: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_options(_settings(options), _Options)
    assert refused.value.key == key
    assert cure in refused.value.cure


class _Shown(msgspec.Struct):
    app: Annotated[Literal["oauth", "app"], msgspec.Meta(description="How.")] = "oauth"
    rotation: Rotating = Rotation.GRACE
    strict: bool = True
    parallel: Parallel = 4
    most: int = 7
    version: Annotated[str, msgspec.Meta(max_length=9)] = "1"


def test_an_option_is_shown_with_what_it_may_be_its_default_and_its_meaning() -> None:
    app, rotation, strict, parallel, most, version = options_of(_Shown)
    assert app == Option("app", "`app` or `oauth`", "oauth", "How.", ("app", "oauth"))
    assert (rotation.default, rotation.choices) == ("grace", tuple(Rotation))
    assert strict == Option("strict", "`true` or `false`", True, "", (True, False))
    assert (parallel.form, parallel.default) == ("whole number, 1 to 50", 4)
    assert parallel.meaning.endswith(".")
    assert (most.form, version.form, version.meaning) == ("whole number", "text", "")
