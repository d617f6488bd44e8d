"""What an address of Azure DevOps means."""

import pytest

from permsync.hosts.azure_devops.addresses import names_in


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("contoso/apps/_git/api", ("contoso/apps/api",)),
        ("contoso/apps/_git/api/pullrequests", ("contoso/apps/api",)),
        ("contoso/_git/apps", ("contoso/apps/apps",)),
        ("v3/contoso/apps/api", ("contoso/apps/api",)),
        ("contoso/apps", ()),
        ("contoso/apps/_boards/api", ()),
        ("", ()),
    ],
)
def test_pages_and_clones_name_a_repository(path: str, names: tuple[str, ...]) -> None:
    assert names_in(path.split("/")) == names
