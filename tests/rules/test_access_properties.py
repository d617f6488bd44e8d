"""
What holds for every question at once: doubt never adds, a denial wins, evidence ages.

``_weaker`` is the heart: every way in which facts can become less sure, one at a time.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as some

from permsync.model import (
    LIVING,
    AccountState,
    Decision,
    Reason,
    Repository,
    Source,
    User,
    Verdict,
    Visibility,
)
from permsync.rules.access import AccountEvidence, ExplicitRule, Facts, decide
from permsync.rules.evidence import Evidence, Limits
from permsync.rules.openness import InternalTo, Openness, PublicTo
from tests.rules.examples import INSTANT, NOW, ago, few

LIMITS = Limits(soft=NOW - ago(26), hard=NOW - ago(72))
DENIAL = ExplicitRule(allow=False, expires_at=None)
DENIED = Decision(verdict=Verdict.DENY, reason=Reason.EXPLICIT_DENY)
NEVER = datetime.min.replace(tzinfo=UTC)
FOREVER = datetime.max.replace(tzinfo=UTC)

instants = some.none() | some.integers(min_value=0, max_value=100).map(ago)
grants = some.builds(
    Evidence,
    source=some.sampled_from([Source.ACCOUNT_LISTING, Source.REPO_LISTING]),
    as_of=instants,
    missed=some.booleans(),
    listed_at=instants,
    ended_at=some.none() | instants,
)
accounts = some.builds(
    AccountEvidence,
    id=some.integers(min_value=1, max_value=3),
    state=some.sampled_from(sorted(LIVING)) | some.sampled_from(AccountState),
    restricted=some.booleans(),
    listed_at=instants,
    ended_at=instants,
    grants=some.lists(grants, max_size=2).map(tuple),
    member=some.none() | grants,
)
repositories = some.builds(
    Repository,
    id=some.just(9),
    host=some.just("gitlab"),
    external_id=some.just("42"),
    owner_id=some.just("7"),
    full_name=some.just("acme/one"),
    visibility=some.sampled_from(Visibility),
    visibility_at=some.just(ago(500)),
    open_seen_at=instants,
)
allowances = some.builds(
    ExplicitRule,
    allow=some.just(True),
    expires_at=instants | some.integers(min_value=-50, max_value=0).map(ago),
)
openness = some.builds(
    Openness,
    public=some.sampled_from(PublicTo),
    opens_internal=some.booleans(),
    internal_at_host=some.sampled_from(InternalTo),
    enterprise=some.frozensets(some.sampled_from(["7", "8"])),
)
questions = some.builds(
    Facts,
    host_known=some.just(True),
    openness=openness,
    uncounted=some.frozensets(some.just(Source.REPO_LISTING)),
    user=some.just(User(id=1, name="Ada")),
    repository=repositories,
    rules=some.lists(allowances, max_size=1).map(tuple),
    accounts=some.lists(accounts, max_size=2).map(tuple),
)


def _decide(facts: Facts, *, now: datetime = NOW) -> Decision:
    return decide(facts, now=now, limits=LIMITS)


def _older(instant: datetime | None) -> list[datetime | None]:
    return [] if instant is None else [None, instant - timedelta(hours=30)]


def _weaker_grants(grant: Evidence) -> Iterator[Evidence]:
    yield from (replace(grant, as_of=older) for older in _older(grant.as_of))
    yield from (replace(grant, listed_at=older) for older in _older(grant.listed_at))
    yield replace(grant, missed=True)
    yield replace(grant, ended_at=NOW)


def _weaker_accounts(account: AccountEvidence) -> Iterator[AccountEvidence]:
    for index, grant in enumerate(account.grants):
        before, after = account.grants[:index], account.grants[index + 1 :]
        yield replace(account, grants=before + after)
        for weaker in _weaker_grants(grant):
            yield replace(account, grants=(*before, weaker, *after))
    if account.member is not None:
        yield replace(account, member=None)
        yield from (replace(account, member=one) for one in _weaker_grants(account.member))
    yield replace(account, state=AccountState.NEEDS_REAUTH)
    yield replace(account, restricted=True)


def _weaker(facts: Facts) -> Iterator[Facts]:
    for index, account in enumerate(facts.accounts):
        before, after = facts.accounts[:index], facts.accounts[index + 1 :]
        yield replace(facts, accounts=before + after)
        for weaker in _weaker_accounts(account):
            yield replace(facts, accounts=(*before, weaker, *after))
    yield replace(facts, rules=())
    yield replace(facts, openness=Openness(public=PublicTo.NEVER))
    yield replace(facts, openness=replace(facts.openness, opens_internal=False))
    yield replace(facts, openness=replace(facts.openness, enterprise=frozenset()))
    if facts.openness.public is PublicTo.EVERYONE:
        yield replace(facts, openness=replace(facts.openness, public=PublicTo.ACCOUNT_HOLDERS))
    yield replace(facts, uncounted=frozenset({Source.REPO_LISTING}))
    yield from (replace(facts, repository=one) for one in _weaker_repositories(facts.repository))


def _weaker_repositories(repository: Repository | None) -> Iterator[Repository | None]:
    if repository is not None:
        yield None
        yield replace(repository, visibility=Visibility.PRIVATE)
        for older in _older(repository.open_seen_at):
            yield replace(repository, open_seen_at=older)


def _holds_until(decision: Decision) -> datetime:
    """How long it allows: not at all, until some instant, or for ever."""
    if decision.verdict is Verdict.DENY:
        return NEVER
    return decision.valid_until or FOREVER


@few
@given(facts=questions)
def test_doubt_never_adds_and_never_lengthens(facts: Facts) -> None:
    """Less evidence, or older, never turns a denial around or makes an answer hold longer."""
    longest = _holds_until(_decide(facts))
    assert all(_holds_until(_decide(weaker)) <= longest for weaker in _weaker(facts))


@few
@given(facts=questions)
def test_an_explicit_denial_wins_over_everything(facts: Facts) -> None:
    """I11: whatever accounts, openness and allowances say."""
    for rules in ((*facts.rules, DENIAL), (DENIAL, *facts.rules)):
        assert _decide(replace(facts, rules=rules)) == DENIED


@few
@given(facts=questions, hours=some.lists(some.integers(0, 90), min_size=1, max_size=3))
def test_a_denial_with_an_end_holds_up_to_it_and_then_the_rest_is_asked_again(
    facts: Facts, hours: list[int]
) -> None:
    """The one answer that time alone may turn around says so by its ``valid_until``."""
    ends = [ago(-each) for each in hours]
    denials = tuple(ExplicitRule(allow=False, expires_at=end) for end in ends)
    denied = replace(facts, rules=(*denials, *facts.rules))
    assert _decide(denied) == replace(DENIED, valid_until=max(ends))
    assert _decide(denied, now=max(ends)) == replace(DENIED, valid_until=max(ends))
    after = max(ends) + INSTANT
    assert _decide(denied, now=after) == _decide(facts, now=after)


@few
@given(facts=questions)
def test_an_allowance_has_a_word_within_the_hard_age_or_an_operators(facts: Facts) -> None:
    """I6."""
    decision = _decide(facts)
    match decision:
        case Decision(reason=Reason.EXPLICIT_ALLOW):
            assert decision.synced_at is None
            assert any(one.expires_at is None or one.expires_at >= NOW for one in facts.rules)
        case Decision(verdict=Verdict.ALLOW, synced_at=datetime() as synced_at):
            assert synced_at in _words(facts)
            assert NOW - synced_at <= LIMITS.hard
            assert decision.stale is (NOW - synced_at > LIMITS.soft)
        case _:
            assert decision == Decision(verdict=Verdict.DENY, reason=decision.reason)


def _words(facts: Facts) -> set[datetime | None]:
    """Every instant at which a source, or the repository's openness, was seen to say yes."""
    assert facts.repository is not None
    held = [one for account in facts.accounts for one in account.grants]
    held += [one.member for one in facts.accounts if one.member is not None]
    return {
        facts.repository.open_seen_at,
        *(one.as_of for one in held),
        *(one.listed_at for one in held if not one.missed),
    }


