"""Settings become hosts and connections; what nobody would heed, or could use, is refused."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from permsync import app
from permsync.errors import ConfigurationError
from permsync.flows.deps import ConfiguredConnection
from permsync.hosts import registry
from permsync.rules.openness import InternalTo, Openness, PublicTo
from permsync.telemetry import Metrics
from permsync.transport import Exchange, Transport
from permsync.transport.wire import origin_of
from permsync.vault import Vault
from tests.config.written import MINIMAL, load, write, written_host
from tests.hosts.exchanges import settings_of
from tests.hosts.silent import silent
from tests.transport.test_wire import _certificate

VAULT = Vault([bytes(32)])
CONNECTION = """
[connections.first]
host = "gitlab"
owners = ["acme"]
token = "hush"
"""


def _openness(folder: Path, **said: str) -> Openness:
    settings = load(folder, MINIMAL + written_host(**said))
    return app._hosts(settings, VAULT)["gitlab"].openness


def _transport(folder: Path, metrics: Metrics, **said: str) -> Transport:
    settings = load(folder, MINIMAL + written_host(**said))
    return app._transport(settings, app._hosts(settings, VAULT), metrics)


def test_requests_to_every_address_of_a_host_are_counted_under_its_name(tmp_path: Path) -> None:
    metrics = Metrics()
    transport = _transport(tmp_path, metrics, api_url='"https://api.example"')
    assert transport._observe is not None
    for url in (
        "https://code.example/oauth/token",
        "https://api.example/user",
        "https://c.example",
    ):
        transport._observe(Exchange(origin_of(url), "2xx"))
    assert metrics.requests.labels("gitlab", "2xx")._value.get() == 2
    assert metrics.requests.labels("https://c.example:443", "2xx")._value.get() == 1


def test_an_authority_is_trusted_at_every_address_of_its_host(tmp_path: Path) -> None:
    _, file = _certificate(tmp_path)
    said = {"api_url": '"https://api.example"', "ca_file": f'"{file.name}"'}
    trusted = _transport(tmp_path, Metrics(), **said)._trust
    assert trusted.keys() == {"https://code.example:443", "https://api.example:443"}


def test_where_a_host_gives_tokens_is_one_of_its_addresses(tmp_path: Path) -> None:
    _, file = _certificate(tmp_path)
    said = {"kind": '"azure_devops"', "options": '{login_url = "https://login.example/entra"}'}
    trusted = _transport(tmp_path, Metrics(), **said, ca_file=f'"{file.name}"')._trust
    assert trusted.keys() == {"https://code.example:443", "https://login.example:443"}


def test_a_host_opens_as_its_kind_does_unless_told(tmp_path: Path) -> None:
    assert _openness(tmp_path) == Openness(internal_at_host=InternalTo.INSTANCE)
    assert _openness(tmp_path, kind='"github"') == Openness()


def test_the_settings_close_what_the_host_opens(tmp_path: Path) -> None:
    openness = _openness(tmp_path, public='"never"', internal='"never"')
    assert (openness.public, openness.internal) == (PublicTo.NEVER, InternalTo.NEVER)


WRONG = {
    "hosts.gitlab.kind": written_host(kind='"gogs"'),
    "hosts.gitlab.options": written_host() + "\n[hosts.gitlab.options]\nnonsense = 1",
    "hosts.gitlab.include": written_host(base_url='"https://gitlab.com"', include="[]"),
    "connections.first.host": written_host(kind='"azure_devops"') + CONNECTION,
}


@pytest.mark.parametrize("key", WRONG)
async def test_what_a_kind_refuses_is_named_by_the_line_that_it_stands_in(
    tmp_path: Path, key: str
) -> None:
    text = MINIMAL + WRONG[key]
    settings = load(tmp_path, text)
    lines = text.splitlines()
    name = "[hosts.gitlab.options]" if key.endswith("options") else f"{key.rpartition('.')[2]} = "
    line = max(number for number, one in enumerate(lines, 1) if one.startswith(name))
    with pytest.raises(ConfigurationError) as caught:
        async with app.open_services(settings):
            pass
    assert (caught.value.key, caught.value.place) == (
        key,
        f"{tmp_path / 'permsync.toml'}, line {line}",
    )


def test_a_setting_that_was_not_written_stands_where_its_table_does(tmp_path: Path) -> None:
    text = MINIMAL + written_host(base_url='"https://gitlab.com"')
    settings = load(tmp_path, text, {"PERMSYNC_HOSTS__GITLAB__KIND": "gitlab"})
    table = text.splitlines().index("[hosts.gitlab]") + 1
    assert settings.place_of("hosts.gitlab.include") == (
        f"{tmp_path / 'permsync.toml'}, line {table}"
    )
    assert settings.place_of("hosts.gitlab.kind") == (
        "the environment variable PERMSYNC_HOSTS__GITLAB__KIND"
    )
    assert settings.place_of("permsync.hosts.anvil") is None


def test_a_host_settles_as_all_do_unless_told(tmp_path: Path) -> None:
    made = [
        app._hosts(load(tmp_path, MINIMAL + written_host(**said)), VAULT)["gitlab"].settle
        for said in ({}, {"settle": '"1m"'})
    ]
    assert made == [None, timedelta(minutes=1)]


CLOUDS = [(kind, cloud) for kind, host in registry().items() for cloud in sorted(host.clouds)]


def _include(folder: Path, **said: str) -> frozenset[str]:
    settings = load(folder, MINIMAL + written_host(**said))
    return app._hosts(settings, VAULT)["gitlab"].include


@pytest.mark.parametrize("include", ["nothing", "[]"])
@pytest.mark.parametrize("before", ["", "www."])
@pytest.mark.parametrize(("kind", "cloud"), CLOUDS)
def test_a_public_cloud_must_name_what_is_mirrored(
    tmp_path: Path, kind: str, cloud: str, before: str, include: str
) -> None:
    said = {"kind": f'"{kind}"', "base_url": f'"https://{before}{cloud}/x"'}
    with pytest.raises(ConfigurationError) as caught:
        _include(tmp_path, **said, **({"include": include} if include == "[]" else {}))
    assert caught.value.key == "hosts.gitlab.include"
    assert '["*"]' in caught.value.cure


def test_the_public_clouds_are_those_that_the_guides_speak_of() -> None:
    assert {cloud for _, cloud in CLOUDS} == {
        "bitbucket.org",
        "codeberg.org",
        "dev.azure.com",
        "gitea.com",
        "github.com",
        "gitlab.com",
    }


@pytest.mark.parametrize("include", [{"acme", "widgets"}, {"*"}])
def test_a_public_cloud_mirrors_what_is_named(tmp_path: Path, include: set[str]) -> None:
    written = json.dumps(sorted(include))
    assert _include(tmp_path, base_url='"https://gitlab.com"', include=written) == include


@pytest.mark.parametrize("own", ["github.example", "github.com.example", "acme.ghe.com"])
def test_a_host_of_ones_own_mirrors_everything_unless_told(tmp_path: Path, own: str) -> None:
    said = {"kind": '"github"', "base_url": f'"https://{own}"'}
    assert _include(tmp_path, **said) == {"*"}
    assert _include(tmp_path, **said, include='["acme"]') == {"acme"}


def test_an_enterprise_is_named_by_the_ids_of_its_organisations(tmp_path: Path) -> None:
    openness = _openness(tmp_path, kind='"github"', enterprise='["9919", "1"]')
    assert openness.internal is InternalTo.ENTERPRISE
    assert openness.enterprise == {"9919", "1"}


@pytest.mark.parametrize(
    ("kind", "opens"),
    [("gitlab", "to the whole instance"), ("bitbucket_cloud", "to no other organisation")],
)
def test_an_enterprise_is_refused_where_no_organisations_share_what_is_internal(
    tmp_path: Path, kind: str, opens: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        _openness(tmp_path, kind=f'"{kind}"', enterprise='["1"]')
    assert caught.value.key == "hosts.gitlab.enterprise"
    assert f"remove it: internal at {registry()[kind].title} opens {opens}" in caught.value.cure


def test_a_connection_is_kept_where_its_host_lists_readers(tmp_path: Path) -> None:
    settings = load(tmp_path, MINIMAL + written_host() + CONNECTION)
    (connection,) = app._connections(settings, app._hosts(settings, VAULT))
    assert (connection.name, connection.host) == ("first", "gitlab")
    assert connection.owners == {"acme"}


def test_a_connection_to_a_host_without_such_a_list_is_refused(tmp_path: Path) -> None:
    settings = load(tmp_path, MINIMAL + written_host() + CONNECTION)
    made = app._hosts(settings, VAULT)["gitlab"]
    quiet = replace(made, host=silent(settings_of("gitlab")))
    with pytest.raises(ConfigurationError) as caught:
        app._connections(settings, {"gitlab": quiet})
    assert caught.value.key == "connections.first.host"
    assert "Silent does not list who may read" in caught.value.cure


APP = '\n[connections.acme]\nhost = "gitlab"\nowners = ["acme"]\napp_id = 901\n'


def _connections(folder: Path, text: str, *, kind: str) -> tuple[ConfiguredConnection, ...]:
    settings = load(folder, MINIMAL + written_host(kind=f'"{kind}"') + text)
    return app._connections(settings, app._hosts(settings, VAULT))


def _written_key() -> str:
    return (
        generate_private_key(65_537, 2048)
        .private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        .decode()
    )


def test_a_connection_speaks_as_an_app_of_the_host_that_it_is_for(tmp_path: Path) -> None:
    write(tmp_path, _written_key(), name="app.pem")
    text = APP + 'private_key_file = "app.pem"\n'
    (one,) = _connections(tmp_path, text, kind="github")
    assert one.app is not None
    assert (one.token, one.app.app_id) == ("", "901")
    asked = one.app.apps.installations_ask().request.url
    assert asked.startswith("https://code.example/api/v3/")


def test_a_connection_by_a_token_is_no_app(tmp_path: Path) -> None:
    text = APP.replace("app_id = 901", 'token = "hush"')
    (one,) = _connections(tmp_path, text, kind="github")
    assert (one.token, one.app) == ("hush", None)
    assert "hush" not in repr(one)


def test_an_app_at_a_host_that_knows_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        _connections(tmp_path, APP + 'private_key = "hush"\n', kind="gitlab")
    assert caught.value.key == "connections.acme.app_id"
    assert "GitLab" in caught.value.cure


def test_a_key_that_cannot_sign_is_refused_and_not_quoted(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        _connections(tmp_path, APP + 'private_key = "hush"\n', kind="github")
    assert caught.value.key == "connections.acme.private_key"
    assert "PEM" in caught.value.cure
    assert "hush" not in str(caught.value)
