"""What one host may be: addresses, what is mirrored, certificates, secrets of webhooks."""

from pathlib import Path

import pytest

from permsync.config import load_settings
from permsync.config.settings import Settings
from permsync.errors import ConfigurationError
from tests.config.written import HOST, MINIMAL, load, refusal, write, written_host


def test_a_context_path_stays_and_a_slash_at_the_end_goes(tmp_path: Path) -> None:
    text = written_host(base_url='"https://code.example/git/"', api_url='"https://api.example/v4/"')
    host = load(tmp_path, MINIMAL + text).hosts["gitlab"]
    assert (host.base_url, host.api_url) == ("https://code.example/git", "https://api.example/v4")


@pytest.mark.parametrize("field", ["base_url", "api_url"])
def test_http_to_another_machine_must_be_permitted_on_the_host(tmp_path: Path, field: str) -> None:
    url = '"http://code.example"'
    assert refusal(tmp_path, MINIMAL + written_host(**{field: url})).key == f"hosts.gitlab.{field}"
    permitted = load(tmp_path, MINIMAL + written_host(**{field: url, "allow_http": "true"}))
    assert getattr(permitted.hosts["gitlab"], field) == "http://code.example"


def test_a_file_of_certificates_stands_beside_the_settings(tmp_path: Path) -> None:
    text = MINIMAL + written_host(ca_file='"authority.pem"')
    assert refusal(tmp_path, text).key == "hosts.gitlab.ca_file"
    (tmp_path / "authority.pem").touch()
    assert load(tmp_path, text).hosts["gitlab"].ca_file == tmp_path / "authority.pem"


def test_openness_is_as_at_the_host_unless_told(tmp_path: Path) -> None:
    host = load(tmp_path, MINIMAL + HOST).hosts["gitlab"]
    assert (host.public, host.internal, host.enterprise) == ("everyone", "as_at_host", ())


@pytest.mark.parametrize("public", ["everyone", "account_holders", "never"])
def test_openness_may_be_narrowed(tmp_path: Path, public: str) -> None:
    text = written_host(public=f'"{public}"', internal='"never"', enterprise='["1", "2"]')
    host = load(tmp_path, MINIMAL + text).hosts["gitlab"]
    assert (host.public, host.internal, host.enterprise) == (public, "never", ("1", "2"))


@pytest.mark.parametrize(("field", "word"), [("public", "nobody"), ("internal", "everyone")])
def test_another_word_for_openness_is_refused(tmp_path: Path, field: str, word: str) -> None:
    error = refusal(tmp_path, MINIMAL + written_host(**{field: f'"{word}"'}))
    assert error.key == f"hosts.gitlab.{field}"


def test_a_connection_is_enforced_unless_told(tmp_path: Path) -> None:
    table = '[connections.{}]\nhost = "gitlab"\nowners = ["acme"]\ntoken = "hush"\n'
    text = MINIMAL + HOST + table.format("first") + table.format("second") + "enforce = false\n"
    connections = load(tmp_path, text).connections
    assert (connections["first"].enforce, connections["second"].enforce) == (True, False)


# Webhooks

FIRST, SECOND = "the first secret of a hook", "the second secret of a hook"


def _secrets(settings: Settings) -> list[str]:
    return [one.get_secret_value() for one in settings.hosts["gitlab"].webhook_secrets]


def test_a_host_has_no_webhooks_unless_told(tmp_path: Path) -> None:
    assert _secrets(load(tmp_path, MINIMAL + HOST)) == []


def test_secrets_stand_in_the_settings_or_in_a_private_file(tmp_path: Path) -> None:
    text = f'{MINIMAL}{HOST}webhook_secrets = ["{FIRST}", "{SECOND}"]\n'
    assert _secrets(load(tmp_path, text)) == [FIRST, SECOND]
    write(tmp_path, f"{FIRST}\n{SECOND}\n", name="hooks")
    text = f'{MINIMAL}{HOST}webhook_secrets_file = "hooks"\n'
    assert _secrets(load(tmp_path, text)) == [FIRST, SECOND]


