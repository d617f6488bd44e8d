"""
The table of what may be done about webhooks: set them up, break them, send one again.

Like levers.py. Deliveries go to this machine only.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field

from permsync.simulator.faults import HookFaults
from permsync.simulator.happenings import Happening
from permsync.simulator.hooks import Hook, Style, compose, renamed
from permsync.simulator.levers import Place

Loopback = Annotated[str, Field(pattern=r"^http://(127\.0\.0\.1|localhost)(:\d+)?/\S*$")]


def add_hook(at: Place, *, url: Loopback, secret: str, style: Style | None = None) -> int:
    """Tells this address from now on what happens; one hook for each address."""
    usual = at.world.roles[at.host.kind].letterhead.style
    hook = Hook(at.host.next_id(), url, secret, style or usual)
    at.host.hooks = [each for each in at.host.hooks if each.url != url] + [hook]
    return hook.id


def remove_hooks(at: Place) -> None:
    """Tells nobody any more."""
    at.host.hooks = []


def spoil_hooks(
    at: Place,
    *,
    copies: int = 1,
    burst: int = 1,
    late_seconds: float = 0.0,
    held_back: int = 0,
    lost: int = 0,
    signature: Literal["right", "wrong", "empty", "missing"] = "right",
    as_gitea: bool = False,
    padding_bytes: int = 0,
) -> None:
    """Sets what is wrong with webhooks; what is not named is made right."""
    at.host.faults.hooks = HookFaults(
        copies=copies,
        burst=burst,
        late_seconds=late_seconds,
        held_back=held_back,
        lost=lost,
        signature=signature,
        as_gitea=as_gitea,
        padding_bytes=padding_bytes,
    )


def ping_hooks(at: Place) -> None:
    """Tells every hook that it works."""
    at.host.happened.append(Happening("ping"))


def send_hook(at: Place, *, event: str, content: dict[str, Any]) -> list[str]:
    """Sends this event with this content to every hook; returns the deliveries' ids."""
    made = [
        compose(
            hook,
            head=at.world.roles[at.host.kind].letterhead,
            event=event,
            content=content,
            at_seconds=int(at.world.now()),
            faults=at.host.faults.hooks,
        )
        for hook in at.host.hooks
    ]
    at.host.resent.extend(made)
    return [each.id for each in made]


def redeliver(at: Place, *, delivery: str | None = None, under_new_id: bool = False) -> int:
    """Sends one delivery, or all of them, once more, to the letter or under new ids."""
    known = {each.id: each for each in list(at.host.delivered)}
    chosen = list(known.values()) if delivery is None else [known[delivery]]
    for each in chosen:
        at.host.resent.append(renamed(each) if under_new_id else replace(each, status=0))
    return len(chosen)


def show_deliveries(at: Place) -> list[dict[str, Any]]:
    """Tells which deliveries were sent, oldest first, and how each was answered."""
    return [
        {"id": each.id, "event": each.event, "url": each.url, "status": each.status}
        for each in list(at.host.delivered)
    ]


HOOK_LEVERS: dict[str, Callable[..., object]] = {
    "add-hook": add_hook,
    "remove-hooks": remove_hooks,
    "spoil-hooks": spoil_hooks,
    "ping-hooks": ping_hooks,
    "send-hook": send_hook,
    "redeliver": redeliver,
    "show-deliveries": show_deliveries,
}
