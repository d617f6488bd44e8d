"""How texts become lists and keys, and that no refusal quotes a secret."""

import base64

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from permsync.config.values import Name, Port, SealingKeys, Secret, WebhookSecrets, Words

KEY = b"k" * 32
TEXT = base64.b64encode(KEY).decode()
OTHER = base64.b64encode(b"o" * 32).decode()


class _Values(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    words: Words = ()
    keys: SealingKeys = ()
    secret: Secret | None = None
    name: Name = "name"
    port: Port = 0
    webhook_secrets: WebhookSecrets = ()


def _keys(value: object) -> list[bytes]:
    found = _Values.model_validate({"keys": value}).keys
    return [key.get_secret_value() for key in found]


@pytest.mark.parametrize("text", ["a b", "a,b", "a, b", " a,\nb, "])
def test_a_variable_holds_a_list_as_words(text: str) -> None:
    assert _Values.model_validate({"words": text}).words == ("a", "b")


@pytest.mark.parametrize("written", [[TEXT], TEXT, f"{TEXT}\n", f"# made in May\n{TEXT}\n"])
def test_a_sealing_key_may_be_written(written: object) -> None:
    assert _keys(written) == [KEY]


@pytest.mark.parametrize("written", [[TEXT, OTHER], f"{TEXT}\n{OTHER}", f"{TEXT},{OTHER}"])
def test_the_first_sealing_key_stays_the_first(written: object) -> None:
    assert _keys(written) == [KEY, b"o" * 32]


BAD_KEYS = {
    "none at all": [],
    "only remarks": "# none yet\n",
    "too short": [base64.b64encode(b"hush").decode()],
    "too long": [base64.b64encode(b"hush" * 9).decode()],
    "no base64": ["hush" * 11],
    "letters beyond ASCII": ["hüsh" * 11],
    "a number": [12],
    "a table": {"hush": 1},
}


@pytest.mark.parametrize("case", BAD_KEYS)
def test_sealing_keys_are_refused(case: str) -> None:
    with pytest.raises(ValidationError, match="permsync init") as refused:
        _keys(BAD_KEYS[case])
    assert "hush" not in str(refused.value)


def test_the_refusal_of_a_key_says_which_one() -> None:
    with pytest.raises(ValidationError, match="key 2 is not"):
        _keys([TEXT, "c2hvcnQ="])


def test_a_secret_has_no_white_space_around_it() -> None:
    secret = _Values.model_validate({"secret": "\thush \r\n"}).secret
    assert secret is not None
    assert secret.get_secret_value() == "hush"


@pytest.mark.parametrize("field", ["secret", "name"])
def test_nothing_is_no_value(field: str) -> None:
    with pytest.raises(ValidationError):
        _Values.model_validate({field: ""})


@pytest.mark.parametrize("port", [-1, 65_536, "http"])
def test_a_port_is_a_number_that_tcp_knows(port: object) -> None:
    with pytest.raises(ValidationError):
        _Values.model_validate({"port": port})


SIGNING_KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.mark.parametrize(
    "written",
    [
        ["It's a secret, with blanks", SIGNING_KEY],
        f"It's a secret, with blanks\n\n{SIGNING_KEY}\n",
    ],
)
def test_webhook_secrets_stand_one_a_line(written: object) -> None:
    found = _Values.model_validate({"webhook_secrets": written}).webhook_secrets
    plain = [one.get_secret_value() for one in found]
    assert plain == ["It's a secret, with blanks", SIGNING_KEY]
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("written", "cure"),
    [
        (7, "write a list of secrets"),
        ([7], "write a list of secrets"),
        ("\n", "leave it out"),
        ([], "leave it out"),
        (["It's a secret, with blanks", "hush"], "secret 2 is short"),
        (["whsec_not base64 at all!"], "secret 1 begins like a signing key"),
        (["whsec_A"], "secret 1 is short"),
    ],
)
def test_a_webhook_secret_that_protects_nothing_is_refused_unquoted(
    written: object, cure: str
) -> None:
    with pytest.raises(ValidationError, match=cure) as refused:
        _Values.model_validate({"webhook_secrets": written})
    assert "hush" not in str(refused.value)
