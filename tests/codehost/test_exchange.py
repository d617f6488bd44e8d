"""What an answer says of its own body."""

import pytest

from permsync.codehost import Response


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
