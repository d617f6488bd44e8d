"""Entra ID's refusals and scopes; the bodies are those of its token endpoint."""

import pytest

from permsync.codehost import TokenGrant, TokenRefusal, TokenRefusalKind
from permsync.hosts import create
from permsync.hosts.azure_devops.entra import missing_scopes
from tests.hosts.exchanges import answer, settings_of

RESOURCE = "499b84ac-1321-427f-aa17-267ca6975798"
# What a directory says that does not have the client or Azure DevOps, or switched it off.
OF_A_DIRECTORY = [
    ("unauthorized_client", 700016),
    ("unauthorized_client", 7000112),
    ("invalid_resource", 500011),
    ("invalid_resource", 500014),
]
ASKED = (f"{RESOURCE}/vso.code", f"{RESOURCE}/vso.profile", "offline_access")


# The directory that the settings name.
ONE = "contoso.example"


def _body(error: str, code: int, *, says: str = "") -> dict[str, object]:
    return {
        "error": error,
        "error_description": f"AADSTS{code}: {says} Trace ID: 0 Correlation ID: 0",
        "error_codes": [code],
        "timestamp": "2026-11-24 10:00:00Z",
        "error_uri": f"https://login.microsoftonline.com/error?code={code}",
    }


def _refused(
    error: str, code: int, *, status: int = 400, says: str = "", tenant: str = ONE
) -> TokenRefusalKind:
    host = create(settings_of("azure_devops", options={"tenant": tenant}))
    refused = host.parse_refresh(answer(_body(error, code, says=says), status))
    assert isinstance(refused, TokenRefusal)
    return refused.kind


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (700082, "The refresh token has expired due to inactivity."),
        (50173, "The provided grant has expired due to it being revoked."),
        (70043, "The refresh token has expired due to sign-in frequency checks."),
        (70000, "The provided value for the input parameter 'refresh_token' is not valid."),
    ],
)
def test_a_dead_refresh_token_is_refused_for_whatever_reason(code: int, says: str) -> None:
    assert _refused("invalid_grant", code, says=says) is TokenRefusalKind.REJECTED


@pytest.mark.parametrize(
    ("error", "code"),
    [("interaction_required", 50076), ("login_required", 50058), ("consent_required", 65001)],
)
def test_what_needs_the_person_again_is_a_refusal_of_the_token(error: str, code: int) -> None:
    assert _refused(error, code) is TokenRefusalKind.REJECTED


@pytest.mark.parametrize("code", [50057, 500571])
def test_a_person_who_is_disabled_in_the_directory_is_told_apart(code: int) -> None:
    assert _refused("invalid_grant", code) is TokenRefusalKind.ACCOUNT_DISABLED


def test_a_client_that_asks_too_often_is_not_told_that_its_token_is_dead() -> None:
    assert _refused("invalid_grant", 50196, says="a client request loop") is (
        TokenRefusalKind.RATE_LIMITED
    )


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        ("invalid_client", 7000215, 401),
        ("invalid_client", 7000222, 401),
        ("invalid_grant", 7000215, 400),
        ("invalid_grant", 7000222, 400),
        *((error, code, 400) for error, code in OF_A_DIRECTORY),
        ("invalid_request", 90009, 400),
        ("invalid_scope", 70011, 400),
    ],
)
def test_what_is_wrong_with_the_client_blames_no_account(
    error: str, code: int, status: int
) -> None:
    assert _refused(error, code, status=status) is TokenRefusalKind.CLIENT_ERROR


@pytest.mark.parametrize("tenant", ["organizations", "common", "Organizations"])
@pytest.mark.parametrize(("error", "code"), OF_A_DIRECTORY)
def test_one_of_many_directories_that_refuses_the_client_speaks_for_nobody_elses(
    error: str, code: int, tenant: str
) -> None:
    """As an error of the client it would hold up the refreshes of everybody."""
    assert _refused(error, code, tenant=tenant) is TokenRefusalKind.UNAVAILABLE
    assert _refused("invalid_client", 7000215, tenant=tenant) is TokenRefusalKind.CLIENT_ERROR
    assert _refused("invalid_grant", 700082, tenant=tenant) is TokenRefusalKind.REJECTED


def test_a_client_that_no_directory_knows_is_told_of_as_ours_when_a_code_is_brought() -> None:
    host = create(settings_of("azure_devops"))
    refused = host.parse_code(answer(_body("unauthorized_client", 700016), 400))
    assert isinstance(refused, TokenRefusal)
    assert refused.kind is TokenRefusalKind.CLIENT_ERROR


def test_where_people_of_many_directories_sign_in_tokens_come_as_ever() -> None:
    host = create(settings_of("azure_devops", options={"tenant": "organizations"}))
    granted = host.parse_refresh(answer({"access_token": "a-1", "refresh_token": "r-2"}))
    assert isinstance(granted, TokenGrant)
    assert granted.refresh_token == "r-2"


@pytest.mark.parametrize(
    ("error", "status"), [("temporarily_unavailable", 400), ("invalid_grant", 503)]
)
def test_a_weak_moment_of_entra_says_nothing(error: str, status: int) -> None:
    assert _refused(error, 90033, status=status) is TokenRefusalKind.UNAVAILABLE


@pytest.mark.parametrize(
    "granted",
    [
        (f"{RESOURCE}/vso.code", f"{RESOURCE}/vso.profile"),
        (f"{RESOURCE}/user_impersonation",),
        ("https://app.vssps.visualstudio.com/user_impersonation",),
        (f"{RESOURCE}/vso.code_full", f"{RESOURCE}/vso.profile_write"),
    ],
)
def test_a_scope_is_held_under_any_name_of_the_resource_and_inside_a_wider_one(
    granted: tuple[str, ...],
) -> None:
    assert missing_scopes(ASKED, granted) == frozenset()


def test_a_scope_that_was_not_granted_is_missing() -> None:
    assert missing_scopes(ASKED, (f"{RESOURCE}/vso.profile",)) == {f"{RESOURCE}/vso.code"}
    assert missing_scopes(ASKED, (f"{RESOURCE}/vso.work",)) == set(ASKED[:2])


@pytest.mark.parametrize(
    ("scope", "title"),
    [
        (f"{RESOURCE}/.default", "access to Azure DevOps"),
        (f"{RESOURCE}/vso.code", "vso.code"),
        ("https://app.vssps.visualstudio.com/user_impersonation", "user_impersonation"),
        ("offline_access", "offline_access"),
    ],
)
def test_a_scope_is_called_by_its_word_without_the_resource(scope: str, title: str) -> None:
    assert create(settings_of("azure_devops")).scope_title(scope) == title
