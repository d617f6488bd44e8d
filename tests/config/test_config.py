"""
Settings come from one file and the environment; whatever is wrong is one clear message.

Covers ``permsync.config``, reading real files.
"""

import base64
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from permsync.config import from_process, load_settings
from permsync.model import Durations
from tests.config.written import HOST, KEY, MINIMAL, load, refusal, write


def test_the_smallest_file_gives_the_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path, MINIMAL)
    assert settings.public_url == "https://permsync.example"
    assert [key.get_secret_value() for key in settings.sealing_keys] == [b"k" * 32]
    assert settings.durations == Durations()
    assert (settings.listen.host, settings.hosts, settings.database_url) == ("127.0.0.1", {}, None)


def test_no_file_is_needed() -> None:
    environ = {"PERMSYNC_PUBLIC_URL": "https://permsync.example/", "PERMSYNC_SEALING_KEYS": KEY}
    settings = load_settings(file=None, environ={**environ, "HOME": "/home/ada", "PATH": "/bin"})
    assert settings.public_url == "https://permsync.example"


def test_the_environment_wins_leaf_by_leaf(tmp_path: Path) -> None:
    environ = {
        "PERMSYNC_LISTEN__PORT": "9000",
        "PERMSYNC_HOSTS__GITLAB__CLIENT_ID": "other",
        "PERMSYNC_HOSTS__GITLAB__SCOPES": "read_user, read_api",
        "PERMSYNC_ADMINS": '[{"issuer": "https://login.example", "subject": "1"}]',
    }
    settings = load(tmp_path, f'{MINIMAL}listen.host = "::1"\n{HOST}', environ)
    host = settings.hosts["gitlab"]
    assert (settings.listen.host, settings.listen.port) == ("::1", 9000)
    assert (host.client_id, host.kind, host.scopes) == (
        "other",
        "gitlab",
        ("read_user", "read_api"),
    )
    assert settings.admins[0].subject == "1"


def test_a_secret_may_stand_in_a_file_beside_the_settings(tmp_path: Path) -> None:
    write(tmp_path, "from the file \n", name="secret")
    text = HOST.replace('client_secret = "hush"', 'client_secret_file = "secret"')
    secret = load(tmp_path, MINIMAL + text).hosts["gitlab"].client_secret
    assert secret.get_secret_value() == "from the file"


def test_a_connection_names_a_host_and_its_token_may_stand_in_a_file(tmp_path: Path) -> None:
    write(tmp_path, "from the file \n", name="token")
    table = '[connections.one]\nhost = "gitlab"\nowners = ["acme"]\ntoken_file = "token"\n'
    one = load(tmp_path, f"{MINIMAL}{HOST}{table}").connections["one"]
    assert (one.host, one.owners) == ("gitlab", ("acme",))
    assert one.token is not None
    assert one.token.get_secret_value() == "from the file"
    other = table.replace('"gitlab"', '"nowhere"')
    assert "'nowhere' is no host" in str(refusal(tmp_path, f"{MINIMAL}{HOST}{other}"))


def test_a_variable_may_name_the_file_of_a_secret(tmp_path: Path) -> None:
    file = write(tmp_path, "postgresql://u:hush@db/permsync\n", name="url")
    url = load(tmp_path, MINIMAL, {"PERMSYNC_DATABASE_URL_FILE": str(file)}).database_url
    assert url is not None
    assert url.get_secret_value() == "postgresql+asyncpg://u:hush@db/permsync"


def test_white_space_around_values_is_trimmed(tmp_path: Path) -> None:
    text = HOST.replace('"hush"', '"hush \\n"').replace('"gitlab"', '" gitlab "')
    host = load(tmp_path, MINIMAL + text).hosts["gitlab"]
    assert (host.kind, host.client_secret.get_secret_value()) == ("gitlab", "hush")


def test_the_sealing_keys_of_a_variable_are_in_their_order(tmp_path: Path) -> None:
    older = base64.b64encode(b"o" * 32).decode()
    text = MINIMAL.replace("sealing_keys_file", "#")
    keys = load(tmp_path, text, {"PERMSYNC_SEALING_KEYS": f"{KEY} {older}"}).sealing_keys
    assert [key.get_secret_value()[:1] for key in keys] == [b"k", b"o"]


