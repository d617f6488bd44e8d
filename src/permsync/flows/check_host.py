"""
Looks at one configured host, without anything that a person or a token would notice.

What is asked: who we are, without a token; a code and a refresh token that nobody has; the
consent page, as a browser that is not signed in; and with a connection's credential, whose it
is or who let it in.
Redirects are not followed. What the answers mean is decided in ``rules.host_check``; this
module must not show an answer to anybody.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from permsync.codehost import Failure, FailureKind, Request, Response, TokenAnswer
from permsync.errors import TokenUnavailableError
from permsync.flows.ask_connection import ConnectionConversation
from permsync.flows.confirm_identity import confirm_identity
from permsync.flows.deps import (
    ConfiguredApp,
    ConfiguredConnection,
    ConfiguredHost,
    Services,
)
from permsync.flows.find_installation import load_installed
from permsync.flows.list_accounts import list_accounts
from permsync.flows.try_rotation import try_rotation
from permsync.model import LIVING
from permsync.oauth2 import code_challenge
from permsync.rules.host_check import Check, Finding, Found, Observed, unasked
from permsync.rules.host_check.credentials import judge_connection, judge_webhooks
from permsync.rules.host_check.reach import (
    UNREACHED,
    judge_address,
    judge_api,
    judge_clock,
    judge_tls,
)
from permsync.rules.host_check.registration import judge_callback, judge_client, judge_scopes
from permsync.rules.include import included_by


@dataclass(frozen=True, slots=True)
class _Seen:
    """An answer, or why there is none; the instants are ours, around it."""

    observed: Observed
    asked_at: datetime
    answered_at: datetime


async def check_host(
    services: Services, name: str, *, spend_account: int | None = None
) -> list[Finding]:
    """
    What one look at the host says, in a fixed order.

    ``spend_account`` is a linked account whose token may be refreshed, to see whether it
    rotates. Raises ``UnknownError`` for an unknown host or account.
    """
    configured = services.host(name)
    found = [*await _look(services, configured), _webhooks(configured)]
    found += [
        await _connection(services, connection)
        for connection in services.connections
        if connection.host == name
    ]
    if spend_account is not None:
        found.append(await try_rotation(services, configured, spend_account))
    return found


async def _look(services: Services, configured: ConfiguredHost) -> list[Finding]:
    """Everything that is asked without a token."""
    host, chance = configured.host, services.chance
    url = host.authorize_url(state=chance.secret(), code_challenge=code_challenge(chance.secret()))
    ask = host.identity_ask()
    consent = await _observe(services, Request("GET", url))
    api = await _observe(services, ask.request)
    meaning = None if isinstance(api.observed, str) else host.parse_identity(ask, api.observed)
    asked = next((url for url in host.api_urls if ask.request.url.startswith(url)), host.api_url)
    clock = judge_clock(
        api.observed,
        asked_at=api.asked_at,
        answered_at=api.answered_at,
        most=services.durations.host_skew,
    )
    return [
        judge_address(url, consent.observed),
        judge_tls(url, consent.observed),
        judge_api(asked, api.observed, meaning),
        clock,
        *await _registration(services, configured, consent.observed),
    ]


async def _registration(
    services: Services, configured: ConfiguredHost, consent: Observed
) -> list[Finding]:
    """Client, callback and scopes, as far as a host tells them to somebody it does not know."""
    if consent in UNREACHED:
        return [unasked(check) for check in (Check.CLIENT, Check.CALLBACK, Check.SCOPES)]
    client = await _client(services, configured)
    held, lacking = await _scopes_of_accounts(services, configured)
    return [
        client,
        judge_callback(configured.redirect_uri, consent, client),
        judge_scopes(
            configured.host.scopes, configured.redirect_uri, consent, held=held, lacking=lacking
        ),
    ]


async def _client(services: Services, configured: ConfiguredHost) -> Finding:
    """A host that looks at the code first is asked once more, with a refresh token."""
    host, chance = configured.host, services.chance
    code = host.code_request(code=chance.secret(), code_verifier=chance.secret())
    answers: list[TokenAnswer | str] = [await _token_answer(services, code, host.parse_code)]
    finding = judge_client(answers)
    if finding.found is Found.OK:
        return finding
    refresh = host.refresh_request(
        refresh_token=chance.secret(), redirect_uri=configured.redirect_uri
    )
    answers.append(await _token_answer(services, refresh, host.parse_refresh))
    return judge_client(answers)


async def _token_answer(
    services: Services, request: Request, read: Callable[[Response], TokenAnswer]
) -> TokenAnswer | str:
    answer = await services.transport.send(
        request,
        connect_in=services.durations.refresh_connect,
        deadline_in=services.durations.refresh_deadline,
        fresh=True,
    )
    return read(answer) if isinstance(answer, Response) else answer.reason.value


async def _observe(services: Services, request: Request) -> _Seen:
    asked_at = services.clock.now()
    answer = await services.transport.send(
        request,
        connect_in=services.durations.api_connect,
        deadline_in=services.durations.api_deadline,
    )
    observed = answer if isinstance(answer, Response) else answer.reason.value
    return _Seen(observed, asked_at, services.clock.now())


async def _scopes_of_accounts(services: Services, configured: ConfiguredHost) -> tuple[int, int]:
    """How many linked accounts hold every scope that we ask for, and how many do not."""
    page = await list_accounts(services, host=configured.name)
    told = [
        one for one in page.items if one.account.state in LIVING and one.account.scopes is not None
    ]
    lacking = sum(1 for one in told if one.lacks)
    return len(told) - lacking, lacking


def _webhooks(configured: ConfiguredHost) -> Finding:
    sends = configured.host.hooks is not None
    return judge_webhooks(configured.name, sends=sends, secrets=len(configured.webhook_secrets))


async def _connection(services: Services, connection: ConfiguredConnection) -> Finding:
    if connection.app is not None:
        return await _app(services, connection, connection.app)
    conversation = ConnectionConversation(services, connection)
    try:
        confirmed = await confirm_identity(conversation)
    except TokenUnavailableError:
        return judge_connection(connection.name, FailureKind.CREDENTIAL_REJECTED)
    finally:
        await conversation.allowance.settle()
    failed = confirmed.kind if isinstance(confirmed, Failure) else None
    return judge_connection(connection.name, failed)


async def _app(services: Services, connection: ConfiguredConnection, app: ConfiguredApp) -> Finding:
    """An app is nobody: what it can be asked is who let it in."""
    app.memory.installed.forget()
    installed = await load_installed(services, app, host=connection.host)
    if isinstance(installed, Failure):
        return judge_connection(connection.name, installed.kind)
    working = [
        one
        for one in installed.by_owner.values()
        if not one.is_suspended and included_by(one.owner, connection.owners)
    ]
    return judge_connection(connection.name, None, installed=len(working))
