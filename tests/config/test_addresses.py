"""Which addresses are accepted, in which form they are kept, and that a refusal quotes none."""

import pytest
from sqlalchemy.engine import make_url

from permsync.config.addresses import (
    is_loopback,
    parse_base_url,
    parse_database_url,
    parse_issuer,
    parse_proxy_url,
)

KEPT = {
    "https://github.com": "https://github.com",
    "https://github.com/": "https://github.com",
    "https://code.example/gitlab/": "https://code.example/gitlab",
    "https://code.example:8443/a/b": "https://code.example:8443/a/b",
    "HTTPS://Code.Example/Path": "https://code.example/Path",
    "http://localhost:8080": "http://localhost:8080",
    "http://127.0.0.1": "http://127.0.0.1",
    "http://[::1]:8080/": "http://[::1]:8080",
}

REFUSED = {
    "http to another machine": "http://code.example",
    "http to a name that begins like this machine": "http://localhost.example",
    "a query": "https://code.example/?a=b",
    "an empty query": "https://code.example/?",
    "a fragment": "https://code.example/#a",
    "credentials": "https://person:hush@code.example",
    "another scheme": "ftp://code.example",
    "no scheme": "code.example",
    "no host": "https://",
    "a port that is no number": "https://code.example:http",
    "a port beyond the last": "https://code.example:65536",
    "a space": "https://code example",
    "a line break": "https://code.example\n",
    "letters beyond ASCII": "https://cödé.example",
    "half an IPv6 address": "https://[::1",
    "nothing": "",
}


@pytest.mark.parametrize("text", KEPT)
def test_a_base_url_is_kept_in_one_form(text: str) -> None:
    assert parse_base_url(text) == KEPT[text]


@pytest.mark.parametrize("case", REFUSED)
def test_a_base_url_is_refused_with(case: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as refused:
        parse_base_url(REFUSED[case])
    assert "hush" not in str(refused.value)


def test_http_to_another_machine_may_be_permitted() -> None:
    assert parse_base_url("http://code.example", allow_http=True) == "http://code.example"


@pytest.mark.parametrize("issuer", ["https://login.example/", "https://login.example/realms/a"])
def test_an_issuer_is_kept_letter_by_letter(issuer: str) -> None:
    assert parse_issuer(issuer) == issuer


@pytest.mark.parametrize("issuer", ["https://login.example/?a", "http://login.example", "login"])
def test_an_issuer_that_is_no_https_url_is_refused(issuer: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_issuer(issuer)


def test_a_proxy_may_want_credentials() -> None:
    assert parse_proxy_url("http://me:hush@proxy:3128/") == "http://me:hush@proxy:3128"


@pytest.mark.parametrize("url", ["socks5://proxy:1080", "http://proxy/path", "proxy:3128"])
def test_what_is_no_http_proxy_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_proxy_url(url)


DATABASES = {
    "postgres://u:p@db:5432/permsync": "postgresql+asyncpg://u:p@db:5432/permsync",
    "postgresql://db/permsync": "postgresql+asyncpg://db/permsync",
    "postgresql+asyncpg://db/permsync": "postgresql+asyncpg://db/permsync",
    "postgres://u:p%40%2F@db/permsync": "postgresql+asyncpg://u:p%40%2F@db/permsync",
    "postgres://db/p?sslmode=require": "postgresql+asyncpg://db/p?ssl=require",
    "postgres:///p?host=/run/postgresql": "postgresql+asyncpg:///p?host=/run/postgresql",
}


@pytest.mark.parametrize("text", DATABASES)
def test_a_database_url_becomes_what_the_driver_takes(text: str) -> None:
    url = parse_database_url(text)
    assert url == DATABASES[text]
    assert make_url(url).get_dialect().driver == "asyncpg"


BAD_DATABASES = {
    "another database": "mysql://u:hush@db/permsync",
    "another driver": "postgresql+psycopg://u:hush@db/permsync",
    "no database": "postgresql://u:hush@db",
    "no server": "postgresql:///permsync",
    "an option of libpq that the driver lacks": "postgresql://u:hush@db/p?gssencmode=disable",
    "a way of TLS that nobody knows": "postgresql://u:hush@db/p?sslmode=always",
    "a port that is no number": "postgresql://u:hush@db:port/permsync",
    "half an IPv6 address": "postgresql://u:hush@[::1/permsync",
    "nothing": "",
}


@pytest.mark.parametrize("case", BAD_DATABASES)
def test_a_database_url_is_refused_with(case: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as refused:
        parse_database_url(BAD_DATABASES[case])
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("name", ["localhost", "git.localhost", "127.8.8.8", "::1"])
def test_this_machine_is(name: str) -> None:
    assert is_loopback(name)


@pytest.mark.parametrize("name", ["", "10.0.0.1", "0.0.0.0", "localhost.example", "::"])  # noqa: S104
def test_another_machine_is(name: str) -> None:
    assert not is_loopback(name)
