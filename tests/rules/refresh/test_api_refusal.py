"""An API's no counts only against the tokens that it was said to, and after one more try."""

from dataclasses import replace

from permsync.rules.refresh import AccountFacts
from permsync.rules.refresh.api_refusal import (
    Believe,
    Force,
    LinkedAgain,
    Meaning,
    Repeat,
    plan_refused,
)
from tests.rules.refresh.scenes import HEALTHY, SUSPECT


def meaning(
    account: AccountFacts = HEALTHY,
    *,
    link_id: str = "link",
    version: int = 7,
    forced: bool = False,
) -> Meaning:
    """What a refusal of version 7 of this link means."""
    return plan_refused(account, link_id=link_id, version=version, forced=forced)


def test_a_token_that_looked_fresh_is_refreshed_once() -> None:
    assert meaning() == Force()


def test_a_second_refusal_is_believed() -> None:
    assert meaning(forced=True) == Believe()


def test_a_refusal_of_older_tokens_means_that_newer_ones_are_to_be_used() -> None:
    assert meaning(version=6) == Repeat()
    assert meaning(version=6, forced=True) == Repeat()


def test_a_refusal_through_a_link_that_is_over_means_nothing() -> None:
    assert meaning(link_id="an older link") == LinkedAgain()


def test_a_suspect_that_the_api_refuses_too_is_believed_dead_at_once() -> None:
    assert meaning(SUSPECT) == Believe()


def test_what_cannot_be_refreshed_is_believed_at_once() -> None:
    assert meaning(replace(HEALTHY, has_refresh_token=False)) == Believe()
