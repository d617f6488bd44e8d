"""
Keys of a program: exactly one source, no shell, a limit of time, and nothing is quoted.

The programs are small scripts of the test's own.
"""

import sys
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest

from permsync.config.key_command import MOST_BYTES, read_command
from tests.config.written import KEY, MINIMAL, load, refusal

SOON = timedelta(seconds=30)
COMMAND = MINIMAL.replace('sealing_keys_file = "keys"', 'sealing_keys_command = ["./unwrap"]')
SECRET = "hvs.secret-of-the-command"


def program(folder: Path, code: str, *, name: str = "unwrap") -> Path:
    """A program of Python in this folder."""
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{code}", encoding="utf-8")
    path.chmod(0o700)
    return path


def test_the_printed_keys_are_the_sealing_keys_in_their_order(tmp_path: Path) -> None:
    other = KEY.replace("a", "b", 1)
    program(tmp_path, f"print('{other}  # the new one')\nprint('{KEY}')")
    keys = [key.get_secret_value() for key in load(tmp_path, COMMAND).sealing_keys]
    assert len(keys) == 2
    assert keys[1] == b"k" * 32


def test_a_relative_path_starts_from_the_settings_file(tmp_path: Path) -> None:
    program(tmp_path, f"import os\nprint('{KEY}' if os.path.exists('permsync.toml') else '')")
    assert load(tmp_path, COMMAND).sealing_keys_command == ("./unwrap",)


def test_a_variable_names_the_program_too(tmp_path: Path) -> None:
    path = program(tmp_path, f"import sys\nprint('{KEY}' if sys.argv[1:] == ['-n', '1'] else '')")
    text = MINIMAL.replace("sealing_keys_file", "#")
    settings = load(tmp_path, text, {"PERMSYNC_SEALING_KEYS_COMMAND": f"{path} -n 1"})
    assert settings.sealing_keys_command == (str(path), "-n", "1")


def test_no_shell_reads_the_arguments(tmp_path: Path) -> None:
    path = program(tmp_path, "import sys\nprint(sys.argv[1])")
    said = read_command([str(path), "$(touch made); `touch made` | x"], folder=tmp_path, in_=SOON)
    assert said == "$(touch made); `touch made` | x"
    assert not (tmp_path / "made").exists()


def test_our_standard_input_is_not_read(tmp_path: Path) -> None:
    path = program(tmp_path, "import sys\nprint(repr(sys.stdin.read()))")
    assert read_command([str(path)], folder=tmp_path, in_=SOON) == "''"


SEVERAL = {
    "in the file": COMMAND + f'sealing_keys = ["{KEY}"]\n',
    "as a file": COMMAND + 'sealing_keys_file = "keys"\n',
}


@pytest.mark.parametrize("where", SEVERAL)
def test_a_second_source_is_refused_and_the_program_is_not_run(tmp_path: Path, where: str) -> None:
    program(tmp_path, "open('made', 'w')")
    error = refusal(tmp_path, SEVERAL[where])
    assert error.key == "sealing_keys_command"
    assert "keep one of sealing_keys, sealing_keys_file and sealing_keys_command" in str(error)
    assert not (tmp_path / "made").exists()


def test_a_second_source_in_the_environment_is_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path, COMMAND, {"PERMSYNC_SEALING_KEYS": KEY})
    assert "keep one of" in str(error)


# What the program does, and what its operator reads.
FAULTS = {
    "fails": (f"import sys\nprint('{KEY}')\nsys.exit('{SECRET}')", "exit code 1"),
    "fails with a code": ("import sys\nsys.exit(3)", "exit code 3"),
    "kills itself": ("import os\nos.kill(os.getpid(), 9)", "signal 9"),
    "prints nothing": (f"import sys\nprint('{SECRET}', file=sys.stderr)", "printed nothing"),
    "prints no text": ("import sys\nsys.stdout.buffer.write(b'\\xff\\xfe')", "no text"),
    "prints too much": (f"print('x' * {MOST_BYTES + 1})", "printed more than"),
    "prints no keys": (f"print('{SECRET}')", "key 1 is not 32 bytes"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_program_is_refused_that(tmp_path: Path, fault: str) -> None:
    code, said = FAULTS[fault]
    program(tmp_path, code)
    error = refusal(tmp_path, COMMAND)
    assert said in str(error)
    assert "permsync.toml, line 2" in str(error)
    assert SECRET not in str(error)


def test_the_programs_arguments_are_not_quoted(tmp_path: Path) -> None:
    program(tmp_path, "import sys\nsys.exit(1)")
    text = COMMAND.replace('"./unwrap"', f'"./unwrap", "-token={SECRET}"')
    assert SECRET not in str(refusal(tmp_path, text))


NOT_STARTED = {
    "no such program": (["./absent"], "No such file"),
    "not executable": (["./keys"], "Permission denied"),
    "no name at all": (["a\0b"], "can be started"),
}


@pytest.mark.parametrize("case", NOT_STARTED)
def test_what_cannot_be_started_is_said(tmp_path: Path, case: str) -> None:
    arguments, said = NOT_STARTED[case]
    (tmp_path / "keys").write_text("")
    with pytest.raises(ValueError, match=said):
        read_command(arguments, folder=tmp_path, in_=SOON)


@pytest.mark.parametrize("written", ["[]", '""', "7", '["a", 7]', "{ a = 1 }"])
def test_what_is_no_command_is_refused(tmp_path: Path, written: str) -> None:
    error = refusal(tmp_path, COMMAND.replace('["./unwrap"]', written))
    assert error.key == "sealing_keys_command"
    assert "a list of texts" in str(error)


def test_a_program_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    path = tmp_path / "unwrap"
    path.write_text("#!/bin/sh\nsleep 600 &\necho $! >pid\nsleep 600\n")
    path.chmod(0o700)
    with pytest.raises(ValueError, match="did not end within 5 s"):
        read_command(["./unwrap"], folder=tmp_path, in_=timedelta(seconds=5))
    assert _ends(int((tmp_path / "pid").read_text()))


def _ends(pid: int) -> bool:
    """Look until the process is gone, or only waits for somebody to ask how it ended."""
    until = monotonic() + 60
    while monotonic() < until:
        try:
            status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if status == "Z":
            return True
    return False
