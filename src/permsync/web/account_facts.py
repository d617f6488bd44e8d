"""
A linked account as programs and pages read it: codes, sentences of ours, and instants.

What is decided here: what of an account leaves the service; never a token, never a host's
text. This module must not know which answer an account stands in.
"""

from datetime import datetime

from pydantic import BaseModel

from permsync.flows.list_accounts import Standing
from permsync.model import AccountReason, AccountState, Run, RunState, Trigger
from permsync.web import sentences


class RunFacts(BaseModel):
    """
    One sync, of an account or of a repository's readers.

    ``failure`` is a stable code, ``failure_text`` its sentence. ``actor`` is who asked for it,
    ``not_modified`` how many of the ``requests`` the host answered with "nothing changed".
    """

    id: str
    account: str | None
    repository: str | None
    state: RunState
    trigger: Trigger
    actor: str | None
    started_at: datetime
    finished_at: datetime | None
    duration_seconds: float | None
    added: int
    removed: int
    total: int
    requests: int
    not_modified: int
    failure: str | None
    failure_text: str | None


class LeftOutFacts(BaseModel):
    """
    An owner at the host of whom the last listing showed nothing certain.

    ``owner`` is null where no name is known; with ``to_approve`` it waits for this person's
    single sign-on. What was known of it before counts until it is too old.
    """

    owner_id: str
    owner: str | None
    to_approve: bool


class AccountFacts(BaseModel):
    """
    One linked account, without its tokens.

    ``since`` is when ``state`` began, ``next_try_at`` when a refresh that did not succeed is
    tried again. ``scopes`` is null where the host does not say; ``synced_at`` is the start of
    the last complete listing.
    """

    id: str
    user: str
    host: str
    external_id: str
    login: str
    state: AccountState
    reason: AccountReason | None
    text: str
    since: datetime
    next_try_at: datetime | None
    scopes: list[str] | None
    missing_scopes: list[str]
    left_out: list[LeftOutFacts]
    left_out_text: str | None
    linked_at: datetime | None
    synced_at: datetime | None
    next_sync_at: datetime | None
    access_expires_at: datetime | None
    refresh_expires_at: datetime | None
    last_run: RunFacts | None


def account_facts(standing: Standing) -> AccountFacts:
    """What is told of this account."""
    account = standing.account
    return AccountFacts(
        id=str(account.id),
        user=str(account.user_id),
        host=account.host,
        external_id=account.external_id,
        login=account.login,
        state=account.state,
        reason=standing.reason,
        text=sentences.account_text(account.state, standing.reason),
        since=account.state_since,
        next_try_at=standing.next_try_at,
        scopes=None if account.scopes is None else sorted(account.scopes),
        missing_scopes=sorted(standing.lacks),
        left_out=[
            LeftOutFacts(owner_id=one.owner_id, owner=one.owner, to_approve=one.to_approve)
            for one in standing.left_out
        ],
        left_out_text=sentences.left_out_text(standing.left_out),
        linked_at=account.linked_at,
        synced_at=account.listed_at,
        next_sync_at=account.sync_due_at,
        access_expires_at=account.access_expires_at,
        refresh_expires_at=account.refresh_expires_at,
        last_run=None if standing.last_run is None else run_facts(standing.last_run),
    )


def run_facts(run: Run) -> RunFacts:
    """What is told of this run."""
    took = None if run.finished_at is None else run.finished_at - run.started_at
    return RunFacts(
        id=str(run.id),
        account=None if run.account_id is None else str(run.account_id),
        repository=None if run.repository_id is None else str(run.repository_id),
        state=run.state,
        trigger=run.trigger,
        actor=run.actor,
        started_at=run.started_at,
        finished_at=run.finished_at,
        duration_seconds=None if took is None else round(took.total_seconds(), 3),
        added=run.added,
        removed=run.removed,
        total=run.total,
        requests=run.requests,
        not_modified=run.not_modified,
        failure=run.failure,
        failure_text=None if run.failure is None else sentences.failure_text(run.failure),
    )
