"""
The documents say what is there: every link, path, command, word and folder is looked up.

What they say about it is for a reader to judge; that it exists is for this file.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from typer.main import get_group

from permsync import app as app_module
from permsync import errors
from permsync.cli import app
from permsync.config import load_settings
from permsync.config.catalogue import catalogue
from permsync.errors import PermsyncError
from permsync.flows.deps import ConfiguredHost
from permsync.vault import Vault, new_sealing_key
from tests.house.tree import PACKAGE, ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ (?P<text>.+)$", re.MULTILINE)
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
PATH = re.compile(r"(?<![\w./-])(?:src|tests|docs|bench)/[\w./*-]*[\w*/]")
MAKE = re.compile(r"^make ([a-z-]+)|[`\n]make ([a-z-]+)")
COMMAND = re.compile(r"(?:[`\n]|\.venv/bin/)permsync ([a-z][a-z-]*)([^`\n|]*)")
OPTION = re.compile(r"(?<!\S)--[a-z][a-z-]*")
SETTINGS_BLOCK = re.compile(r"```toml\n(?P<text>.*?)```", re.DOTALL)
# What settings need beside the hosts.
REST = 'public_url = "https://permsync.example"\nsealing_keys = ["{key}"]\n{block}'

# The words of the design; the glossary explains each in a line of its own.
WORDS = (
    "account",
    "connection",
    "decision",
    "grant",
    "host",
    "listing",
    "repository",
    "run",
    "sealing key",
    "service key",
    "token set",
    "user",
)


def _name(document: Path) -> str:
    return str(document.relative_to(ROOT))


def _code(document: Path) -> Iterator[str]:
    """What the document quotes as code: blocks and words between backticks."""
    for match in CODE.finditer(document.read_text(encoding="utf-8")):
        yield match[0]


def _anchors(document: Path) -> set[str]:
    headings = HEADING.findall(document.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", text).strip().lower().replace(" ", "-") for text in headings}


def _leads_somewhere(document: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    found = (document.parent / path).resolve() if path else document
    if not found.exists():
        return False
    return not anchor or anchor in _anchors(found)


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_every_link_within_the_repository_leads_somewhere(document: Path) -> None:
    targets = LINK.findall(document.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert not [target for target in local if not _leads_somewhere(document, target)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_every_path_that_is_quoted_exists(document: Path) -> None:
    paths = {path for code in _code(document) for path in PATH.findall(code)}
    assert not [path for path in sorted(paths) if not list(ROOT.glob(path.rstrip("/")))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_every_make_command_that_is_quoted_exists(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    quoted = {"".join(match) for code in _code(document) for match in MAKE.findall(code)}
    assert quoted <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_every_permsync_command_that_is_quoted_exists(document: Path) -> None:
    words = {match[0] for code in _code(document) for match in COMMAND.findall(code)}
    assert words <= set(get_group(app).commands)


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_every_option_that_is_quoted_with_a_command_exists(document: Path) -> None:
    quoted = {
        (command, option)
        for code in _code(document)
        for command, rest in COMMAND.findall(code)
        for option in OPTION.findall(rest)
    }
    assert not [each for each in sorted(quoted) if each[1] not in _options_of(each[0])]


def _options_of(command: str) -> set[str]:
    """Every option of a command and of those below it."""
    found = get_group(app).commands[command]
    below = [found, *getattr(found, "commands", {}).values()]
    return {
        option
        for each in below
        for one in each.params
        for option in (*one.opts, *one.secondary_opts)
    } | {"--help"}


@pytest.mark.parametrize("guide", GUIDES, ids=_name)
def test_a_guides_settings_make_a_host_with_the_callback_and_scopes_it_names(
    guide: Path, tmp_path: Path
) -> None:
    text = guide.read_text(encoding="utf-8")
    whole = ""
    for block in SETTINGS_BLOCK.findall(text):
        # A block of options alone belongs to the host above it.
        whole = block if "client_id" in block else f"{whole}\n{block}"
        for configured in _hosts_in(whole, tmp_path):
            assert f"{urlsplit(configured.redirect_uri).path}`" in text
            assert all(f"`{scope}`" in text for scope in configured.host.scopes)


def _hosts_in(block: str, folder: Path) -> list[ConfiguredHost]:
    """The hosts that these settings make, with stand-ins for the files they name."""
    for name in re.findall(r'_file = "([^"]+)"', block):
        (folder / name).write_text("a-secret")
        (folder / name).chmod(0o600)
    file = folder / "permsync.toml"
    file.write_text(REST.format(key=new_sealing_key(), block=block))
    file.chmod(0o600)
    read = load_settings(file=file, environ={})
    return list(app_module._hosts(read, Vault([bytes(32)])).values())


def test_every_claim_of_the_readme_is_followed_by_tests_that_are_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = [match.split() for match in re.findall(r"`pytest ([^`]+)`", text)]
    assert len(shown) > 20
    for words in shown:
        files, _, chosen = " ".join(words).partition(" -k ")
        sources = [(ROOT / file).read_text(encoding="utf-8") for file in files.split()]
        tests = re.findall(r"^(?:async )?def (test_\w+)", "\n".join(sources), re.MULTILINE)
        assert any(chosen in name for name in tests), words


def test_every_setting_is_explained() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    headings = set(HEADING.findall(text))
    keys = {entry.key for section in catalogue() for entry in section.entries}
    assert keys <= {heading.strip("`") for heading in headings}


def test_the_readme_maps_every_folder_and_module_of_the_package() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    there = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in PACKAGE.iterdir()
        if not path.name.startswith("__") and path.suffix in {"", ".py"}
    }
    mapped = set(re.findall(r"^\| `([\w./]+)` \|", readme, re.MULTILINE))
    assert mapped == there


@pytest.mark.parametrize("word", WORDS)
def test_the_glossary_explains_the_word(word: str) -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| \*\*{word}\*\* \| \S", glossary, re.MULTILINE)


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    records = {path.name for path in folder.glob("[0-9]*.md")}
    assert records == set(re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", index))


def _codes(error: type[PermsyncError]) -> Iterator[str]:
    for child in error.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child.code
            yield from _codes(child)


def test_every_error_code_is_explained() -> None:
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert not [code for code in _codes(PermsyncError) if f"`{code}" not in text]


def test_the_version_is_the_one_the_changelog_prepares() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [Unreleased]" in changelog or f"## [{project['version']}]" in changelog
