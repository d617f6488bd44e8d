"""
``permsync rules``: what an operator allows or denies a person about a repository.

This module must not decide what a rule means.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

import typer

from permsync.cli.naming import parse_instant, parse_repository, parse_subject
from permsync.cli.running import (
    AsJson,
    SettingsFile,
    console,
    print_json,
    print_table,
    run_with_services,
)
from permsync.errors import MalformedError
from permsync.flows.deps import Services
from permsync.flows.end_rule import end_rule
from permsync.flows.list_rules import list_rules
from permsync.flows.set_rule import RuleTerms, set_rule
from permsync.model import Verdict
from permsync.web.rule_facts import RuleFacts, rule_facts

ACTOR = "operator"
COLUMNS = ("id", "effect", "user", "repository", "expires_at", "note", "actor")
Subject = Annotated[
    str, typer.Argument(help="A user id, ISSUER#SUBJECT, or account:HOST:ID at the host.")
]
Repo = Annotated[str, typer.Argument(help="A repository id, HOST:OWNER/NAME, or HOST:#ID.")]
Until = Annotated[
    str | None,
    typer.Option(help="The last instant at which it holds, such as 2030-01-31T18:00:00Z."),
]
Days = Annotated[int | None, typer.Option(min=1, max=36_500, help="End it after so many days.")]
Why = Annotated[str | None, typer.Option(help="Why, for whoever reads the list.")]
app = typer.Typer(no_args_is_help=True, help="Explicit rules: allow, deny, end, list.")


def _setter(effect: Verdict) -> Callable[..., None]:
    """To allow and to deny are asked for in the same words."""

    def command(
        subject: Subject,
        repo: Repo,
        *,
        until: Until = None,
        days: Days = None,
        note: Why = None,
        settings: SettingsFile = None,
        as_json: AsJson = False,
    ) -> None:
        _show(_set(effect, subject, repo, _Terms(until, days, note), settings), as_json=as_json)

    return command


app.command("allow", help="Let this person see this repository, whatever the listings say.")(
    _setter(Verdict.ALLOW)
)
app.command(
    "deny",
    help="Deny this person this repository, through all their accounts; it wins over everything.",
)(_setter(Verdict.DENY))


@app.command()
def end(
    rule: Annotated[int, typer.Argument(help="The id of the rule, as the list shows it.")],
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """End a rule at once; what the listings say of the pair counts again."""
    ended = run_with_services(settings, lambda services: end_rule(services, rule, actor=ACTOR))
    _show(rule_facts(ended), as_json=as_json)


@app.command("list")
def list_(
    user: Annotated[int | None, typer.Option(help="Only rules of this user.")] = None,
    repository: Annotated[
        int | None, typer.Option(help="Only rules about this repository, by its id.")
    ] = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """List the rules; one that is over stands here until it is swept."""

    async def every(services: Services) -> list[RuleFacts]:
        found: list[RuleFacts] = []
        after: int | None = 0
        while after is not None:
            page = await list_rules(services, user_id=user, repository_id=repository, after=after)
            found += [rule_facts(one) for one in page.items]
            after = page.next_after
        return found

    facts = run_with_services(settings, every)
    if as_json:
        print_json([one.model_dump(mode="json") for one in facts])
    else:
        print_table(COLUMNS, [_row(one) for one in facts])


@dataclass(frozen=True, slots=True)
class _Terms:
    until: str | None
    days: int | None
    note: str | None


def _set(
    effect: Verdict, subject: str, repo: str, asked: _Terms, settings: SettingsFile
) -> RuleFacts:
    who, what = parse_subject(subject), parse_repository(repo)
    if asked.until is not None and asked.days is not None:
        raise MalformedError(field="--until", expected="an instant or --days; not both")
    until = None if asked.until is None else parse_instant(asked.until)

    async def write(services: Services) -> RuleFacts:
        days = None if asked.days is None else timedelta(days=asked.days)
        ends = until if days is None else services.clock.now() + days
        terms = RuleTerms(effect, ends, asked.note)
        return rule_facts(await set_rule(services, who, what, terms, actor=ACTOR))

    return run_with_services(settings, write)


def _show(facts: RuleFacts, *, as_json: bool) -> None:
    if as_json:
        print_json(facts.model_dump(mode="json"))
    else:
        row = _row(facts)
        until = "without end" if row["expires_at"] is None else f"until {row['expires_at']}"
        console.print(
            f"rule {facts.id}: {facts.effect} user {facts.user} {row['repository']}, {until}"
        )


def _row(facts: RuleFacts) -> dict[str, object]:
    named, ends = f"{facts.repository.host}:{facts.repository.full_name}", facts.expires_at
    until = None if ends is None else ends.isoformat(sep=" ", timespec="seconds")
    return {**facts.model_dump(), "repository": named, "expires_at": until}
