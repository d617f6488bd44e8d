"""The rules that tie settings of several tables together."""

from pathlib import Path

import pytest

from tests.config.written import HOST, MINIMAL, load, refusal, written_host


@pytest.mark.parametrize("name", ["GitLab", "git_lab", "git.lab", "a" * 41, "gít"])
def test_the_name_of_a_host_fits_into_an_address(tmp_path: Path, name: str) -> None:
    text = HOST.replace("[hosts.gitlab]", f'[hosts."{name}"]')
    error = refusal(tmp_path, MINIMAL + text)
    assert error.key == "hosts"
    assert name in error.cure


def test_two_hosts_of_one_kind_stand_side_by_side(tmp_path: Path) -> None:
    second = HOST.replace("hosts.gitlab", "hosts.gitlab-corp")
    assert set(load(tmp_path, MINIMAL + HOST + second).hosts) == {"gitlab", "gitlab-corp"}


def _healing(issuer: str, client_id: str) -> str:
    """Sign-in through a provider, and a host that it may heal accounts of."""
    provider = f'issuer = "{issuer}"\nclient_id = "{client_id}"\nclient_secret = "hush"\n'
    return f"{MINIMAL}[oidc]\n{provider}" + written_host(sign_in_heals="true")


@pytest.mark.parametrize("issuer", ["https://code.example", "https://code.example/"])
def test_a_sign_in_may_heal_where_provider_and_client_are_the_hosts(
    tmp_path: Path, issuer: str
) -> None:
    assert load(tmp_path, _healing(issuer, "permsync")).hosts["gitlab"].sign_in_heals


@pytest.mark.parametrize(
    "text",
    [
        _healing("https://login.example", "permsync"),
        _healing("https://code.example", "another"),
        MINIMAL + written_host(sign_in_heals="true"),
    ],
    ids=["another provider", "another client", "no provider"],
)
def test_a_sign_in_elsewhere_heals_nothing(tmp_path: Path, text: str) -> None:
    error = refusal(tmp_path, text)
    assert error.key == "hosts"
    assert "oidc.issuer" in error.cure
