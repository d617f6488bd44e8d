"""
Where a browser is sent after sign-in or linking: a path of ours, whatever was asked for.

What is decided here: which addresses stay on this site whoever reads them. Browsers drop
control characters and take a backslash for a slash, so both are refused. This module must
not know who redirects.
"""

from urllib.parse import urlencode, urlsplit

HOME = "/"
LONGEST = 2_000


def local_address(wanted: str | None) -> str:
    """``wanted`` if it is a path on this site, else the front page."""
    if wanted is None or len(wanted) > LONGEST or not wanted.startswith("/"):
        return HOME
    if "\\" in wanted or not wanted.isprintable():
        return HOME
    path = wanted.partition("#")[0].partition("?")[0]
    return HOME if "//" in path else wanted


def with_query(address: str, **added: str) -> str:
    """The address with these parameters after those it has."""
    parts = urlsplit(address)
    query = "&".join(part for part in (parts.query, urlencode(added)) if part)
    return parts._replace(query=query).geturl()
