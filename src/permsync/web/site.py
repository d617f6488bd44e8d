"""
What every route of one application shares: the services, the address, who was asked about.

This module must not know any route.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request

from permsync.flows.deps import Services
from permsync.web.asked import AskedLately


@dataclass(frozen=True, slots=True)
class Site:
    """
    One application and where it stands.

    ``public_url`` is what people type: scheme, host and port. ``metrics_open`` says that
    only machines of the operator reach ``/metrics``, so that it needs no key.
    """

    services: Services
    public_url: str
    metrics_open: bool
    asked: AskedLately

    @property
    def origin(self) -> str:
        """The origin of our own pages, as browsers write it."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}".lower()

    @property
    def secure(self) -> bool:
        """Whether people reach us over TLS, so that cookies may demand it."""
        return self.public_url.startswith("https://")


def site_of(request: Request) -> Site:
    """The application that answers this request."""
    site: Site = request.app.state.site
    return site


def services_of(request: Request) -> Services:
    """The doors of the application that answers this request."""
    return site_of(request).services
