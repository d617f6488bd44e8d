"""
Puts the web side together: routes, errors, and the shield around them.

What is decided here: which routes there are. The services live longer than the application
and are closed by whoever built them. This module must not read a setting.
"""

from importlib.metadata import version

from starlette.middleware import Middleware

from permsync.flows.deps import Services
from permsync.web import accounts, health, link, sign_in, static, webhooks
from permsync.web.api import accounts as api_accounts
from permsync.web.api import budgets, check, refresh, repositories, rules, runs, tokens, users
from permsync.web.asked import AskedLately
from permsync.web.openapi import Application
from permsync.web.pages import account, home, missing, theme
from permsync.web.pages.trouble import for_people, last_word
from permsync.web.problems import HANDLERS
from permsync.web.shield import Shield
from permsync.web.site import Site

MEBIBYTE = 1 << 20

API = (
    check.router,
    budgets.router,
    repositories.router,
    api_accounts.router,
    refresh.router,
    runs.router,
    tokens.router,
    rules.router,
    users.router,
)
MACHINES = (webhooks.router,)
BROWSERS = (sign_in.router, link.router, accounts.router, health.router)
PAGES = (home.router, account.router, missing.router, theme.router, static.router)


def create_application(
    services: Services,
    *,
    public_url: str,
    body_limit: int = MEBIBYTE,
    webhook_limit: int = MEBIBYTE,
) -> Application:
    """
    The ASGI application over these services.

    ``public_url`` is the address people type: over https, cookies demand it. Bodies longer
    than ``body_limit`` bytes are refused, and webhooks longer than ``webhook_limit``.
    """
    shield = Middleware(
        Shield,
        body_limit=body_limit,
        limits={webhooks.PREFIX: webhook_limit},
        last_word=last_word,
    )
    application = _bare(services, public_url, shield, metrics_open=False)
    for router in API:
        application.include_router(router, prefix="/v1")
    for router in (*MACHINES, *BROWSERS, *PAGES):
        application.include_router(router)
    return application


def create_probe_application(services: Services) -> Application:
    """How a process is and what it counted, without a key: for a port that operators reach."""
    shield = Middleware(Shield, body_limit=0, limits={}, last_word=last_word)
    application = _bare(services, "http://127.0.0.1", shield, metrics_open=True)
    application.include_router(health.router)
    return application


def _bare(
    services: Services, public_url: str, shield: Middleware, *, metrics_open: bool
) -> Application:
    """An application without a route."""
    application = Application(
        title="permsync",
        version=version("permsync"),
        summary="May this person see this repository?",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={kind: for_people(one) for kind, one in HANDLERS.items()},
        middleware=[shield],
        # FastAPI's own spans hold query strings, and a callback's query holds a code.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    asked = AskedLately(every=services.durations.sync_every_asked)
    application.state.site = Site(services, public_url, metrics_open, asked)
    return application