def test_a_variable_holds_them_one_a_line(tmp_path: Path) -> None:
    environ = {"PERMSYNC_HOSTS__GITLAB__WEBHOOK_SECRETS": f"{FIRST}\n{SECOND}"}
    assert _secrets(load(tmp_path, MINIMAL + HOST, environ)) == [FIRST, SECOND]


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    write(tmp_path, FIRST, name="hooks", mode=0o644)
    error = refusal(tmp_path, f'{MINIMAL}{HOST}webhook_secrets_file = "hooks"\n')
    assert error.key == "hosts.gitlab.webhook_secrets_file"


def test_an_empty_file_is_no_secret(tmp_path: Path) -> None:
    write(tmp_path, "\n", name="hooks")
    error = refusal(tmp_path, f'{MINIMAL}{HOST}webhook_secrets_file = "hooks"\n')
    assert "empty" in str(error)


def test_a_settings_file_with_a_secret_must_be_private(tmp_path: Path) -> None:
    text = f'{MINIMAL}{HOST}webhook_secrets = ["{FIRST}"]\n'.replace(
        'client_secret = "hush"', 'client_secret_file = "keys"'
    )
    write(tmp_path, text).chmod(0o644)
    with pytest.raises(ConfigurationError, match="webhook_secrets") as refused:
        load_settings(file=tmp_path / "permsync.toml", environ={})
    assert FIRST not in str(refused.value)


CONNECTION = '[connections.acme]\nhost = "gitlab"\nowners = ["acme"]\n'


@pytest.mark.parametrize("app_id", ['"Iv23li"', "901"])
def test_a_connection_may_be_an_app_whose_key_lies_in_a_private_file(
    tmp_path: Path, app_id: str
) -> None:
    text = f'{MINIMAL}{HOST}{CONNECTION}app_id = {app_id}\nprivate_key_file = "app.pem"\n'
    assert refusal(tmp_path, text).key == "connections.acme.private_key_file"
    write(tmp_path, "-----BEGIN\nhush\n", name="app.pem", mode=0o644)
    error = refusal(tmp_path, text)
    assert error.key == "connections.acme.private_key_file"
    assert "chmod 600" in error.cure
    write(tmp_path, "-----BEGIN\nhush\n", name="app.pem")
    one = load(tmp_path, text).connections["acme"]
    assert one.private_key is not None
    assert (one.app_id, one.token) == (app_id.strip('"'), None)
    assert one.private_key.get_secret_value() == "-----BEGIN\nhush"
    assert "hush" not in repr(one)


def test_a_key_may_stand_in_the_settings_if_they_are_private(tmp_path: Path) -> None:
    key = 'private_key = """\n-----BEGIN\nhush\n"""\n'
    file = write(tmp_path, f'{MINIMAL}{HOST}{CONNECTION}app_id = "Iv23li"\n{key}', mode=0o644)
    with pytest.raises(ConfigurationError) as refused:
        load_settings(file=file, environ={})
    assert "chmod 600" in str(refused.value)
    file.chmod(0o600)
    one = load_settings(file=file, environ={}).connections["acme"]
    assert one.private_key is not None


@pytest.mark.parametrize(
    ("written", "cure"),
    [
        ("", "token_file"),
        ('app_id = "Iv23li"', "private_key_file"),
        ('private_key = "hush"', "app_id"),
        ('app_id = "Iv23li"\nprivate_key = "hush"\ntoken = "hush"', "either the token or the app"),
        ('app_id = "Iv23li"\ntoken = "hush"', "either the token or the app"),
        ('private_key = "hush"\ntoken = "hush"', "either the token or the app"),
    ],
)
def test_a_connection_speaks_with_one_voice(tmp_path: Path, written: str, cure: str) -> None:
    error = refusal(tmp_path, f"{MINIMAL}{HOST}{CONNECTION}{written}\n")
    assert error.key == "connections.acme"
    assert cure in error.cure
    assert "hush" not in str(error)


@pytest.mark.parametrize("app_id", ["true", '""', "1.5"])
def test_an_app_is_named_by_a_text_or_a_number(tmp_path: Path, app_id: str) -> None:
    text = f'{CONNECTION}app_id = {app_id}\nprivate_key = "hush"\n'
    assert refusal(tmp_path, f"{MINIMAL}{HOST}{text}").key == "connections.acme.app_id"
