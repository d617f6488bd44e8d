"""What one host may be, and the rules that tie its settings together."""

from pathlib import Path

import pytest

from tests.config.written import HOST, MINIMAL, load, refusal


def _host(**values: str) -> str:
    """The host of ``written`` with some lines replaced or added."""
    lines = [line for line in HOST.splitlines() if line.partition(" ")[0] not in values]
    return "\n".join([*lines, *(f"{name} = {value}" for name, value in values.items())])


def test_a_context_path_stays_and_a_slash_at_the_end_goes(tmp_path: Path) -> None:
    text = _host(base_url='"https://code.example/git/"', api_url='"https://api.example/v4/"')
    host = load(tmp_path, MINIMAL + text).hosts["gitlab"]
    assert (host.base_url, host.api_url) == ("https://code.example/git", "https://api.example/v4")


@pytest.mark.parametrize("field", ["base_url", "api_url"])
def test_http_to_another_machine_must_be_permitted_on_the_host(tmp_path: Path, field: str) -> None:
    url = '"http://code.example"'
    assert refusal(tmp_path, MINIMAL + _host(**{field: url})).key == f"hosts.gitlab.{field}"
    permitted = load(tmp_path, MINIMAL + _host(**{field: url, "allow_http": "true"}))
    assert getattr(permitted.hosts["gitlab"], field) == "http://code.example"


@pytest.mark.parametrize("cloud", ["github.com", "gitlab.com", "bitbucket.org"])
@pytest.mark.parametrize("include", [None, "[]"], ids=["nothing", "an empty list"])
def test_a_public_cloud_must_name_what_is_mirrored(
    tmp_path: Path, cloud: str, include: str | None
) -> None:
    text = _host(base_url=f'"https://{cloud}"', **({"include": include} if include else {}))
    error = refusal(tmp_path, MINIMAL + text)
    assert error.key == "hosts.gitlab.include"
    assert '["*"]' in error.cure


@pytest.mark.parametrize("include", ['["acme", "widgets"]', '["*"]'])
def test_a_public_cloud_mirrors_what_is_named(tmp_path: Path, include: str) -> None:
    text = _host(base_url='"https://github.com"', include=include)
    assert load(tmp_path, MINIMAL + text).hosts["gitlab"].include == tuple(
        include.strip('["]').split('", "')
    )


def test_a_host_of_ones_own_mirrors_everything_unless_told(tmp_path: Path) -> None:
    assert load(tmp_path, MINIMAL + HOST).hosts["gitlab"].include == ("*",)


@pytest.mark.parametrize("name", ["GitLab", "git_lab", "git.lab", "a" * 41, "gít"])
def test_the_name_of_a_host_fits_into_an_address(tmp_path: Path, name: str) -> None:
    text = HOST.replace("[hosts.gitlab]", f'[hosts."{name}"]')
    error = refusal(tmp_path, MINIMAL + text)
    assert error.key == "hosts"
    assert name in error.cure


def test_a_file_of_certificates_stands_beside_the_settings(tmp_path: Path) -> None:
    text = MINIMAL + _host(ca_file='"authority.pem"')
    assert refusal(tmp_path, text).key == "hosts.gitlab.ca_file"
    (tmp_path / "authority.pem").touch()
    assert load(tmp_path, text).hosts["gitlab"].ca_file == tmp_path / "authority.pem"


def test_two_hosts_of_one_kind_stand_side_by_side(tmp_path: Path) -> None:
    second = HOST.replace("hosts.gitlab", "hosts.gitlab-corp")
    assert set(load(tmp_path, MINIMAL + HOST + second).hosts) == {"gitlab", "gitlab-corp"}


def _healing(issuer: str, client_id: str) -> str:
    """Sign-in through a provider, and a host that it may heal accounts of."""
    provider = f'issuer = "{issuer}"\nclient_id = "{client_id}"\nclient_secret = "hush"\n'
    return f"{MINIMAL}[oidc]\n{provider}" + _host(sign_in_heals="true")


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
        MINIMAL + _host(sign_in_heals="true"),
    ],
    ids=["another provider", "another client", "no provider"],
)
def test_a_sign_in_elsewhere_heals_nothing(tmp_path: Path, text: str) -> None:
    error = refusal(tmp_path, text)
    assert error.key == "hosts"
    assert "oidc.issuer" in error.cure
