"""
What may be sent as it stands, how headers are read, and whose certificates are believed.

Covers ``permsync.transport.wire``; certificates are made for the test.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from permsync.codehost import Request, Response
from permsync.errors import ConfigurationError
from permsync.transport import (
    Answer,
    NotSent,
    Transport,
    Unanswered,
    UnansweredReason,
    UnsentReason,
)
from permsync.transport.wire import is_sendable, origin_of, trust
from tests.transport.raw_server import answer, raw_server, replies

SOON = timedelta(seconds=10)

DEADLINE = timedelta(seconds=0.3)
PAUSED_SECONDS = 0.6

ORIGINS = {
    "https://code.example/api/v3?page=2": "https://code.example:443",
    "http://Code.Example:8080": "http://code.example:8080",
    "http://127.0.0.1/": "http://127.0.0.1:80",
    "https://[::1]:8443/x": "https://[::1]:8443",
    "ftp://code.example/": "",
    "//code.example/": "",
    "/api": "",
    "https://": "",
    "https://code.example:port/": "",
    "https://code.example:99999/": "",
    "https://[::1/": "",
}


@pytest.mark.parametrize("url", ORIGINS)
def test_an_origin_names_its_port(url: str) -> None:
    assert origin_of(url) == ORIGINS[url]


@pytest.mark.parametrize(
    "url",
    ["https://person:secret@code.example/", "https://person@code.example/", "https://a@/", ""],
)
def test_a_url_with_credentials_or_without_a_host_is_not_sent(url: str) -> None:
    assert not is_sendable(url, {})


async def _get(url: str, *, authority: Path | None = None) -> Answer:
    authorities = {f"{url}/some/path": authority} if authority else None
    async with Transport(authorities=authorities) as transport:
        return await transport.send(Request("GET", url), connect_in=SOON, deadline_in=SOON)


async def _headers(lines: bytes) -> dict[str, str]:
    async with raw_server(replies(answer(headers=lines))) as server:
        given = await _get(server.url)
    assert isinstance(given, Response)
    return dict(given.headers)


async def test_lines_of_one_name_are_joined_in_their_order() -> None:
    headers = await _headers(b'Link: <a>; rel="next"\r\nX-Other: 1\r\nLINK: <b>; rel="last"\r\n')
    assert headers["link"] == '<a>; rel="next", <b>; rel="last"'


@pytest.mark.parametrize(
    ("sent", "read"),
    [("Zoë".encode(), "Zoë"), ("Zoë".encode("latin-1"), "Zoë")],
    ids=["UTF-8", "Latin-1"],
)
async def test_a_header_beyond_ascii_is_read_as(sent: bytes, read: str) -> None:
    headers = await _headers(b"x-name: " + sent + b"\r\n")
    assert headers["x-name"] == read


async def test_a_link_header_of_forty_kilobytes_is_read() -> None:
    assert len((await _headers(b"link: " + b"x" * 40_000 + b"\r\n"))["link"]) == 40_000


def _certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context that nobody trusts yet, and the file that makes it trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "permsync test")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    authority, both = folder / "authority.pem", folder / "server.pem"
    authority.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    both.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + authority.read_bytes()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context, authority


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    context, _ = _certificate(tmp_path)
    async with raw_server(replies(answer()), context=context) as server:
        assert await _get(server.url) == NotSent(UnsentReason.TLS_FAILED)
    assert server.requests == []


async def test_a_certificate_of_a_named_authority_is_believed(tmp_path: Path) -> None:
    context, authority = _certificate(tmp_path)
    async with raw_server(replies(answer()), context=context) as server:
        assert isinstance(await _get(server.url, authority=authority), Response)


def test_a_named_authority_stands_beside_those_of_the_system(tmp_path: Path) -> None:
    _, authority = _certificate(tmp_path)
    mine = {*ssl.create_default_context().get_ca_certs(binary_form=True)}
    assert mine < {*trust(authority).get_ca_certs(binary_form=True)}


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_file_without_certificates_is_the_operators_error(
    tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "authority.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigurationError, match="ca_file"):
        trust(file)


@contextmanager
def other_machine(script: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that runs while this process stands still; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(65_536)
                script(peer)

        thread = Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join()


@pytest.mark.parametrize("make_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_an_answer_that_came_while_the_process_was_paused_counts(
    make_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    def script(peer: socket.socket) -> None:
        time.sleep(DEADLINE.total_seconds() / 2)
        whole = answer(b"x" * 100_000)
        peer.sendall(whole)

    async def send_and_stand_still(url: str) -> Answer:
        async with Transport() as transport:
            loop = asyncio.get_running_loop()
            loop.call_later(DEADLINE.total_seconds() / 3, time.sleep, PAUSED_SECONDS)
            return await transport.send(
                Request("POST", url), connect_in=SOON, deadline_in=DEADLINE, fresh=True
            )

    with other_machine(script) as url, asyncio.Runner(loop_factory=make_loop) as runner:
        said = runner.run(send_and_stand_still(url))
    assert isinstance(said, Response)
    assert len(said.body) == 100_000


async def test_an_answer_that_has_not_come_by_the_deadline_is_not_waited_for() -> None:
    gone = Event()

    def script(_: socket.socket) -> None:
        gone.wait()

    with other_machine(script) as url:
        async with Transport() as transport:
            said = await transport.send(
                Request("POST", url), connect_in=SOON, deadline_in=DEADLINE, fresh=True
            )
        gone.set()
    assert said == Unanswered(UnansweredReason.TIMED_OUT)
