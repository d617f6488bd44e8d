"""
Which addresses may be configured, and the one form each of them is kept in.

What is decided here: https outside this machine, nothing in an address that does not
belong to it, context paths kept (HOSTS 1.3, trap 7). Every refusal is a ``ValueError``
whose text is the cure; it never quotes the address, which may hold a password.
"""

import ipaddress
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

_POSTGRES = frozenset({"postgres", "postgresql", "postgresql+asyncpg"})
# libpq's words on the left, which everybody writes; asyncpg's on the right.
_POSTGRES_OPTIONS = {"sslmode": "ssl", "ssl": "ssl", "host": "host", "port": "port"}
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def parse_base_url(text: str, *, allow_http: bool = False) -> str:
    """
    A base URL: lower-case scheme and host, the context path kept, no slash at the end.

    ``allow_http`` permits http to other machines.
    """
    parts = _split(text)
    if parts.scheme == "http" and not (allow_http or is_loopback(parts.hostname or "")):
        raise ValueError("use https: tokens would travel in the open")
    path = parts.path.rstrip("/")
    return urlunsplit((parts.scheme, parts.netloc.lower(), path, "", ""))


def parse_issuer(text: str) -> str:
    """
    An issuer, exactly as written: it is compared letter by letter with what a token says.

    OpenID Connect Core 2 (``iss``): https, no query, no fragment.
    """
    parse_base_url(text)
    return text


def parse_proxy_url(text: str) -> str:
    """A proxy's URL: http or https, with credentials where the proxy wants them."""
    parts = _split(text, credentials=True)
    if parts.path not in {"", "/"}:
        raise ValueError("name a proxy by scheme, host and port only")
    return text.rstrip("/")


def parse_database_url(text: str) -> str:
    """
    What SQLAlchemy takes for asyncpg, from any of the usual forms of a PostgreSQL URL.

    ``sslmode`` becomes ``ssl``, as asyncpg calls it; other options are refused, because the
    driver would take them for server settings or fail at the first connection.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("use postgresql://user:password@host:5432/name") from None
    if parts.scheme not in _POSTGRES or parts.fragment:
        raise ValueError("use postgresql://user:password@host:5432/name")
    options = parse_qsl(parts.query, keep_blank_values=True)
    if any(name in {"ssl", "sslmode"} and value not in _SSL_MODES for name, value in options):
        raise ValueError(f"use one of {', '.join(_SSL_MODES)} for sslmode")
    unknown = sorted({name for name, _ in options} - _POSTGRES_OPTIONS.keys())
    if unknown:
        raise ValueError(f"leave out {', '.join(unknown)}: only sslmode, host and port are known")
    if not parts.path.strip("/"):
        raise ValueError("name the database after the last slash")
    if not (parts.hostname or port or any(name == "host" for name, _ in options)):
        raise ValueError("name the server, or the folder of its socket by ?host=/folder")
    query = urlencode([(_POSTGRES_OPTIONS[name], value) for name, value in options], safe="/")
    # Not urlunsplit: it would drop the slashes of a server that is not named.
    return f"postgresql+asyncpg://{parts.netloc}{parts.path}{'?' if query else ''}{query}"


def is_loopback(name: str) -> bool:
    """Whether a host name means this machine (RFC 6761 6.3 for names)."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _split(text: str, *, credentials: bool = False) -> SplitResult:
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("write it in plain letters without spaces (punycode for others)")
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - read to refuse a port that is no number
    except ValueError:
        raise ValueError("write it as https://host or https://host:port/path") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("write it as https://host or https://host:port/path")
    if "?" in text or "#" in text:
        raise ValueError("leave out everything from ? or # on")
    if "@" in parts.netloc and not credentials:
        raise ValueError("leave out the credentials before the @")
    return parts
