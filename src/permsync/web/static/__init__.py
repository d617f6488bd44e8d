"""
The files that pages load, from memory, at addresses that change with their content.

What is decided here: which files there are, and that browsers may keep them for ever,
because another content has another address. This module must not know a page.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fastapi import APIRouter
from starlette.responses import Response

from permsync.errors import UnknownError

MEDIA_TYPES = {
    "permsync.js": "text/javascript; charset=utf-8",
    "vendor/htmx.min.js": "text/javascript; charset=utf-8",
    "vendor/inter.woff2": "font/woff2",
    "icon.svg": "image/svg+xml",
    "permsync.css": "text/css; charset=utf-8",
}
# A style names another file by its plain name; it is served naming its address.
NAMED = re.compile(rb'url\("([\w./-]+)"\)')
FOR_EVER = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Asset:
    """One file; ``digest`` names its content."""

    content: bytes
    digest: str
    media_type: str


@cache
def assets() -> dict[str, Asset]:
    """Every file, read once."""
    made: dict[str, Asset] = {}

    def named(match: re.Match[bytes]) -> bytes:
        name = match[1].decode("ascii")
        return f'url("{_address(name, made[name])}")'.encode("ascii")

    for name, media_type in MEDIA_TYPES.items():
        content = files(__name__).joinpath(name).read_bytes()
        if name.endswith(".css"):
            content = NAMED.sub(named, content)
        made[name] = Asset(content, hashlib.sha256(content).hexdigest()[:12], media_type)
    return made


def address_of(name: str) -> str:
    """Where a page finds the file."""
    return _address(name, assets()[name])


def _address(name: str, asset: Asset) -> str:
    return f"/static/{asset.digest}/{name}"


@router.get("/static/{digest}/{name:path}")
async def show(digest: str, name: str) -> Response:
    """The file, if it has this content."""
    asset = assets().get(name)
    if asset is None or asset.digest != digest:
        raise UnknownError(what="file", name=name)
    headers = {"cache-control": FOR_EVER}
    return Response(asset.content, media_type=asset.media_type, headers=headers)
