"""
``docs/cli.md`` is what its generator writes today, and every exit code has its meaning.

Rewrite a stale page with ``python -m docs.generate_cli``.
"""

from docs import generate_cli
from permsync.cli import exits


def test_the_page_of_commands_says_what_the_program_says_today() -> None:
    assert generate_cli.PAGE.read_text(encoding="utf-8") == generate_cli.page()


def test_every_exit_code_has_a_meaning_and_no_meaning_is_left_over() -> None:
    told = [code for code, _ in generate_cli.exit_codes()]
    wrong_arguments = 2  # Typer's own
    used = {0, wrong_arguments, exits.DENIED, exits.FAILED, exits.DEFECT}
    assert set(told) == used | set(exits.EXIT_CODES.values())
    assert told == sorted(told)


def test_every_word_of_a_command_is_explained() -> None:
    silent = [
        f"{name}: {each.name}"
        for name, command in generate_cli.commands()
        for each in command.params
        if each.name != "help" and not each.help
    ]
    assert not silent
