"""The registry: a kind is supported by having a file, and no other way."""

from pathlib import Path

import pytest

from permsync import hosts
from permsync.errors import ConfigurationError
from permsync.hosts import create, registry
from tests.hosts.exchanges import settings_of


def test_the_folder_listing_is_the_support_matrix() -> None:
    folder = Path(hosts.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    assert list(registry()) == sorted(modules | packages)


def test_the_four_kinds_of_the_first_release_are_here() -> None:
    kinds = {"bitbucket_cloud", "bitbucket_datacenter", "github", "gitlab"}
    assert kinds <= registry().keys()


def test_a_host_is_made_from_its_settings() -> None:
    host = create(settings_of("gitlab", base_url="https://git.example"))
    assert host.kind == "gitlab"
    assert host.api_url == "https://git.example/api/v4"


def test_an_unknown_kind_is_refused_with_the_kinds_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"hosts\.one\.kind.*'gogs'.*github, gitlab"):
        create(settings_of("gogs"))


def test_the_registry_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        registry()["github"] = registry()["gitlab"]  # type: ignore[index]  # that is the test
