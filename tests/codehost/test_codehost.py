"""The contract's few functions, and what its values show of themselves."""

import pytest

from permsync.codehost import HostSettings, Request, Response, TokenGrant


@pytest.mark.parametrize(
    ("content_type", "media_type"),
    [
        ("Application/JSON; charset=utf-8", "application/json"),
        ("text/html", "text/html"),
        ("", ""),
    ],
)
def test_a_media_type_has_no_parameters_and_no_case(content_type: str, media_type: str) -> None:
    assert Response(200, {"content-type": content_type}, b"").media_type == media_type


def test_an_answer_without_a_content_type_has_no_media_type() -> None:
    assert Response(200, {}, b"").media_type == ""


def test_values_that_hold_secrets_do_not_show_them() -> None:
    settings = HostSettings("one", "kind", "https://x.example", "id", "secret-1", "https://y")
    request = Request("POST", "https://x.example", {"authorization": "secret-1"}, b"secret-1")
    grant = TokenGrant("secret-1", refresh_token="secret-1", id_token="secret-1")
    response = Response(200, {}, b"secret-1")
    assert "secret-1" not in repr((settings, request, grant, response))
