"""
What all tables of the settings share, and the table of a connection.

This module must not know where a value was written; a refusal is a ``ValueError``.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from permsync.config.values import Name, Secret, Words


class Table(BaseModel):
    """What all tables share: frozen, no unknown keys, no white space around a text."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True
    )


class Connection(Table):
    """A token of an administrator, through which repositories are asked who may read them."""

    host: Name = Field(examples=["github"], description="The host that it is for.")
    owners: Words = Field(
        examples=[["acme"]],
        description="The organisations, groups, workspaces or projects whose repositories it"
        " lists; `*` is all that it sees.",
    )
    token: Secret = Field(
        examples=["secret"],
        description="The token. It must be allowed to see every reader: write access at GitHub,"
        " Owner at GitLab, administrator at Bitbucket.",
    )
    token_file: Path | None = Field(
        default=None,
        examples=["connection-token"],
        description="A private file that holds the token instead.",
    )
