"""The registry: a kind is supported by having a file, or an entry point of another package."""

import re
from collections.abc import Mapping
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path

import pytest

from permsync import hosts
from permsync.codehost import CodeHost, HostSettings
from permsync.errors import ConfigurationError
from permsync.hosts import built_in, create, registry, with_others
from tests.hosts.exchanges import settings_of
from tests.hosts.installed import WHOLE, install

ANY = next(iter(built_in()))


def test_the_folder_listing_is_the_support_matrix() -> None:
    folder = Path(hosts.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    assert list(built_in()) == sorted(modules | packages)
    assert built_in().items() <= registry().items()


def test_a_host_is_made_from_its_settings() -> None:
    host = create(settings_of(ANY, base_url="https://git.example"))
    assert host.kind == ANY
    assert host.identity_ask().request.url.startswith("https://git.example/")


def test_an_unknown_kind_is_refused_with_the_kinds_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"hosts\.one\.kind.*'gogs'") as refused:
        create(settings_of("gogs"))
    assert ", ".join(registry()) in refused.value.cure


@pytest.mark.parametrize("kinds", [registry(), built_in(), with_others({}, ())])
def test_the_registry_cannot_be_changed(kinds: Mapping[str, type[CodeHost]]) -> None:
    with pytest.raises(TypeError):
        kinds["anvil"] = built_in()[ANY]  # type: ignore[index]  # that is the test


# Kinds of other packages


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is imported from, like one that an installer fills."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def _entries(metadata: Path) -> list[EntryPoint]:
    return list(Distribution.at(metadata).entry_points)


def _refused(metadata: Path) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as refused:
        with_others(built_in(), _entries(metadata))
    return refused.value


def test_an_entry_point_brings_a_kind_beside_the_built_in_ones(folder: Path) -> None:
    text = WHOLE.format(kind="anvil")
    metadata = install(folder, kind="anvil", module="forge_whole", text=text)
    kinds = with_others(built_in(), _entries(metadata))
    assert list(kinds) == sorted([*built_in(), "anvil"])
    assert kinds["anvil"].title == "Of another package"


def test_a_name_that_is_taken_is_refused_and_no_kind_is_replaced(folder: Path) -> None:
    text = WHOLE.format(kind=ANY)
    refused = _refused(install(folder, kind=ANY, module="forge_clash", text=text))
    assert refused.key == f"permsync.hosts.{ANY}"
    assert refused.place == "the entry points of acme-forge_clash 1.2"
    assert f"there is a kind {ANY!r} already" in refused.cure


def test_two_packages_cannot_bring_the_same_kind(folder: Path) -> None:
    text = WHOLE.format(kind="anvil")
    one, two = (
        _entries(install(folder, kind="anvil", module=module, text=text))
        for module in ("forge_one", "forge_two")
    )
    with pytest.raises(ConfigurationError, match=r"forge_two:Host: there is a kind 'anvil'"):
        with_others(built_in(), [*two, *one])


@pytest.mark.parametrize(
    ("module", "text", "why"),
    [
        ("forge_absent", "import a_library_that_is_not_here", r"cannot be imported \(ModuleNotF"),
        ("forge_raises", 'raise ValueError("a\\nb")', r"cannot be imported \(ValueError: a b\)"),
        ("forge_nameless", "", r"cannot be imported \(AttributeError"),
        ("forge_object", "Host = 7", "it is no class"),
        (
            "forge_lacking",
            "class Host:\n    kind = 'anvil'",
            "it lacks authorize_url, clouds, code_req",
        ),
        ("forge_other", WHOLE.format(kind="other"), "its kind is 'other'"),
    ],
)
def test_an_entry_that_is_no_host_is_refused_by_name_with_the_cure(
    folder: Path, module: str, text: str, why: str
) -> None:
    refused = _refused(install(folder, kind="anvil", module=module, text=text))
    assert refused.key == "permsync.hosts.anvil"
    assert refused.place == f"the entry points of acme-{module} 1.2"
    assert re.search(why, refused.cure)
    assert refused.cure.startswith(f"{module}:Host: ")
    assert refused.cure.endswith("mend, update or uninstall the package")


def test_a_host_that_lacks_a_property_is_refused_when_it_is_made() -> None:
    class Lacking(built_in()[ANY]):  # type: ignore[misc]  # a class of another package
        def __init__(self, settings: HostSettings) -> None:
            super().__init__(settings)
            del self.parallel

    with pytest.raises(ConfigurationError, match=r"hosts\.one\.kind.*lacks parallel of"):
        hosts._made(Lacking, settings_of(ANY))


def test_an_entry_of_no_known_package_is_named_all_the_same() -> None:
    entry = EntryPoint("anvil", "not_installed:Host", "permsync.hosts")
    with pytest.raises(ConfigurationError, match=r"'permsync.hosts.anvil' .* a package: not_inst"):
        with_others({}, [entry])
