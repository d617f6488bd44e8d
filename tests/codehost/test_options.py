"""A kind's switches are converted or refused with a message that names the place."""

import msgspec
import pytest

from permsync.codehost import HostSettings
from permsync.codehost.options import Parallel, parse_options
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
    "options", [{"strikt": True}, {"strict": "maybe"}, {"parallel": 0}, {"parallel": 51}]
)
def test_an_option_that_means_nothing_is_refused_with_what_would(
    options: dict[str, str | int | bool],
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_options(_settings(options), _Options)
    assert refused.value.key == "hosts.one.options"
    assert "strict, parallel" in refused.value.cure
