"""
Where a host's requests go: context paths are kept, and tokens stay on the API's origin.

This module must not know any host or what is asked there.
"""

from urllib.parse import SplitResult, urlsplit

from permsync.codehost import Failure, FailureKind

_DETAIL_LENGTH = 500


def url_under(base: str, *, path: str) -> str:
    """Append ``path`` to ``base`` and keep its context path, which ``urljoin`` would drop."""
    return f"{base.rstrip('/')}/{path}"


def parse_next(url: str, *, api_url: str) -> str | Failure:
    """
    Believe a link that a host gave, or refuse it: the token travels with the next request.

    Spaces and control characters are refused because URL parsers disagree about them, and
    with that about the origin.
    """
    if url.isprintable() and " " not in url and same_origin(url, api_url=api_url):
        return url
    return Failure(FailureKind.FOREIGN_LINK, url[:_DETAIL_LENGTH])


def same_origin(url: str, *, api_url: str) -> str | None:
    """Return ``url`` if it stays on the origin of ``api_url`` (RFC 6454 4), else ``None``."""
    try:
        target, own = urlsplit(url), urlsplit(api_url)
        same = _origin(target) == _origin(own)
    except ValueError:
        return None
    return url if same and target.username is None else None


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    """A port that is the scheme's own is the same written or not."""
    return (url.scheme, url.hostname, url.port or {"https": 443, "http": 80}.get(url.scheme))
