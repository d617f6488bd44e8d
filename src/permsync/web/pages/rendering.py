"""
Templates into answers: escaping always on, a strict policy on every page.

What is decided here: what a page may load (our own files, nothing inline, nothing from
elsewhere), where its forms may lead (here, and the consent pages behind them, because
browsers hold a form's redirect to the same rule), and the theme it is drawn in. This
module must not know a screen.
"""

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from permsync.flows.deps import Services
from permsync.web.pages.instants import exact, relative
from permsync.web.pages.theme import theme_of
from permsync.web.site import services_of
from permsync.web.static import address_of


@cache
def environment() -> Environment:
    """The templates of the package; an unknown name is an error, never an empty text."""
    made = Environment(
        loader=PackageLoader("permsync.web"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["exact"] = exact
    made.globals["relative"] = relative
    made.globals["static"] = address_of
    return made


def page(
    request: Request,
    template: str,
    shown: Mapping[str, object],
    *,
    status: HTTPStatus = HTTPStatus.OK,
) -> HTMLResponse:
    """One page, or a part of one where the browser asks for a part."""
    services = services_of(request)
    text = (
        environment()
        .get_template(template)
        .render(
            **shown,
            now=services.clock.now(),
            theme=theme_of(request),
            here=request.url.path,
        )
    )
    return HTMLResponse(text, status, headers={"content-security-policy": policy(services)})


def policy(services: Services) -> str:
    """The content security policy of every page."""
    forms = " ".join(["'self'", *sorted(_consent_origins(services))])
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self';"
        f" connect-src 'self'; form-action {forms}; base-uri 'none'; frame-ancestors 'none'"
    )


def _consent_origins(services: Services) -> set[str]:
    found = set()
    for configured in services.hosts.values():
        parts = urlsplit(configured.host.authorize_url(state="", code_challenge=""))
        found.add(f"{parts.scheme}://{parts.netloc}")
    return found
