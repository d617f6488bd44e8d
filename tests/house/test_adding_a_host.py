"""
Adding a kind of host is one new file: nothing else is told, and everything knows it.

The guide is followed to the letter: the code of ``docs/guides/adding-a-code-host.md`` is put
where the guide puts it, in a copy of the package, and a fresh interpreter is asked what it
sees there. So the guide cannot promise what does not hold.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from permsync.cli.exits import EXIT_CODES
from permsync.errors import ConfigurationError
from permsync.hosts import built_in
from permsync.vault import new_sealing_key
from tests.hosts.installed import install
from tests.house.tree import PACKAGE, ROOT

GUIDE = ROOT / "docs" / "guides" / "adding-a-code-host.md"
BLOCK = re.compile(
    r"^In `([^`]+)`, \*\*`([^`]+)`\*\*:\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
FILES = {place + name: code for place, name, code in BLOCK.findall(GUIDE.read_text("utf-8"))}
KIND = "forge"
HOST, OWN_TEST = "src/permsync/hosts/forge.py", "tests/hosts/test_forge.py"
# Settings whose own host is fine.
SETTINGS = """
public_url = "https://permsync.example"
sealing_keys = ["{key}"]

[hosts.gitlab]
kind = "gitlab"
base_url = "https://git.example"
client_id = "client"
client_secret = "secret"
"""

SEEN = """
import json
from permsync.codehost.options import options_of
from permsync.hosts import create, registry
from permsync.errors import ConfigurationError
from docs import generate_failures, generate_hosts, generate_webhooks
from tests.hosts.exchanges import settings_of

def refused(options):
    try:
        create(settings_of("forge", options=options))
    except ConfigurationError as error:
        return str(error)

