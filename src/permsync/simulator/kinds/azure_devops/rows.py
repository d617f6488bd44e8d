"""
The JSON objects of Azure DevOps' REST API: profiles, organisations, repositories.

Pure shapes: who may see what is decided in api.py. Source: Microsoft's REST description 7.1,
examples of "Profiles - Get", "Accounts - List" and "Repositories - List".
"""

import uuid
from typing import Any

from permsync.simulator.repositories import Account, Namespace, Repository

# Azure DevOps, as every directory of Entra ID knows it.
RESOURCE = "499b84ac-1321-427f-aa17-267ca6975798"
_VISIBILITIES = {"private": "private", "internal": "organization", "public": "public"}


def organisation_of(owner: str) -> str:
    """The organisation that a project is in, by the project's full name."""
    return owner.partition("/")[0]


def project_of(owner: str) -> str:
    """A project's name; one that is written alone is called like its organisation."""
    return owner.partition("/")[2] or owner


def organisation_id(name: str) -> str:
    """The GUID of an organisation, the same for all of its projects."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://dev.azure.com/{name}"))


def id_of(one: Account | Namespace | Repository) -> str:
    """The GUID of a person, a repository, or the organisation that an owner is in."""
    if isinstance(one, Namespace):
        return organisation_id(organisation_of(one.name))
    return one.uuid.strip("{}")


def profile_row(account: Account) -> dict[str, Any]:
    """A person's profile."""
    number = id_of(account)
    return {
        "displayName": account.full_name,
        "publicAlias": number,
        "emailAddress": account.email,
        "coreRevision": 1,
        "timeStamp": "2024-03-01T09:00:00+00:00",
        "id": number,
        "revision": 1,
    }


def organisation_row(name: str) -> dict[str, Any]:
    """An organisation, which the API calls an account."""
    return {
        "accountId": organisation_id(name),
        "accountUri": f"https://vssps.dev.azure.com:443/{name}/",
        "accountName": name,
        "properties": {},
    }


def repository_row(base: str, repository: Repository, *, owner: Namespace) -> dict[str, Any]:
    """A repository with its project, whose visibility is its own."""
    organisation, project = organisation_of(owner.name), project_of(owner.name)
    number = id_of(repository)
    place = f"{base}/{organisation}"
    project_id = owner.uuid.strip("{}")
    return {
        "id": number,
        "name": repository.name,
        "url": f"{place}/{project_id}/_apis/git/repositories/{number}",
        "project": {
            "id": project_id,
            "name": project,
            "url": f"{place}/_apis/projects/{project_id}",
            "state": "wellFormed",
            "revision": 11,
            "visibility": _VISIBILITIES[repository.visibility],
            "lastUpdateTime": "2024-03-01T09:00:00Z",
        },
        "defaultBranch": "refs/heads/main",
        "size": repository.id * 1_000,
        "remoteUrl": f"{place}/{project}/_git/{repository.name}",
        "webUrl": f"{place}/{project}/_git/{repository.name}",
        "isDisabled": repository.code_access == "disabled",
        "isInMaintenance": False,
    }
