"""
The consent page that all kinds share: who are you, which scopes, authorise or deny.

A browser remembers who it was last, as it stays signed in at a real host; the form still asks.
Works without JavaScript; the form posts to the same path plus `/decision`. A wrong client or
redirect address gets a page and never a redirect (RFC 6749 section 4.1.2.1).
"""

from html import escape
from urllib.parse import quote, unquote, urlencode

from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from permsync.simulator.exchange import Exchange
from permsync.simulator.tokens import Client, Pending

_STYLE = """
:root{color-scheme:light dark;--line:#d0d7de;--dim:#57606a}
@media(prefers-color-scheme:dark){:root{--line:#3d4653;--dim:#a3aebf}}
body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem}
h1{margin-bottom:0}h1+p{margin-top:0}
fieldset{border:1px solid var(--line);border-radius:6px;margin:1rem 0}
label{display:block;padding:.2rem;overflow-wrap:anywhere}
button{font:inherit;padding:.5rem 1.2rem;border-radius:6px;border:1px solid var(--line)}
button{cursor:pointer}button.go{background:#1a7f37;color:#fff}small{color:var(--dim)}
p{overflow-wrap:anywhere}
"""
_WHO = "simulator-person"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Cache-Control": "no-store",
}


def consent_routes(path: str) -> tuple[Route, Route]:
    """The two routes of the consent page, at the kind's authorize path."""
    return (
        Route(path, authorize),
        Route(f"{path}/decision", decide, methods=["POST"]),
    )


def authorize(exchange: Exchange) -> Response:
    """Check an authorisation request and show its page."""
    client = exchange.host.tokens.clients.get(exchange.asked("client_id"))
    if client is None:
        return _page(exchange, "Unknown application", exchange.words("unknown client_id"), 400)
    redirect_uri = exchange.asked("redirect_uri") or client.redirect_uris[0]
    if redirect_uri not in client.redirect_uris:
        text = exchange.words("The redirect_uri is not associated with this application.")
        return _page(exchange, "Wrong redirect address", text, 400)
    pending = Pending(
        client_id=client.client_id,
        redirect_uri=redirect_uri,
        state=exchange.asked("state"),
        scopes=_asked_scopes(exchange, client),
        challenge=exchange.asked("code_challenge") or None,
        nonce=exchange.asked("nonce") or None,
    )
    fault = _fault(exchange, pending)
    if fault is not None:
        return _back(exchange, pending, {"error": "invalid_request", "error_description": fault})
    request = exchange.host.tokens.remember_consent(pending)
    return _page(exchange, f"Authorize {client.name}", _form(exchange, request, pending), 200)


def decide(exchange: Exchange) -> Response:
    """Take the decision of the form and send the person back with a code or an error."""
    tokens = exchange.host.tokens
    pending = tokens.pending.pop(exchange.sent("request"), None)
    account = exchange.host.accounts.get(exchange.sent("person"))
    if pending is None or account is None:
        return _page(exchange, "Start again", exchange.words("This request is over."), 400)
    if account.state != "active":
        return _page(exchange, "Sign-in refused", exchange.words(f"Account {account.state}."), 403)
    if exchange.sent("decision") != "approve":
        text = exchange.words("The person denied the request.")
        return _back(exchange, pending, {"error": "access_denied", "error_description": text})
    _approve_sign_on(exchange)
    code = tokens.issue_code(
        pending,
        person=account.person,
        scopes=_granted_scopes(exchange, pending, account.person),
        until=exchange.world.now() + exchange.host.policy.code_ttl_seconds,
    )
    response = _back(exchange, pending, {"code": code.value})
    response.set_cookie(_WHO, quote(account.person), httponly=True, samesite="lax")
    return response


def _asked_scopes(exchange: Exchange, client: Client) -> list[str]:
    asked = exchange.asked("scope").replace(",", " ").split()
    return list(dict.fromkeys(asked or client.scopes))


