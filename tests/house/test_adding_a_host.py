"""
Adding a kind of host is one new file: nothing else is told, and everything knows it.

A host file is dropped into a copy of the package, and a fresh interpreter is asked what it
sees there. The file is one of ours under another name, so that it fulfils the contract.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from permsync.hosts import registry
from tests.house.tree import PACKAGE, ROOT

KIND = "forge"
MODEL = "bitbucket_datacenter"
DECLARED = re.compile(r'(kind: ClassVar\[str\] = )"\w+"')

SEEN = """
import json
from permsync.codehost import HostSettings
from permsync.hosts import create, registry

settings = HostSettings(
    name="forge-corp",
    kind="forge",
    base_url="https://forge.example",
    client_id="client",
    client_secret="secret",
    redirect_uri="https://permsync.example/hosts/forge-corp/callback",
)
host = create(settings)
print(json.dumps({"kinds": list(registry()), "made": host.kind, "asks": len(host.listing_asks())}))
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with a copy of the package that has one host file more."""
    package = tmp_path / "permsync"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    model = (package / "hosts" / f"{MODEL}.py").read_text(encoding="utf-8")
    text, count = DECLARED.subn(rf'\1"{KIND}"', model)
    assert count == 1
    (package / "hosts" / f"{KIND}.py").write_text(text, encoding="utf-8")
    return tmp_path


def _run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", *arguments],
        cwd=ROOT,
        env={"PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_dropped_file_is_in_the_registry_and_can_be_configured(copy: Path) -> None:
    child = _run(copy, "-c", SEEN)
    assert child.returncode == 0, child.stderr
    seen = json.loads(child.stdout)
    assert set(seen["kinds"]) == {*registry(), KIND}
    assert seen["made"] == KIND
    assert seen["asks"] > 0


def test_a_dropped_file_is_in_the_contract_battery_without_being_told(copy: Path) -> None:
    alone = ("-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist", "-p", "no:cov")
    # The search for odd answers is left out: the file was searched under its own name.
    chosen = ("-k", KIND, "-m", "not hypothesis", "tests/hosts/test_contract.py")
    child = _run(copy, "-m", "pytest", "-q", *alone, *chosen)
    assert child.returncode == 0, child.stdout
    assert " passed" in child.stdout
