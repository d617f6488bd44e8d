"""
Proofs of deliveries: golden vectors of HOSTS 9.1, and everything that is no proof.

The hostile cases are of HOSTS 9.2 #18 and 6.5.
"""

import base64
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from permsync.codehost.signatures import BodySignature, Delivery, Refusal, TokenOrSigned

SECRET = "It's a Secret to Everybody"
BODY = b"Hello, World!"
SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
GITHUB = BodySignature("x-hub-signature-256")
GITEA = BodySignature("x-gitea-signature", prefix="")
GITLAB = TokenOrSigned("x-gitlab-token")

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SIGNED_BODY = b'{"test": 2432232314}'
SIGNED_AT = 1614265330
SIGNED = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(SIGNED_AT),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
TOLERANCE = timedelta(minutes=5)


def refusal(
    scheme: BodySignature | TokenOrSigned,
    headers: dict[str, str],
    secrets: Sequence[str] = (SECRET,),
    *,
    body: bytes = BODY,
    late_in: timedelta = timedelta(),
) -> Refusal | None:
    """What the scheme says of this delivery."""
    received_at = datetime.fromtimestamp(SIGNED_AT, UTC) + late_in
    return scheme.refusal(Delivery(headers, body, received_at), secrets, tolerance=TOLERANCE)


# A signature of the body


def test_githubs_golden_vector_is_a_proof() -> None:
    assert refusal(GITHUB, {"x-hub-signature-256": SIGNATURE}) is None


def test_bitbuckets_golden_vector_is_a_proof() -> None:
    sent = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
    bitbucket = BodySignature("x-hub-signature")
    assert refusal(bitbucket, {"x-hub-signature": sent}, body=b"Hello World!") is None


def test_giteas_bare_digits_are_a_proof_and_digits_with_a_prefix_are_none() -> None:
    digits = SIGNATURE.removeprefix("sha256=")
    assert refusal(GITEA, {"x-gitea-signature": digits}) is None
    assert refusal(GITEA, {"x-gitea-signature": SIGNATURE}) is Refusal.SIGNATURE_WRONG


def test_each_of_several_secrets_is_enough_wherever_it_stands() -> None:
    headers = {"x-hub-signature-256": SIGNATURE}
    assert refusal(GITHUB, headers, ("the new one", SECRET)) is None
    assert refusal(GITHUB, headers, (SECRET, "the old one")) is None
    assert refusal(GITHUB, headers, ("the new one", "the old one")) is Refusal.SIGNATURE_WRONG


def test_without_a_secret_no_signature_is_right() -> None:
    assert refusal(GITHUB, {"x-hub-signature-256": SIGNATURE}, ()) is Refusal.SIGNATURE_WRONG


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (None, Refusal.SIGNATURE_MISSING),
        # Gitea sends the header empty where it has no secret (HOSTS 6.5).
        ("", Refusal.SIGNATURE_EMPTY),
        ("sha256=", Refusal.SIGNATURE_EMPTY),
        ("  ", Refusal.SIGNATURE_EMPTY),
        # The older header's algorithm, the bare digits, other letters, cut short.
        (f"sha1={SIGNATURE[7:47]}", Refusal.SIGNATURE_WRONG),
        (SIGNATURE.removeprefix("sha256="), Refusal.SIGNATURE_WRONG),
        (SIGNATURE.upper(), Refusal.SIGNATURE_WRONG),
        (SIGNATURE[:-1], Refusal.SIGNATURE_WRONG),
        # Two headers of one name.
        (f"{SIGNATURE}, {SIGNATURE}", Refusal.SIGNATURE_WRONG),
        ("sha256=\u00fc\u00fc", Refusal.SIGNATURE_WRONG),
    ],
)
def test_what_is_no_signature_of_the_body_proves_nothing(sent: str | None, said: Refusal) -> None:
    headers = {} if sent is None else {"x-hub-signature-256": sent}
    assert refusal(GITHUB, headers) is said


def test_a_signature_is_of_the_very_bytes() -> None:
    headers = {"x-hub-signature-256": SIGNATURE}
    assert refusal(GITHUB, headers, body=BODY + b"\n") is Refusal.SIGNATURE_WRONG


# GitLab: a token, or Standard Webhooks


