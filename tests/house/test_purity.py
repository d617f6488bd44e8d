"""
Importing the package does nothing: no file, no socket, no process, no thread.

One child process imports every module under an audit hook, which sees what Python itself
does on the program's behalf and cannot be talked out of it.
"""

import json
import subprocess
import sys
from functools import cache

from tests.house.tree import SOURCE, modules

WITNESS = """
import importlib, json, sys, sysconfig, threading

names, source = json.loads(sys.argv[1]), sys.argv[2]
paths = sysconfig.get_paths()
python = tuple({sys.prefix, sys.base_prefix, paths["stdlib"], paths["purelib"]})
seen = []

def witness(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        writes = isinstance(mode, str) and set(mode) & set("wax+")
        path = path.decode() if isinstance(path, bytes) else str(path)
        code = path.startswith(source) and path.endswith((".py", ".pyc"))
        if writes or not (code or path.startswith(python)):
            seen.append(f"open {path} {mode}")
    elif event.startswith(("socket.", "subprocess.", "os.fork", "os.exec", "os.posix_spawn")):
        seen.append(event)

sys.addaudithook(witness)
for name in names:
    importlib.import_module(name)
print(json.dumps({"seen": seen, "threads": threading.active_count()}))
"""

# Alembic runs this file, and the interpreter runs that one; nobody imports them.
RUN_BY_OTHERS = frozenset({"permsync.__main__", "permsync.store.migrations.env"})


@cache
def _witnessed() -> tuple[list[str], int]:
    names = [module.name for module in modules() if module.name not in RUN_BY_OTHERS]
    child = subprocess.run(
        [sys.executable, "-I", "-B", "-c", WITNESS, json.dumps(names), str(SOURCE)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    answer = json.loads(child.stdout)
    return answer["seen"], answer["threads"]


def test_importing_every_module_opens_nothing() -> None:
    seen, _ = _witnessed()
    assert not seen


def test_importing_every_module_starts_no_thread() -> None:
    _, threads = _witnessed()
    assert threads == 1
