"""Provider sockets: the maps from statuses and close codes, and connections that go wrong."""

import asyncio
import logging
import ssl

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.frames import Close

from switchboard.adapters.http_status import error_of_status
from switchboard.adapters.sockets import (
    CLOSE_TIMEOUT_S,
    ProviderSocket,
    error_of_close,
    open_socket,
    shared_tls,
)
from switchboard.ports.errors import (
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from tests.fakes.deepgram_speak import fake_deepgram_speak


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (302, ProviderProtocolError),
        (400, ProviderRejected),
        (401, ProviderRejected),
        (402, ProviderRejected),
        (403, ProviderRejected),
        (404, ProviderRejected),
        (408, ProviderTimeout),
        (429, ProviderOverloaded),
        (500, ProviderUnavailable),
        (503, ProviderUnavailable),
        (504, ProviderTimeout),
        (529, ProviderOverloaded),
    ],
)
def test_statuses(status, expected):
    """Every HTTP status has one error."""
    assert expected is type(error_of_status("vendor", status))


@pytest.mark.parametrize(
    ("retry_after", "expected_ms"),
    [("3", 3_000), (None, None), ("Sat, 21 Nov 2026 08:00:00 GMT", None), ("-1", None)],
)
def test_retry_after(retry_after, expected_ms):
    """Retry-After in seconds is kept; its other forms are not."""
    error = error_of_status("vendor", 429, retry_after=retry_after)
    assert isinstance(error, ProviderOverloaded)
    assert expected_ms == error.retry_after_ms


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (None, ProviderUnavailable),
        (1000, ProviderUnavailable),
        (1001, ProviderUnavailable),
        (1002, ProviderProtocolError),
        (1003, ProviderRejected),
        (1008, ProviderRejected),
        (1009, ProviderRejected),
        (1011, ProviderUnavailable),
        (1013, ProviderOverloaded),
    ],
)
def test_close_codes(code, expected):
    """Every close code has one error, and the reason text is not repeated."""
    received = None if code is None else Close(code, "call 555 0100")
    error = error_of_close("vendor", ConnectionClosedError(received, None))
    assert expected is type(error)
    assert "555" not in str(error)


@pytest.mark.wire
async def test_a_server_of_another_protocol():
    """Something that does not answer in HTTP is a protocol error."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"220 mail.example ready\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        with pytest.raises(ProviderProtocolError):
            await open_socket("vendor", f"ws://{host}:{port}", headers={}, timeout_ms=1_000)


@pytest.mark.wire
async def test_frames_are_not_logged(caplog):
    """What is said never reaches the log of the WebSocket library, whatever the level of the root."""
    caplog.set_level(logging.DEBUG)
    async with fake_deepgram_speak() as vendor:
        socket = ProviderSocket("vendor", vendor.url, headers={}, connect_timeout_ms=1_000)
        await socket.ensure()
        await socket.connection.send('{"type":"Speak","text":"my secret"}')
        await socket.close()
    assert not [record for record in caplog.records if record.name.startswith("switchboard.adapters")]


@pytest.mark.wire
async def test_close_while_connecting():
    """A session closed while it connects does not keep the connection it then gets."""
    async with fake_deepgram_speak() as vendor:
        socket = ProviderSocket("vendor", vendor.url, headers={}, connect_timeout_ms=1_000)
        connecting = asyncio.create_task(socket.ensure())
        await asyncio.sleep(0)
        await socket.close()
        with pytest.raises(ProviderUnavailable):
            await connecting
        assert not socket.is_open


@pytest.mark.wire
async def test_close_does_not_wait_for_a_deaf_server():
    """Closing takes no longer than its bound when the other side does not answer."""
    async with fake_deepgram_speak() as vendor:
        socket = ProviderSocket("vendor", vendor.url, headers={}, connect_timeout_ms=1_000)
        await socket.ensure()
        socket.connection.transport.pause_reading()
        async with asyncio.timeout(2 * CLOSE_TIMEOUT_S):
            await socket.close()


def test_tls_is_checked():
    """Vendors' certificates and host names are checked, by one context for the process."""
    assert shared_tls() is shared_tls()
    assert shared_tls().verify_mode is ssl.CERT_REQUIRED
    assert shared_tls().check_hostname
