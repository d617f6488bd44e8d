"""
What all tables of the settings share, and the tables of a host and of a connection.

This module must not know where a value was written; a refusal is a ``ValueError``.
"""

from datetime import timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from permsync.config.addresses import parse_base_url
from permsync.config.values import AppId, Name, Secret, WebhookSecrets, Words


class Table(BaseModel):
    """What all tables share: frozen, no unknown keys, no white space around a text."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True
    )


class Host(Table):
    """One code host. Its name is part of the callback address `/link/NAME/callback`."""

    kind: Name = Field(
        examples=["github"],
        description="What it is: `github`, `gitlab` and so on (`docs/hosts.md`).",
    )
    allow_http: bool = Field(
        default=False,
        description="Permit http to another machine. Tokens then travel in the open.",
    )
    base_url: str = Field(
        examples=["https://github.com"],
        description="The address people know it by, with its context path: `https://github.com`,"
        " `https://code.example/gitlab`.",
    )
    api_url: str | None = Field(
        default=None,
        examples=["https://api.github.com"],
        description="The address of its API, where the kind's own rule is wrong.",
    )
    client_id: Name = Field(
        examples=["permsync"], description="The id of the OAuth client registered there."
    )
    client_secret: Secret = Field(examples=["secret"], description="The secret of that client.")
    client_secret_file: Path | None = Field(
        default=None,
        examples=["client-secret"],
        description="A private file that holds it instead.",
    )
    scopes: Words | None = Field(
        default=None,
        examples=[["repo", "read:org"]],
        description="The scopes to ask for, where the kind's own are not wanted.",
    )
    include: Words = Field(
        default=(),
        examples=[["acme"]],
        description="The organisations, groups or projects that may be mirrored; `*` is all."
        " Public clouds (`docs/hosts.md` names them) need it: what people have there privately"
        " is none of our business. Elsewhere none means all.",
    )
    lend: bool = Field(
        default=False,
        description="Lend access tokens of linked accounts to programs whose service key is bound"
        " to this host and to the people it may ask for.",
    )
    sign_in_heals: bool = Field(
        default=False,
        description="Let a sign-in heal the person's broken account here, where `oidc` is this very"
        " host with the same client. `oidc.scopes` must ask for this host's scopes as well;"
        " a sign-in that brings less than the account had changes nothing.",
    )
    public: Literal["everyone", "account_holders", "never"] = Field(
        default="everyone",
        description="Whom a public repository of this host opens to without a grant: everybody"
        " known here, people with a working linked account at this host, or nobody.",
    )
    internal: Literal["as_at_host", "never"] = Field(
        default="as_at_host",
        description="Whether an internal repository opens to those whom the host opens it to: where"
        " the kind's guide says so, everybody with an account there that is not restricted; at"
        " GitHub the members of `enterprise`; elsewhere nobody.",
    )
    enterprise: Words = Field(
        default=(),
        examples=[["9919", "1342004"]],
        description="The numeric ids of the organisations of one GitHub enterprise. Whoever reads"
        " an internal repository of one of them, as their own listing says, may see the"
        " internal repositories of all. Without it internal is private there.",
    )
    settle: timedelta | None = Field(
        default=None,
        examples=["1m"],
        description="How long this host may still answer from before a change, where that is not"
        " `durations.settle`.",
    )
    ca_file: Path | None = Field(
        default=None,
        examples=["authority.pem"],
        description="Certificates (PEM) trusted for this host beside the system's.",
    )
    webhook_secrets: WebhookSecrets = Field(
        default=(),
        examples=[["a secret of 16 characters or more"]],
        description="The secrets that prove a webhook of this host at `/webhooks/NAME`; one is"
        " enough, and a second one lets you change it. Without any there is no such address.",
    )
    webhook_secrets_file: Path | None = Field(
        default=None,
        examples=["webhook-secrets"],
        description="A private file that holds them instead, one a line.",
    )
    options: dict[str, str | int | bool] = Field(
        default_factory=dict,
        description="Switches of the kind (`docs/hosts.md`); an unknown one is refused with those"
        " that it knows.",
    )

    @field_validator("base_url", "api_url")
    @classmethod
    def _as_base_url(cls, url: str | None, given: ValidationInfo) -> str | None:
        return None if url is None else parse_base_url(url, allow_http=given.data["allow_http"])

    @field_validator("ca_file")
    @classmethod
    def _there(cls, file: Path | None) -> Path | None:
        if file is not None and not file.is_file():
            raise ValueError("name a file of PEM certificates that exists")
        return file


class Connection(Table):
    """An administrator's token, or an app, by which repositories are asked who may read them."""

    host: Name = Field(examples=["github"], description="The host that it is for.")
    owners: Words = Field(
        examples=[["acme"]],
        description="The organisations, groups, workspaces or projects whose repositories it"
        " lists; `*` is all that it sees.",
    )
    token: Secret | None = Field(
        default=None,
        examples=["secret"],
        description="The token. It must be allowed to see every reader: write access at GitHub,"
        " Owner at GitLab, administrator at Bitbucket.",
    )
    token_file: Path | None = Field(
        default=None,
        examples=["connection-token"],
        description="A private file that holds the token instead.",
    )
    app_id: AppId | None = Field(
        default=None,
        examples=["Iv23li0123456789abcd"],
        description="Instead of a token, where the host knows apps (GitHub): the client id of the"
        " app, or its number, which GitHub Enterprise Server wants.",
    )
    private_key: Secret | None = Field(
        default=None,
        examples=["the text of the key"],
        description="The private key (PEM) that the host made for that app.",
    )
    private_key_file: Path | None = Field(
        default=None,
        examples=["github-app.pem"],
        description="A private file that holds the key instead.",
    )
    enforce: bool = Field(
        default=True,
        description="Let what it lists count. Switched off, its lists are stored and compared, and"
        " nobody gets access by them: to look at before one relies on it.",
    )

    @model_validator(mode="after")
    def _speaks_as_one(self) -> Self:
        if self.token is not None and (self.app_id or self.private_key) is not None:
            raise ValueError("keep either the token or the app; both are set")
        if self.app_id is None and self.private_key is not None:
            raise ValueError("name the app of the private key with app_id")
        if self.app_id is not None and self.private_key is None:
            raise ValueError("name the private key of the app with private_key_file")
        if self.token is None and self.app_id is None:
            raise ValueError("name a file with token_file, or an app with app_id")
        return self
