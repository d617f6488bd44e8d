"""
What an API's refusal of an access token means, before it counts against the account.

A fresh access token can be refused for a moment, and one that was refreshed meanwhile is
refused for good: so the account is read again, and only a refusal of its present token,
after one forced refresh, is a verdict. This module must not know how a host says no.
"""

from dataclasses import dataclass

from permsync.model import AccountState
from permsync.rules.refresh import AccountFacts


@dataclass(frozen=True, slots=True)
class LinkedAgain:
    """The question was asked through a link that is over: its answer means nothing."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """The account has newer tokens: ask again with those."""


@dataclass(frozen=True, slots=True)
class Force:
    """Refresh although the token looked fresh, then ask once more."""


@dataclass(frozen=True, slots=True)
class Believe:
    """The refusal counts: the host does not take this credential."""


Meaning = LinkedAgain | Repeat | Force | Believe


def plan_refused(account: AccountFacts, *, link_id: str, version: int, forced: bool) -> Meaning:
    """
    Decide what a refusal of the access token of ``link_id`` at ``version`` means.

    ``forced`` means that this version came from a forced refresh, or that no refresh could
    be had. A suspect keeps access only until the API, too, refuses its token: two voices
    against it end access at once, and a later success of its refresh restores it.
    """
    if account.link_id != link_id:
        return LinkedAgain()
    if account.version > version:
        return Repeat()
    if forced or account.state is AccountState.SUSPECT or not account.has_refresh_token:
        return Believe()
    return Force()
