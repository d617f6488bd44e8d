"""
A package as an installer leaves it in a folder: a module, and metadata with an entry point.

This module must not know any kind of host.
"""

from pathlib import Path

WHOLE = """
from permsync.hosts import built_in

class Host(next(iter(built_in().values()))):
    kind = "{kind}"
    title = "Of another package"
"""


def install(folder: Path, *, kind: str, module: str, text: str, name: str = "Host") -> Path:
    """Install a distribution that brings a kind; return the folder of its metadata."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{module}.py").write_text(text, encoding="utf-8")
    metadata = folder / f"acme_{module}-1.2.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: acme-{module}\nVersion: 1.2\n", encoding="utf-8"
    )
    (metadata / "entry_points.txt").write_text(
        f"[permsync.hosts]\n{kind} = {module}:{name}\n", encoding="utf-8"
    )
    return metadata
