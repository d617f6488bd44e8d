"""The contract's values do not show the secrets that they hold."""

from permsync.codehost import HostSettings, Request, Response, TokenGrant


def test_values_that_hold_secrets_do_not_show_them() -> None:
    settings = HostSettings("one", "kind", "https://x.example", "id", "secret-1", "https://y")
    request = Request("POST", "https://x.example", {"authorization": "secret-1"}, b"secret-1")
    grant = TokenGrant("secret-1", refresh_token="secret-1", id_token="secret-1")
    response = Response(200, {}, b"secret-1")
    assert "secret-1" not in repr((settings, request, grant, response))
