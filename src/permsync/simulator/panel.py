"""
The panel over HTTP: pages on which a person breaks and heals hosts, and the forms behind them.

Decides which form is believed: a form must come from a page of this panel, because any web site
that the person has open could post to a port of this machine. `/control` is the same for programs.
Knows nothing of what a page says (panel_page.py) or what an action does (panel_actions.py).
"""

import re
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from permsync.simulator import panel_page
from permsync.simulator.host import Host
from permsync.simulator.levers import Place
from permsync.simulator.panel_actions import ACTIONS, heal
from permsync.simulator.world import World

ROOT = "/panel"
# Every form may say which page it stands on, so that its answer leads back there.
_PAGE = "page"
# A name that somebody else's server gave to this machine must not count as this machine.
_LOOPBACK = frozenset({"127.0.0.1", "[::1]", "localhost"})
_HEADERS = {
    "Cache-Control": "no-store",
    # With `no-referrer` browsers would send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; frame-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors {}"
)


class PanelRefusalError(Exception):
    """The request ends with a page that says why."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def is_panel(path: str) -> bool:
    """Whether a path belongs to the panel."""
    return path in {"/", ROOT} or path.startswith(f"{ROOT}/")


def answer(world: World, request: Request, body: bytes) -> Response:
    """Answer one request of a browser."""
    parts = tuple(request.url.path.removeprefix(ROOT).strip("/").split("/"))
    try:
        if request.method in {"GET", "HEAD"}:
            return _shown(world, parts, request)
        if request.method == "POST":
            _refuse_other_sites(request)
            return _acted(world, parts, _form(body))
        raise PanelRefusalError(405, "Only looking and pressing buttons is possible here.")
    except PanelRefusalError as refused:
        return _page(panel_page.trouble(world, refused.text), status=refused.status)


def _shown(world: World, parts: tuple[str, ...], request: Request) -> Response:
    asked = request.query_params
    match parts:
        case ("",):
            return _page(panel_page.overview(world, done=asked.get("done", "")))
        case ("hosts", name):
            page = panel_page.host_page(world, _host(world, name), done=asked.get("done", ""))
            return _page(page)
        case ("requests",):
            name = asked.get("host", "")
            page = panel_page.requests(
                world,
                _host(world, name) if name else None,
                notable_only=asked.get("only") == "notable",
                paused=asked.get("paused") == "yes",
            )
            return _page(page, framed_by="'self'")
        case ("panel.css",):
            return Response(panel_page.style(), headers=_HEADERS, media_type="text/css")
        case _:
            raise PanelRefusalError(404, "There is no such page here.")


def _acted(world: World, parts: tuple[str, ...], form: dict[str, str]) -> Response:
    match parts:
        case ("heal",):
            heal(world)
            return _back(ROOT, done="healed")
        case ("hosts", name, action) if action in ACTIONS:
            host = _host(world, name)
            page = ROOT if form.pop(_PAGE, "") == "overview" else f"{ROOT}/hosts/{name}"
            return _back(page, done=_pressed(Place(world, host), action, form))
        case _:
            raise PanelRefusalError(404, "There is no such button here.")


def _pressed(at: Place, name: str, form: dict[str, str]) -> str:
    action = ACTIONS[name]
    try:
        if form.keys() != action.fields:
            raise KeyError(name)
        return action.do(at, form)
    except KeyError:
        text = "The form does not fit any more: load its page again."
        raise PanelRefusalError(400, text) from None


def _host(world: World, name: str) -> Host:
    if name not in world.hosts:
        raise PanelRefusalError(404, "There is no such host here.")
    return world.hosts[name]


def _refuse_other_sites(request: Request) -> None:
    """Browsers name the origin of every form that is posted, and no page can change that."""
    host = request.headers.get("host", "")
    ours = f"{request.scope['scheme']}://{host}"
    if re.sub(r":\d+\Z", "", host) not in _LOOPBACK or request.headers.get("origin") != ours:
        raise PanelRefusalError(403, "This form was sent by a page of another site.")


def _form(body: bytes) -> dict[str, str]:
    """The fields by name; of a name that comes twice the last one counts."""
    return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))


def _back(path: str, *, done: str) -> Response:
    return RedirectResponse(f"{path}?{urlencode({'done': done})}", 303, _HEADERS)


def _page(text: str, *, status: int = 200, framed_by: str = "'none'") -> Response:
    headers = _HEADERS | {"Content-Security-Policy": _POLICY.format(framed_by)}
    return HTMLResponse(text, status, headers)
