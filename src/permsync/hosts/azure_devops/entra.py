"""
Microsoft Entra ID's words: what its token endpoint refuses with, and how it names scopes.

Its documentation warns that numbers (AADSTS...) may change, so OAuth's own codes decide and
the few numbers here only take from them what one code lumps together. Sources: "Microsoft
identity platform and OAuth 2.0 authorization code flow", "Handle errors and exceptions in
MSAL" and its list of AADSTS codes. This module must not know the REST API.
"""

from collections.abc import Iterable
from dataclasses import replace

from permsync.codehost import TokenAnswer, TokenRefusal, TokenRefusalKind, scopes
from permsync.oauth2 import Word

LOGIN = "https://login.microsoftonline.com"

# Azure DevOps itself, as every directory knows it; `.default` is what the client was registered
# with there, and without `offline_access` there is no refresh token.
_RESOURCE = "499b84ac-1321-427f-aa17-267ca6975798"
_REGISTERED, _LASTING = ".default", "offline_access"
SCOPES = (f"{_RESOURCE}/{_REGISTERED}", _LASTING)

WORDS = (
    # 50196: the same was asked for too often. Every sign of a limit but this is a 429.
    Word("invalid_grant", TokenRefusalKind.RATE_LIMITED, says="aadsts50196"),
    # 50057: the person, 500571: the guest was disabled in the directory.
    Word("invalid_grant", TokenRefusalKind.ACCOUNT_DISABLED, says="aadsts50057"),
    # Wrong and expired secrets, whatever code they come with.
    Word("", TokenRefusalKind.CLIENT_ERROR, says="aadsts7000215"),
    Word("", TokenRefusalKind.CLIENT_ERROR, says="aadsts7000222"),
    Word("invalid_resource", TokenRefusalKind.CLIENT_ERROR),
    Word("interaction_required", TokenRefusalKind.REJECTED),
    Word("login_required", TokenRefusalKind.REJECTED),
    Word("consent_required", TokenRefusalKind.REJECTED),
)

# Tenants that are no directory: whoever signs in there brings one.
SHARED = frozenset({"common", "consumers", "organizations"})
# A directory does not know the client (700016) or Azure DevOps (500011), or switched it off.
_OF_A_DIRECTORY = ("aadsts700016", "aadsts7000112", "aadsts500011", "aadsts500014")

_IMPLIED = {
    "user_impersonation": ("vso.code", "vso.profile"),
    "vso.code_write": ("vso.code",),
    "vso.code_manage": ("vso.code_write",),
    "vso.code_full": ("vso.code_manage",),
    "vso.profile_write": ("vso.profile",),
}


def of_one_directory(answer: TokenAnswer) -> TokenAnswer:
    """
    What it means for the person's own directory, one of many, to refuse the client.

    Its administrators took the client out, or the operator's registration is gone: nobody can
    tell. So neither this account nor the client, which others may use, is blamed for it.
    """
    if not isinstance(answer, TokenRefusal):
        return answer
    says = answer.detail.lower()
    if any(number in says for number in _OF_A_DIRECTORY):
        return replace(answer, kind=TokenRefusalKind.UNAVAILABLE)
    return answer


def missing_scopes(asked: Iterable[str], granted: Iterable[str]) -> frozenset[str]:
    """
    The scopes in ``asked`` that ``granted``, which is not empty, lacks.

    Granted scopes are told in full where `.default` was asked for, perhaps under another name
    of the resource, and never say `offline_access`: the refresh token does.
    """
    held = {_word_of(scope) for scope in granted} | {_REGISTERED, _LASTING}
    named = {scope: _word_of(scope) for scope in asked}
    lacking = scopes.missing_scopes(
        needed=named.values(), granted=frozenset(held), implied=_IMPLIED
    )
    return frozenset(scope for scope, word in named.items() if word in lacking)


def title_of(scope: str) -> str:
    """What people read for a scope; `.default` is whatever the client was registered with."""
    word = _word_of(scope)
    return "access to Azure DevOps" if word == _REGISTERED else word


def _word_of(scope: str) -> str:
    """A scope without the resource before it."""
    return scope.rpartition("/")[2]