def test_gitlabs_token_is_compared_with_every_secret() -> None:
    assert refusal(GITLAB, {"x-gitlab-token": "one"}, ("two", "one")) is None
    assert refusal(GITLAB, {"x-gitlab-token": "three"}, ("two", "one")) is Refusal.SIGNATURE_WRONG


def test_a_token_beyond_ascii_is_compared_by_its_bytes() -> None:
    """A server hands header bytes over as Latin-1."""
    sent = "gr\u00fc\u00dfe".encode().decode("latin-1")
    assert refusal(GITLAB, {"x-gitlab-token": sent}, ("gr\u00fc\u00dfe",)) is None


def test_fake_18_gitlab_without_a_token_or_with_an_empty_one_proves_nothing() -> None:
    assert refusal(GITLAB, {}) is Refusal.SIGNATURE_MISSING
    assert refusal(GITLAB, {"x-gitlab-token": ""}) is Refusal.SIGNATURE_EMPTY


def test_standard_webhooks_golden_vector_is_a_proof() -> None:
    assert refusal(GITLAB, SIGNED, (KEY,), body=SIGNED_BODY) is None


def test_one_of_several_signatures_is_enough() -> None:
    """While GitLab's own key is changed, both sign; other versions are passed over."""
    sent = f"v2,AAAA v1,AAAA {SIGNED['webhook-signature']}"
    both = {**SIGNED, "webhook-signature": sent}
    assert refusal(GITLAB, both, ("a token", KEY), body=SIGNED_BODY) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"webhook-signature": ""}, Refusal.SIGNATURE_EMPTY),
        ({"webhook-signature": "v2,AAAA"}, Refusal.SIGNATURE_EMPTY),
        ({"webhook-signature": "v1,"}, Refusal.SIGNATURE_WRONG),
        ({"webhook-id": "msg_another"}, Refusal.SIGNATURE_WRONG),
        ({"webhook-timestamp": str(SIGNED_AT + 1)}, Refusal.SIGNATURE_WRONG),
        ({"webhook-timestamp": ""}, Refusal.SIGNATURE_WRONG),
    ],
)
def test_what_is_no_signature_of_id_time_and_body_proves_nothing(
    change: dict[str, str], said: Refusal
) -> None:
    assert refusal(GITLAB, {**SIGNED, **change}, (KEY,), body=SIGNED_BODY) is said


@pytest.mark.parametrize("late_in", [timedelta(minutes=6), -timedelta(minutes=6)])
def test_an_old_timestamp_is_a_replay_or_a_wrong_clock(late_in: timedelta) -> None:
    late = refusal(GITLAB, SIGNED, (KEY,), body=SIGNED_BODY, late_in=late_in)
    assert late is Refusal.TIMESTAMP_WRONG


@pytest.mark.parametrize("at", ["soon", "1e9", "-5", "9" * 20, "\u0661"])
def test_a_signed_time_that_is_none_is_refused(at: str) -> None:
    key = base64.b64decode(KEY.removeprefix("whsec_"))
    signed = f"id.{at}.".encode("latin-1", "replace") + SIGNED_BODY
    made = base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode()
    headers = {"webhook-id": "id", "webhook-timestamp": at, "webhook-signature": f"v1,{made}"}
    assert refusal(GITLAB, headers, (KEY,), body=SIGNED_BODY) is Refusal.TIMESTAMP_WRONG


def test_a_present_signature_alone_counts_whatever_the_token_says() -> None:
    headers = {**SIGNED, "webhook-signature": "v1,AAAA", "x-gitlab-token": "a token"}
    assert refusal(GITLAB, headers, ("a token", KEY)) is Refusal.SIGNATURE_WRONG
    assert refusal(GITLAB, headers, ("a token",)) is Refusal.SIGNATURE_WRONG


def test_the_key_of_a_signature_is_never_a_token() -> None:
    assert refusal(GITLAB, {"x-gitlab-token": KEY}, (KEY,)) is Refusal.SIGNATURE_WRONG


def test_a_key_that_is_no_base64_signs_nothing() -> None:
    broken = refusal(GITLAB, SIGNED, ("whsec_***", "whsec_"), body=SIGNED_BODY)
    assert broken is Refusal.SIGNATURE_WRONG


def test_a_delivery_shows_neither_its_headers_nor_its_body() -> None:
    shown = repr(Delivery({"x-gitlab-token": SECRET}, b"ada@example.com", datetime.now(UTC)))
    assert SECRET not in shown
    assert "ada" not in shown
