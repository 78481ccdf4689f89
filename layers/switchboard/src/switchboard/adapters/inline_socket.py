"""A client WebSocket for audio: sending is one inline call, receiving one callback, with no task or queue between.

It stands beside `sockets` because of the rate: a call sends and receives dozens of messages a second and a process carries a
hundred calls. Sources: RFC 6455 section 7.4.1 (close codes); picows 2.3 documentation.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Mapping
from typing import Self

from picows import (
    WSCloseCode,
    WSFrame,
    WSHandshakeError,
    WSListener,
    WSMsgType,
    WSTransport,
    ws_connect,
)

from switchboard.adapters.http_status import error_of_status
from switchboard.adapters.sockets import (
    CLOSE_PROTOCOL_ERROR,
    CLOSE_TRY_AGAIN_LATER,
    CLOSES_REJECTED,
)
from switchboard.ports.errors import (
    ProviderError,
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)

WRITE_BUFFER_MAX = 64 * 1024
"""Unsent bytes after which the other side counts as gone: 8 s of mu-law, 4 s of 16-bit audio."""
MESSAGE_MAX = 1024 * 1024
"""Bytes in one received message; a transcript with all its words has a few thousand."""
CLOSE_TIMEOUT_S = 0.5
"""How long unsent data may delay closing."""
CLOSE_WITHOUT_CODE = 1005
"""RFC 6455: stands for a close frame that gives no code."""
HANDSHAKE_SHARE = 0.8
"""picows drops an unanswered upgrade itself after this share of the deadline, before our own deadline cancels it."""

MessageCallback = Callable[[bytes], ProviderError | None]
"""Gets a whole message, possibly before `open()` has returned. An error gives the connection up."""
LostCallback = Callable[[ProviderError], None]


class InlineSocket(WSListener):
    """One open connection. `on_lost` is called once if it ends before `close()`."""

    def __init__(
        self,
        provider: str,
        *,
        on_message: MessageCallback,
        on_lost: LostCallback,
        on_binary: MessageCallback | None = None,
    ) -> None:
        super().__init__()
        self._provider = provider
        self._on_message = on_message
        self._on_binary = on_binary or on_message
        self._on_lost = on_lost
        self._transport: WSTransport | None = None
        self._fragments: list[bytes] = []
        self._fragments_size = 0
        self._fragments_binary = False
        self._lost: ProviderError | None = None
        self._opened = False
        self._closed = False
        self._disconnected = asyncio.Event()

    @classmethod
    async def open(
        cls,
        provider: str,
        url: str,
        *,
        headers: Mapping[str, str],
        timeout_ms: int,
        on_message: MessageCallback,
        on_lost: LostCallback,
        tls: ssl.SSLContext | None = None,
        on_binary: MessageCallback | None = None,
        ping_after_s: float | None = None,
    ) -> Self:
        """Connect within `timeout_ms`. Raises `ProviderError`; neither URL nor headers appear in its text.

        Binary messages go to `on_binary` if it is given. After `ping_after_s` without a message the other side is asked whether
        it is there, and has as long to answer.
        """
        socket = cls(provider, on_message=on_message, on_lost=on_lost, on_binary=on_binary)
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                await ws_connect(
                    lambda: socket,
                    url,
                    ssl_context=tls,
                    extra_headers=headers,
                    websocket_handshake_timeout=HANDSHAKE_SHARE * timeout_ms / 1000,
                    max_frame_size=MESSAGE_MAX,
                    max_redirects=0,
                    enable_auto_ping=ping_after_s is not None,
                    auto_ping_idle_timeout=ping_after_s or 0,
                    auto_ping_reply_timeout=ping_after_s or 0,
                    logger_name=_quiet_logger(),
                )
            socket._check_opened()
        except TimeoutError:
            raise ProviderTimeout(provider, f"not connected within {timeout_ms} ms") from None
        except WSHandshakeError as refused:
            raise _error_of_handshake(provider, refused) from None
        except OSError:
            raise ProviderUnavailable(provider, "could not connect") from None
        finally:
            if not socket._opened:
                socket.abort()
        return socket

    def send_binary(self, message: bytes) -> None:
        """Send now or, if the network is slower, from the transport's bounded buffer."""
        assert self._transport is not None
        self._transport.send(WSMsgType.BINARY, message)

    def send_text(self, message: bytes) -> None:
        """Send a text message, given as UTF-8."""
        assert self._transport is not None
        self._transport.send(WSMsgType.TEXT, message)

    def fail(self, error: ProviderError) -> None:
        """Give the connection up because of what was (or was not) received; reported like any other loss."""
        assert self._transport is not None
        self._transport.disconnect(graceful=False)
        self._report(error)

    def abort(self) -> None:
        """Cut the connection without a farewell: nothing it could still send is wanted, and its loss is no news."""
        # An upgrade that succeeds after its deadline finds `_closed` and hangs up in `on_ws_connected`.
        self._closed = True
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    async def close(self) -> None:
        """Say goodbye, flush and disconnect. Idempotent; never raises."""
        self._closed = True
        assert self._transport is not None
        if not self._disconnected.is_set():
            self._transport.send_close(WSCloseCode.OK)
            self._transport.disconnect()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._disconnected.wait()
        except TimeoutError:
            self._transport.disconnect(graceful=False)
            await self._disconnected.wait()

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Part of `WSListener`."""
        self._transport = transport
        if self._closed:
            transport.disconnect(graceful=False)
            return
        transport.underlying_transport.set_write_buffer_limits(high=WRITE_BUFFER_MAX)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Part of `WSListener`."""
        kind = frame.msg_type
        if kind == WSMsgType.CLOSE:
            # Read from the frame itself: the library's enumeration lacks the private codes from 3000 on.
            code = int.from_bytes(frame.get_payload_as_bytes()[:2], "big") or CLOSE_WITHOUT_CODE
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()
            self._report(_error_of_close(self._provider, code))
        elif kind in (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION):
            self._collect(frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:  # noqa: ARG002 - picows gives it
        """Part of `WSListener`."""
        self._disconnected.set()
        self._report(ProviderUnavailable(self._provider, "the connection dropped"))

    def pause_writing(self) -> None:
        """Part of `WSListener`: the write buffer has reached its bound."""
        self.fail(ProviderTimeout(self._provider, "stopped reading"))

    def resume_writing(self) -> None:
        """Part of `WSListener`."""

    def _check_opened(self) -> None:
        if self._transport is None:
            raise ProviderUnavailable(self._provider, "dropped the connection before the upgrade")
        if self._lost is not None:
            raise self._lost
        self._opened = True

    def _collect(self, frame: WSFrame) -> None:
        payload = frame.get_payload_as_bytes()
        if frame.fin and not self._fragments:
            self._deliver(payload, binary=frame.msg_type == WSMsgType.BINARY)
            return
        if not self._fragments:
            self._fragments_binary = frame.msg_type == WSMsgType.BINARY
        self._fragments.append(payload)
        self._fragments_size += len(payload)
        if self._fragments_size > MESSAGE_MAX:
            self.fail(ProviderProtocolError(self._provider, "sent a message beyond every limit"))
        elif frame.fin:
            message = b"".join(self._fragments)
            self._fragments.clear()
            self._fragments_size = 0
            self._deliver(message, binary=self._fragments_binary)

    def _deliver(self, message: bytes, *, binary: bool) -> None:
        if self._lost is None and not self._closed:
            error = self._on_binary(message) if binary else self._on_message(message)
            if error is not None:
                self.fail(error)

    def _report(self, error: ProviderError) -> None:
        if self._lost is not None:
            return
        self._lost = error
        if self._opened and not self._closed:
            self._on_lost(error)


def _error_of_handshake(provider: str, refused: WSHandshakeError) -> ProviderError:
    response = refused.response
    if response is None or int(response.status) == 101:
        return ProviderProtocolError(provider, "the opening handshake was malformed")
    return error_of_status(provider, int(response.status), retry_after=response.headers.get("Retry-After"))


def _error_of_close(provider: str, code: int) -> ProviderError:
    reason = f"closed the socket with code {code}"
    if code in CLOSES_REJECTED:
        return ProviderRejected(provider, reason)
    if code == CLOSE_TRY_AGAIN_LATER:
        return ProviderOverloaded(provider, reason)
    if code == CLOSE_PROTOCOL_ERROR:
        return ProviderProtocolError(provider, reason)
    return ProviderUnavailable(provider, reason)


def _quiet_logger() -> logging.Logger:
    # picows logs what it receives at its lowest level, and messages hold what is said on the call.
    logger = logging.getLogger("switchboard.adapters.inline_socket")
    logger.setLevel(logging.WARNING)
    return logger