@few
@given(facts=questions, share=some.floats(min_value=0, max_value=1))
def test_an_answer_stays_the_same_until_its_end_and_is_a_denial_after_it(
    facts: Facts, share: float
) -> None:
    """Only age moves here; an answer may turn stale on the way."""
    decision = _decide(facts)
    if decision.valid_until is None:
        much_later = _decide(facts, now=NOW + timedelta(days=9999))
        assert much_later.verdict is decision.verdict
    else:
        left_in = decision.valid_until - NOW
        meanwhile = _decide(facts, now=NOW + min(left_in * share, left_in))
        assert replace(meanwhile, stale=decision.stale) == decision
        after = _decide(facts, now=decision.valid_until + INSTANT)
        assert after.verdict is Verdict.DENY


@few
@given(facts=questions, hours=some.integers(min_value=0, max_value=200))
def test_time_alone_never_turns_a_denial_around(facts: Facts, hours: int) -> None:
    earlier, later = _decide(facts), _decide(facts, now=ago(-hours))
    assert later.verdict is Verdict.DENY or earlier.verdict is Verdict.ALLOW


@few
@given(facts=questions)
def test_the_order_of_accounts_and_rows_does_not_matter(facts: Facts) -> None:
    turned = replace(
        facts,
        accounts=tuple(replace(one, grants=one.grants[::-1]) for one in reversed(facts.accounts)),
    )
    one, other = _decide(facts), _decide(turned)
    assert (one.verdict, one.valid_until) == (other.verdict, other.valid_until)
    assert one.verdict is Verdict.ALLOW or one.reason is other.reason