@pytest.mark.parametrize("where", ["the file", "the environment"])
def test_a_secret_is_not_taken_from_two_places(tmp_path: Path, where: str) -> None:
    text = MINIMAL + (f'sealing_keys = ["{KEY}"]\n' if where == "the file" else "")
    environ = {"PERMSYNC_SEALING_KEYS": KEY} if where == "the environment" else {}
    error = refusal(tmp_path, text, environ)
    assert error.key == "sealing_keys_file"
    assert error.place.endswith("line 2")
    assert "both are set" in error.cure


INLINE = {
    "hosts.gitlab.client_secret": HOST,
    "sealing_keys": f'sealing_keys = ["{KEY}"]',
    "database_url": 'database_url = "postgresql://u:hush@db/permsync"',
    "proxy_url": 'proxy_url = "http://me:hush@proxy:3128"',
    "oidc.client_secret": 'oidc = { issuer = "https://a", client_id = "b", client_secret = "c" }',
}


@pytest.mark.parametrize("key", INLINE)
def test_a_settings_file_with_a_secret_is_a_secret_file(tmp_path: Path, key: str) -> None:
    text = f'public_url = "https://permsync.example"\n{INLINE[key]}'
    file = write(tmp_path, text, mode=0o644)
    with pytest.raises(Exception, match=f"{key}.*chmod 600 {file}"):
        load_settings(file=file, environ={"PERMSYNC_SEALING_KEYS_FILE": str(tmp_path / "keys")})


def test_a_settings_file_without_a_secret_may_be_open(tmp_path: Path) -> None:
    write(tmp_path, "hush", name="secret")
    text = HOST.replace('client_secret = "hush"', 'client_secret_file = "secret"')
    settings = load_settings(file=write(tmp_path, MINIMAL + text, mode=0o644), environ={})
    assert settings.hosts["gitlab"].client_secret_file == tmp_path / "secret"


def test_an_open_secret_file_is_refused_at_the_line_that_names_it(tmp_path: Path) -> None:
    file = write(tmp_path, MINIMAL)
    (tmp_path / "keys").chmod(0o644)
    with pytest.raises(Exception, match=r"line 2: .*chmod 600") as refused:
        load_settings(file=file, environ={})
    assert "'sealing_keys_file'" in str(refused.value)


def test_the_first_problem_of_the_file_is_reported(tmp_path: Path) -> None:
    text = 'public_url = "ftp://a"\nlog_format = "xml"\n[durations]\nsettle = "soon"\n'
    assert refusal(tmp_path, text).key == "public_url"
    assert refusal(tmp_path, text.replace("ftp:", "https:")).key == "log_format"
    text = text.replace("ftp:", "https:").replace("xml", "json")
    assert refusal(tmp_path, text).key == "durations.settle"


def test_a_missing_setting_is_reported_after_those_that_are_wrong(tmp_path: Path) -> None:
    assert refusal(tmp_path, 'log_format = "xml"').key == "log_format"
    missing = refusal(tmp_path, 'log_format = "json"')
    assert (missing.key, missing.place) == ("public_url", str(tmp_path / "permsync.toml"))


def test_durations_are_read_and_scaled(tmp_path: Path) -> None:
    text = f'{MINIMAL}[durations]\nsync_every = "12h"\nsettle = "PT20S"\nfactor = 0.01\n'
    durations = load(tmp_path, text, {"PERMSYNC_DURATIONS__JOB_POLL": "50"}).durations
    assert durations.sync_every == timedelta(hours=12) * 0.01
    assert durations.settle == timedelta(seconds=0.2)
    assert durations.job_poll == timedelta(seconds=0.5)
    assert durations.session == Durations().session * 0.01


def test_a_host_may_settle_slower_than_all_others_and_is_scaled_like_them(tmp_path: Path) -> None:
    text = f"{MINIMAL}[durations]\nfactor = 0.1\n{HOST}"
    environ = {"PERMSYNC_HOSTS__GITLAB__SETTLE": "1m"}
    assert load(tmp_path, text, environ).hosts["gitlab"].settle == timedelta(seconds=6)
    assert load(tmp_path, text).hosts["gitlab"].settle is None