print(json.dumps({
    "kinds": list(registry()),
    "options": [one.name for one in options_of(registry()["forge"].options)],
    "refused": refused({"strangers": "perhaps"}),
    "accepted": refused({"strangers": False, "rotation": "tolerant", "parallel": "7"}),
    "hosts": generate_hosts.page(),
    "webhooks": generate_webhooks.page(),
    "failures": generate_failures.page(),
}))
"""


def _put(folder: Path, *files: str) -> Path:
    """A copy of the package with these files of the guide, and nothing else, put into it."""
    shutil.copytree(
        PACKAGE, folder / "src" / "permsync", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in files:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(FILES[name], encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that has the host file more, and its test beside it."""
    return _put(tmp_path_factory.mktemp("one"), HOST, OWN_TEST)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that has everything of the guide."""
    return _put(tmp_path_factory.mktemp("whole"), *FILES)


def _run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the repository with the copy's package in place of its own."""
    kept = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-B", *arguments],
        cwd=ROOT,
        env={**kept, "PYTHONPATH": str(copy / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


def _pytest(copy: Path, *arguments: str) -> str:
    """Run tests over the copy; what they said, all of them passed."""
    alone = ("-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:cov", "-c", "pyproject.toml")
    child = _run(copy, "-m", "pytest", "-q", *alone, *arguments)
    assert child.returncode == 0, child.stdout + child.stderr
    return child.stdout


def test_the_guide_has_the_host_file_its_test_and_its_part_of_the_simulator() -> None:
    kind = f"src/permsync/simulator/kinds/{KIND}"
    assert list(FILES) == [HOST, OWN_TEST, f"{kind}/__init__.py", f"{kind}/dialect.py"]


@pytest.mark.parametrize("name", FILES)
def test_the_code_of_the_guide_is_in_the_style_of_the_house(name: str) -> None:
    # What is not there on disk would be taken for a stranger's.
    ours = ("--config", 'lint.isort.known-first-party = ["permsync", "tests"]')
    for check in (("check", "--quiet", *ours), ("format", "--diff", "--quiet")):
        child = subprocess.run(
            [Path(sys.executable).with_name("ruff"), *check, "--stdin-filename", name, "-"],
            cwd=ROOT,
            input=FILES[name],
            capture_output=True,
            text=True,
            check=False,
        )
        assert child.returncode == 0, child.stdout


def test_a_dropped_file_is_in_registry_settings_and_documentation(copy: Path) -> None:
    child = _run(copy, "-c", SEEN)
    assert child.returncode == 0, child.stderr
    seen = json.loads(child.stdout)
    assert set(seen["kinds"]) >= {*built_in(), KIND}
    assert seen["options"] == ["strangers", "rotation", "parallel"]
    assert "hosts.one.options" in seen["refused"]
    assert seen["accepted"] is None
    assert (
        "| [`forge`](#forge) | Forge | `read:repositories` | 1 h | 30 days unused |"
        in (seen["hosts"])
    )
    assert "| `strangers` | `true` or `false` | `true` | Off where strangers" in seen["hosts"]
    assert "## Forge\n" in seen["webhooks"]
    assert re.search(r"^\| answer \|.* Forge \|", seen["failures"], re.MULTILINE)


def test_a_dropped_file_is_in_the_battery_and_its_table(copy: Path) -> None:
    child = _run(copy, "-m", "tests.hosts.battery", "--kind", KIND)
    assert child.returncode == 0, child.stdout + child.stderr
    rows = [line.split("│")[1:3] for line in child.stdout.splitlines() if line.startswith("│")]
    cells = {case.strip(): cell.strip() for case, cell in rows}
    assert len(cells) > 30
    assert {cell.partition(" ")[0] for cell in cells.values()} == {"ok"}
    for words in ("refusal of the api", "makes a reader raise", "shows it", "api url wins"):
        assert [case for case in cells if words in case], words


def test_the_battery_names_the_case_in_which_a_host_fails(tmp_path: Path) -> None:
    copy = _put(tmp_path, HOST)
    file = copy / HOST
    text = file.read_text("utf-8")
    asks = 'self._ask("repositories", "me/repositories?per_page=100")'
    assert text.count(asks) == 1
    # Its listing would be asked of another host, whatever the settings say.
    wrong = 'Ask("repositories", Request("GET", "https://forge.example/me/repositories"))'
    file.write_text(text.replace(asks, wrong), encoding="utf-8")
    cases = ("--case", "below the api url", "--case", "grant is read whole")
    child = _run(copy, "-m", "tests.hosts.battery", "--kind", KIND, *cases)
    assert child.returncode == 1
    rows = [line.split("│")[1:3] for line in child.stdout.splitlines() if line.startswith("│")]
    assert {case.strip(): cell.strip() for case, cell in rows} == {
        "asks are bare gets below the api url": "FAILED 1 of 1",
        "a grant is read whole": "ok",
    }


def test_the_guides_own_test_of_its_host_passes(copy: Path) -> None:
    assert " passed" in _pytest(copy, str(copy / OWN_TEST))


def test_a_dropped_file_is_offered_on_the_page_of_linked_accounts(copy: Path) -> None:
    said = _pytest(copy, "tests/web/pages/test_offers.py", "-k", f"its_host_file and {KIND}")
    assert said.startswith(".")
    assert "1 passed" in said


def test_with_its_part_of_the_simulator_it_is_linked_listed_asked_and_heard(whole: Path) -> None:
    asked = ("tests/hosts", "tests/simulator/kinds", "tests/web/pages/test_offers.py")
    files = [*(f"{asked[0]}/test_{name}_against_simulator.py" for name in ("hooks", "pairs"))]
    files += [f"{asked[0]}/test_against_simulator.py", f"{asked[1]}/test_kinds.py", asked[2]]
    said = _pytest(whole, *files, "-k", KIND)
    assert " passed" in said


def test_a_package_brings_a_kind_by_its_entry_point(tmp_path: Path) -> None:
    install(tmp_path / "src", kind=KIND, module="acme_forge", text=FILES[HOST])
    child = _run(tmp_path, "-m", "permsync", "hosts", "kinds", "--json")
    assert child.returncode == 0, child.stderr
    kinds = {row["kind"]: row["from"] for row in json.loads(child.stdout)}
    assert kinds[KIND] == "acme_forge"
    assert {kind: kinds[kind] for kind in built_in()} == dict.fromkeys(built_in(), "permsync")


def test_a_package_that_is_broken_ends_the_start_with_one_message(tmp_path: Path) -> None:
    text = "import a_library_that_is_not_here"
    install(tmp_path / "src", kind=KIND, module="acme_broken", text=text)
    file = tmp_path / "permsync.toml"
    file.write_text(SETTINGS.format(key=new_sealing_key()), encoding="utf-8")
    file.chmod(0o600)
    child = _run(tmp_path, "-m", "permsync", "serve", "--settings", str(file))
    assert child.returncode == EXIT_CODES[ConfigurationError]
    (line,) = child.stderr.splitlines()
    for word in ("permsync.hosts.forge", "acme-acme_broken 1.2", "cannot be imported", "uninstall"):
        assert word in line
