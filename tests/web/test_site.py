"""Where the application stands decides whether cookies demand TLS, and what is our own page."""

import pytest
from starlette.requests import Request

from permsync.web.openapi import Application
from permsync.web.site import Site, services_of, site_of
from tests.world import World


@pytest.mark.parametrize(
    ("public_url", "origin", "secure"),
    [
        ("https://permsync.example.com", "https://permsync.example.com", True),
        ("https://Permsync.Example.com/", "https://permsync.example.com", True),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", False),
    ],
)
async def test_the_address_people_type_is_the_origin_of_our_pages(
    application: Application, public_url: str, origin: str, secure: bool
) -> None:
    there: Site = application.state.site
    site = Site(there.services, public_url, metrics_open=False, asked=there.asked)
    assert (site.origin, site.secure) == (origin, secure)


async def test_a_request_knows_the_application_that_answers_it(
    application: Application, world: World
) -> None:
    request = Request({"type": "http", "app": application})
    assert site_of(request) is application.state.site
    assert services_of(request) is world.services
