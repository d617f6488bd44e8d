"""
``permsync check``: may this person see this repository, and why.

Its exit code is the answer, so that scripts can ask. This module must not decide access.
"""

from typing import Annotated

import typer

from permsync.cli.exits import DENIED
from permsync.cli.naming import parse_repository, parse_subject
from permsync.cli.running import AsJson, SettingsFile, console, print_json, run_with_services
from permsync.flows.check import Answer
from permsync.flows.check import check as ask
from permsync.model import Verdict
from permsync.web.sentences import REASONS

Subject = Annotated[
    str, typer.Argument(help="A user id, ISSUER#SUBJECT, or account:HOST:ID at the host.")
]
Repo = Annotated[str, typer.Argument(help="A repository id, HOST:OWNER/NAME, or HOST:#ID.")]


def check(
    subject: Subject,
    repo: Repo,
    why: Annotated[bool, typer.Option("--why", help="Say what the answer stands on.")] = False,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Answer allow (exit code 0) or deny (1), with the reason."""
    who, what = parse_subject(subject), parse_repository(repo)
    answer = run_with_services(settings, lambda services: ask(services, who, what))
    if as_json:
        print_json(_told(answer))
    else:
        decision = answer.decision
        console.print(f"{decision.verdict}: {decision.reason}")
        if why:
            for name, value in _told(answer).items():
                console.print(f"  {name}: {'-' if value is None else value}")
    raise typer.Exit(0 if answer.decision.verdict is Verdict.ALLOW else DENIED)


def _told(answer: Answer) -> dict[str, object]:
    decision = answer.decision
    return {
        "allowed": decision.verdict is Verdict.ALLOW,
        "reason": decision.reason.value,
        "meaning": REASONS[decision.reason],
        "basis": [one.value for one in decision.basis],
        "synced_at": decision.synced_at,
        "stale": decision.stale,
        "valid_until": decision.valid_until,
        "account": decision.account_id,
        "user": answer.user.id if answer.user else None,
        "repository": answer.repository.full_name if answer.repository else None,
        "revision": answer.revision,
    }
