"""
Importing the package does nothing: no file, no socket, no process, no thread.

One child process imports every module under an audit hook, which sees what Python itself
does on the program's behalf and cannot be talked out of it. Each event is put down to the
innermost code that is not the standard library's: to a module of ours, or to a library.
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
libraries = paths["purelib"]
python = (sys.prefix, sys.base_prefix, paths["stdlib"], libraries)
seen = set()

def who():
    frame = sys._getframe(2)
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(source):
            return path[len(source) + 1:]
        if path.startswith(libraries):
            return path[len(libraries) + 1:].partition("/")[0]
        frame = frame.f_back
    return "python"

def witness(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        path = path.decode() if isinstance(path, bytes) else str(path)
        writes = isinstance(mode, str) and set(mode) & set("wax+")
        code = path.startswith(source) and path.endswith((".py", ".pyc"))
        if writes or not (code or path.startswith(python)):
            seen.add((who(), f"open {path}"))
    elif event.startswith(("socket.", "subprocess.", "os.fork", "os.exec", "os.posix_spawn")):
        seen.add((who(), event))

sys.addaudithook(witness)
for name in names:
    importlib.import_module(name)
print(json.dumps({"seen": sorted(seen), "threads": threading.active_count()}))
"""

# Alembic runs this file, and the interpreter runs that one; nobody imports them.
RUN_BY_OTHERS = frozenset({"permsync.__main__", "permsync.store.migrations.env"})
# Libraries that look around when they are imported, and what they look for.
CURIOUS = {
    "croniter": "the width of an integer, which the standard library asks the program `file`",
    "prometheus_client": "the boot time and limits of this process, in /proc",
}


@cache
def _witnessed() -> tuple[list[tuple[str, str]], int]:
    names = [module.name for module in modules() if module.name not in RUN_BY_OTHERS]
    child = subprocess.run(
        [sys.executable, "-I", "-B", "-c", WITNESS, json.dumps(names), str(SOURCE)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    answer = json.loads(child.stdout)
    return [(who, event) for who, event in answer["seen"]], answer["threads"]


def test_importing_every_module_opens_nothing() -> None:
    seen, _ = _witnessed()
    assert not [f"{who}: {event}" for who, event in seen if who not in CURIOUS]


def test_importing_every_module_starts_no_thread() -> None:
    _, threads = _witnessed()
    assert threads == 1