def test_the_settling_of_a_host_is_a_duration(tmp_path: Path) -> None:
    error = refusal(tmp_path, f'{MINIMAL}{HOST}settle = "soon"\n')
    assert error.key == "hosts.gitlab.settle"


@pytest.mark.parametrize("factor", ["0", "-1", "nan", "inf", '"much"', "[]"])
def test_a_factor_is_a_number_above_nothing(tmp_path: Path, factor: str) -> None:
    error = refusal(tmp_path, f"{MINIMAL}[durations]\nfactor = {factor}\n")
    assert error.key == "durations.factor"


def test_a_broken_relation_is_reported_at_the_duration_that_was_set(tmp_path: Path) -> None:
    error = refusal(tmp_path, f'{MINIMAL}[durations]\nrefresh_settle = "45s"\n')
    assert (error.key, error.place[-6:]) == ("durations.refresh_settle", "line 4")
    assert "refresh_lease at least 70s" in error.cure


def test_a_factor_that_breaks_a_relation_is_reported(tmp_path: Path) -> None:
    error = refusal(tmp_path, f"{MINIMAL}[durations]\nfactor = 3\n")
    assert error.key == "durations.factor"


def test_durations_are_a_table(tmp_path: Path) -> None:
    assert refusal(tmp_path, f'{MINIMAL}durations = "5m"\n').key == "durations"


def test_the_data_folder_is_taken_from_where_it_is_written(tmp_path: Path) -> None:
    settings = load(tmp_path, f'{MINIMAL}data_folder = "data"\n')
    assert settings.data_folder == tmp_path / "data"


def test_a_callback_address_begins_with_the_public_url(tmp_path: Path) -> None:
    text = MINIMAL.replace(".example", ".example/sub/")
    uri = load(tmp_path, text).redirect_uri("gitlab-corp")
    assert uri == "https://permsync.example/sub/link/gitlab-corp/callback"


def test_no_secret_is_in_any_representation(tmp_path: Path) -> None:
    environ = {"PERMSYNC_DATABASE_URL": "postgresql://u:hush@db/permsync"}
    settings = load(tmp_path, MINIMAL + HOST, environ)
    shown = repr(settings) + str(settings) + settings.model_dump_json()
    assert not [secret for secret in ("hush", "k" * 32, KEY) if secret in shown]


def test_no_secret_is_in_any_refusal(tmp_path: Path) -> None:
    text = MINIMAL + HOST.replace('"permsync"', "12")
    error = refusal(tmp_path, text, {"PERMSYNC_DATABASE_URL": "mysql://u:hush@db"})
    assert "hush" not in str(error) + repr(error.__cause__) + repr(error.__context__)


def test_settings_never_change(tmp_path: Path) -> None:
    settings = load(tmp_path, MINIMAL)
    with pytest.raises(ValidationError):
        settings.public_url = "https://elsewhere.example"  # type: ignore[misc]  # what is tested


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder, and a file of keys that the environment names."""
    write(tmp_path, "")
    (tmp_path / "permsync.toml").unlink()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PERMSYNC_SEALING_KEYS_FILE", "keys")
    return tmp_path


def test_the_process_reads_the_file_of_its_folder(folder: Path) -> None:
    write(folder, 'public_url = "https://here.example"')
    assert from_process().public_url == "https://here.example"


def test_the_process_reads_the_file_that_a_variable_names(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, 'public_url = "https://here.example"')
    write(folder, 'public_url = "https://there.example"', name="other.toml")
    monkeypatch.setenv("PERMSYNC_SETTINGS", "other.toml")
    assert from_process().public_url == "https://there.example"


def test_the_process_reads_the_file_that_it_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = write(folder, 'public_url = "https://told.example"', name="told.toml")
    monkeypatch.setenv("PERMSYNC_SETTINGS", "other.toml")
    assert from_process(told).public_url == "https://told.example"


def test_the_process_needs_no_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERMSYNC_PUBLIC_URL", "https://bare.example")
    assert from_process().public_url == "https://bare.example"
    assert list(folder.glob("*.toml")) == []