def _granted_scopes(exchange: Exchange, pending: Pending, person: str) -> list[str]:
    """The ticked scopes; some kinds repeat the person's earlier ones when none were asked for."""
    allowed = exchange.form.get("scope", [])
    if pending.scopes or not exchange.role.scopes_remembered:
        return [scope for scope in pending.scopes if scope in allowed]
    pairs = exchange.host.tokens.of(person)
    earlier = [pair.scopes for pair in pairs if pair.client_id == pending.client_id]
    return list(dict.fromkeys(scope for scopes in earlier for scope in scopes))


def _approve_sign_on(exchange: Exchange) -> None:
    """Organisations whose single sign-on the person ticked are shown in listings from now on."""
    faults, ticked = exchange.host.faults, exchange.form.get("sign_on", [])
    names = {each.id: each.name for each in exchange.host.namespaces.values()}
    faults.sso_partial = [each for each in faults.sso_partial if names.get(each) not in ticked]


def _sign_on(exchange: Exchange) -> str:
    """A box for each organisation that hides behind single sign-on."""
    hidden = exchange.host.faults.sso_partial
    ticks = "".join(
        f'<label><input type="checkbox" name="sign_on" value="{escape(each.name)}"> '
        f"Single sign-on of {escape(each.name)}</label>"
        for each in exchange.host.namespaces.values()
        if each.id in hidden
    )
    return f"<fieldset><legend>Approve</legend>{ticks}</fieldset>" if ticks else ""


def _fault(exchange: Exchange, pending: Pending) -> str | None:
    if exchange.asked("response_type", default="code") != "code":
        return exchange.words("response_type must be code")
    if pending.challenge is None:
        required = exchange.host.policy.pkce_required
        return exchange.words("code_challenge is required") if required else None
    if exchange.asked("code_challenge_method") != "S256":
        return exchange.words("code_challenge_method must be S256")
    return None


def _back(exchange: Exchange, pending: Pending, answer: dict[str, str]) -> Response:
    answer = {**answer, "state": pending.state}
    if exchange.host.policy.sends_iss:
        answer["iss"] = exchange.base
    joint = "&" if "?" in pending.redirect_uri else "?"
    location = f"{pending.redirect_uri}{joint}{urlencode(answer)}"
    return RedirectResponse(location, status_code=302, headers={"Cache-Control": "no-store"})


def _form(exchange: Exchange, request: str, pending: Pending) -> str:
    hint = exchange.asked("login_hint") or exchange.asked("login")
    people = [each for each in exchange.host.accounts.values() if each.state == "active"]
    hinted = next((each.person for each in people if hint in {each.login, each.email}), None)
    chosen = hinted or unquote(exchange.request.cookies.get(_WHO, ""))
    radios = "".join(
        f'<label><input type="radio" name="person" value="{escape(each.person)}" required'
        f"{' checked' if each.person == chosen else ''}> {escape(each.full_name)} "
        f"<small>{escape(each.login)}</small></label>"
        for each in people
    )
    ticks = "".join(
        f'<label><input type="checkbox" name="scope" value="{escape(each)}" checked> '
        f"<code>{escape(each)}</code></label>"
        for each in pending.scopes
    )
    scopes = f"<fieldset><legend>It asks for</legend>{ticks}</fieldset>" if ticks else ""
    action = escape(exchange.host.path + exchange.record.path + "/decision")
    return (
        f'<form method="post" action="{action}">'
        f'<input type="hidden" name="request" value="{escape(request)}">'
        f"<fieldset><legend>You are</legend>{radios}</fieldset>{scopes}{_sign_on(exchange)}"
        '<button class="go" name="decision" value="approve">Authorize</button> '
        '<button name="decision" value="deny">Deny</button></form>'
        f"<p><small>It will send you back to {escape(pending.redirect_uri)}</small></p>"
    )


def _page(exchange: Exchange, title: str, content: str, status: int) -> Response:
    body = content if status == 200 else f"<p>{escape(content)}</p>"  # noqa: PLR2004
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
        f"<h1>{escape(title)}</h1><p><small>at the pretend {exchange.role.title} "
        f"<b>{escape(exchange.host.name)}</b></small></p>{body}</html>"
    )
    return HTMLResponse(page, status, _HEADERS)
