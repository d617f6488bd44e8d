"""A pretend person can consent anywhere, and says so when there was nothing to press."""

from urllib.parse import urlsplit

import pytest

from permsync.simulator.browser import ConsentFailedError, consent
from permsync.simulator.kinds import roles
from permsync.simulator.server import RunningSimulator
from tests.simulator.visitor import Visitor


@pytest.mark.parametrize("name", [role.sample.host for role in roles().values()])
def test_one_call_brings_the_callback_of_every_kind(simulator: RunningSimulator, name: str) -> None:
    visitor = Visitor(simulator, name)
    location = consent(visitor.authorize_url(), person="margaret")
    assert location.startswith(f"{visitor.redirect_uri}?code=")


def test_a_page_without_a_form_is_an_error_with_its_status(gitlab: Visitor) -> None:
    gitlab.host.faults.outage = True
    with pytest.raises(ConsentFailedError) as failed:
        consent(gitlab.authorize_url(), person="ada")
    assert failed.value.status == 503


def test_an_unknown_person_is_an_error(gitlab: Visitor) -> None:
    with pytest.raises(ConsentFailedError) as failed:
        consent(gitlab.authorize_url(), person="nobody")
    assert failed.value.status == 400


def test_a_refusal_by_redirect_is_believed(sso: Visitor) -> None:
    location = consent(sso.authorize_url(response_type="token"), person="ada")
    assert urlsplit(location).query.startswith("error=invalid_request")
