"""The verdict finds every planted violation, and calls nothing a violation that is none."""

from collections import Counter
from dataclasses import replace

import pytest

from tests.chaos.verdict import Facts, Pair, Terms, Written, judge

FIRST = Pair(1, "consent", works=False, presented=1)
SECOND = Pair(2, "consent", works=True, parent=1, shown=True)
HEALTHY = Facts(
    state="active",
    reason=None,
    pairs=(FIRST, SECOND),
    held=(2,),
    history=(Written("link", 1, "active", 1), Written("link", 2, "active", 2)),
    attempts=Counter({("link", 1): 1}),
)
# The host rotated, and nobody ever heard of the second pair.
UNHEARD = replace(
    HEALTHY,
    state="needs_reauth",
    reason="rotation_lost",
    pairs=(FIRST, replace(SECOND, shown=False)),
    held=(1,),
    history=(Written("link", 1, "active", 1), Written("link", 1, "needs_reauth", 1)),
)
STRICT = Terms(unforgiving=True)


def test_a_healthy_account_keeps_every_promise() -> None:
    verdict = judge(HEALTHY, Terms())
    assert verdict.broken == ()
    assert (verdict.lost, verdict.falsely_dead, verdict.overwritten) == (False, False, False)
    assert verdict.most_presented == 1


def test_an_answer_that_nobody_heard_may_cost_an_account_where_the_host_forgives_nothing() -> None:
    verdict = judge(UNHEARD, STRICT)
    assert (verdict.lost, verdict.loss_allowed, verdict.broken) == (True, True, ())


def test_the_same_loss_on_a_forgiving_host_is_a_broken_promise() -> None:
    assert "lost" in judge(UNHEARD, Terms()).broken


def test_a_loss_that_is_called_something_else_is_a_broken_promise() -> None:
    misnamed = replace(UNHEARD, reason="revoked_or_expired")
    assert judge(misnamed, STRICT).broken == ("the loss is named revoked_or_expired",)


def test_a_loss_is_not_allowed_where_the_host_committed_nothing() -> None:
    nothing = replace(UNHEARD, pairs=(FIRST,))
    assert "lost" in judge(nothing, STRICT).broken


def test_a_dropped_answer_is_a_broken_promise_even_where_the_host_forgives_nothing() -> None:
    dropped = replace(UNHEARD, state="active", pairs=(FIRST, SECOND))
    assert "lost" in judge(dropped, STRICT).broken


def test_a_dead_account_whose_token_works_is_falsely_dead() -> None:
    dead = replace(HEALTHY, state="needs_reauth", reason="revoked_or_expired")
    verdict = judge(dead, STRICT)
    assert (verdict.falsely_dead, verdict.lost) == (True, False)
    assert verdict.broken == ("falsely dead",)


def test_a_dead_account_whose_older_token_works_is_falsely_dead() -> None:
    spared = replace(UNHEARD, pairs=(replace(FIRST, works=True), replace(SECOND, shown=False)))
    assert "falsely dead" in judge(spared, Terms()).broken


def test_an_account_that_was_dead_for_a_while_was_falsely_dead() -> None:
    risen = replace(
        HEALTHY, history=(Written("link", 1, "needs_reauth", 1), Written("link", 2, "active", 2))
    )
    assert judge(risen, Terms()).falsely_dead
    assert not judge(risen, Terms(may_revive=True)).falsely_dead


def test_an_account_that_its_person_linked_again_was_rightly_dead() -> None:
    relinked = replace(
        HEALTHY,
        history=(Written("older link", 1, "needs_reauth", 1), Written("link", 2, "active", 2)),
    )
    assert not judge(relinked, Terms()).falsely_dead


def test_a_dead_account_that_was_meant_to_end_is_no_violation() -> None:
    ended = replace(UNHEARD, state="unlinked", reason=None, held=())
    assert judge(ended, Terms(ended=True)).broken == ()


def test_a_dead_token_behind_an_active_account_is_found() -> None:
    verdict = judge(replace(UNHEARD, state="active", reason=None), STRICT)
    assert verdict.stale_healthy
    assert "dead but shown healthy" in verdict.broken


def test_a_candidate_that_works_keeps_an_account_alive() -> None:
    kept = replace(
        HEALTHY, pairs=(replace(FIRST, works=True), replace(SECOND, works=False)), held=(2, 1)
    )
    assert judge(kept, Terms()).broken == ()


@pytest.mark.parametrize(
    "history",
    [
        # the version goes back
        (Written("link", 2, "active", 2), Written("link", 1, "active", 1)),
        # one version becomes other tokens
        (Written("link", 2, "active", 1), Written("link", 2, "active", 2)),
        # an older link comes back over a newer one
        (
            Written("link", 1, "active", 1),
            Written("newer link", 2, "active", 3),
            Written("link", 3, "active", 2),
        ),
    ],
)
def test_an_overwritten_row_is_found(history: tuple[Written, ...]) -> None:
    relinked = Pair(3, "newer consent", works=True)
    facts = replace(HEALTHY, pairs=(FIRST, SECOND, relinked), history=history)
    verdict = judge(facts, Terms())
    assert verdict.overwritten
    assert "overwritten" in verdict.broken


def test_the_same_tokens_sealed_anew_overwrite_nothing() -> None:
    resealed = replace(HEALTHY, history=(*HEALTHY.history, HEALTHY.history[-1]))
    assert not judge(resealed, Terms()).overwritten


def test_more_posts_than_the_fault_allows_are_found() -> None:
    eager = replace(
        HEALTHY,
        pairs=(replace(FIRST, presented=3), SECOND),
        attempts=Counter({("link", 1): 3}),
    )
    assert judge(eager, Terms(most_posts=2)).broken == ("3 POSTs for one version, 2 allowed",)
    assert judge(eager, Terms(most_posts=3)).broken == ()


def test_a_post_whose_answer_came_too_late_excuses_another_one() -> None:
    slow = replace(
        HEALTHY,
        pairs=(replace(FIRST, presented=2, abandoned=1), SECOND),
        attempts=Counter({("link", 1): 2}),
    )
    assert judge(slow, Terms()).broken == ()


def test_posts_of_an_earlier_part_are_not_counted_again() -> None:
    later = replace(
        HEALTHY,
        pairs=(replace(FIRST, presented=2), SECOND),
        attempts=Counter({("link", 1): 2}),
        earlier={1: 1},
    )
    assert judge(later, Terms(most_posts=1)).most_presented == 1


def test_one_token_of_many_versions_may_be_presented_once_for_each() -> None:
    lasting = Pair(1, "family", works=True, presented=2)
    held = Facts(
        state="active",
        reason=None,
        pairs=(lasting,),
        held=(1,),
        history=tuple(Written("link", version, "active", 1) for version in (1, 2, 3)),
        attempts=Counter({("link", 1): 2, ("link", 2): 1}),
    )
    assert judge(held, Terms()).broken == ()
    twice = replace(held, pairs=(replace(lasting, presented=3),))
    assert judge(twice, Terms()).broken == ("2 POSTs for one version, 1 allowed",)


def test_a_post_without_a_claim_before_it_is_found() -> None:
    unclaimed = replace(HEALTHY, attempts=Counter())
    assert judge(unclaimed, Terms()).broken == ("1 POSTs without a claim",)


def test_an_account_that_stays_in_doubt_is_a_broken_promise() -> None:
    assert judge(replace(HEALTHY, settled=False), Terms()).broken == ("never settled",)
