"""Provider WebSockets: one way to connect, one map from their failures to ours.

Sources: RFC 6455 section 7.4.1 (close codes), RFC 9110 section 15 (statuses) and 10.2.3 (Retry-After).
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import cache

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    WebSocketException,
)
from websockets.protocol import State

from switchboard.adapters.http_status import error_of_status
from switchboard.ports.errors import (
    ProviderError,
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)

CLOSE_TIMEOUT_S = 0.5
"""How long a closing handshake may take: at the end of a call nobody waits for a polite vendor."""

MESSAGES_QUEUED_MAX = 64
"""Received messages held before the socket stops reading: what a vendor still sends of a cancelled sentence fits in,
and a vendor that never stops is slowed down by TCP."""

MESSAGE_BYTES_MAX = 256 * 1024
"""No vendor's audio or transcript message comes near it."""

CLOSES_REJECTED = frozenset({1003, 1007, 1008, 1009})
"""Unsupported data, bad payload, policy violation, message too big: asking again would not help."""

CLOSE_PROTOCOL_ERROR = 1002
CLOSE_TRY_AGAIN_LATER = 1013
CLOSE_MISSING = 1006
"""No close frame came: the connection was cut."""


async def open_socket(
    provider: str, url: str, *, headers: Mapping[str, str], timeout_ms: int
) -> ClientConnection:
    """Connect within `timeout_ms`. Raises `ProviderError`; neither URL nor headers appear in its text."""
    try:
        return await connect(
            url,
            additional_headers=headers,
            compression=None,
            open_timeout=timeout_ms / 1000,
            close_timeout=CLOSE_TIMEOUT_S,
            max_queue=MESSAGES_QUEUED_MAX,
            max_size=MESSAGE_BYTES_MAX,
            ssl=shared_tls() if url.startswith("wss:") else None,
            logger=_quiet_logger(),
        )
    except TimeoutError:
        raise ProviderTimeout(provider, f"not connected within {timeout_ms} ms") from None
    except InvalidStatus as refused:
        raise error_of_status(
            provider,
            refused.response.status_code,
            retry_after=refused.response.headers.get("Retry-After"),
        ) from None
    except InvalidHandshake:
        raise ProviderProtocolError(provider, "the opening handshake was malformed") from None
    except (OSError, WebSocketException):
        raise ProviderUnavailable(provider, "could not connect") from None


@cache
def shared_tls() -> ssl.SSLContext:
    """The process's TLS settings for vendors: the platform's, with certificates and host names checked.

    Shared because reading the platform's certificates takes about 20 ms, more than the rest of setting up a call.
    """
    return ssl.create_default_context()


def error_of_close(provider: str, closed: ConnectionClosed) -> ProviderError:
    """The error for a socket that closed while something was still expected of it."""
    code = CLOSE_MISSING if closed.rcvd is None else closed.rcvd.code
    reason = f"closed the socket with code {code}"
    if code in CLOSES_REJECTED:
        return ProviderRejected(provider, reason)
    if code == CLOSE_TRY_AGAIN_LATER:
        return ProviderOverloaded(provider, reason)
    if code == CLOSE_PROTOCOL_ERROR:
        return ProviderProtocolError(provider, reason)
    return ProviderUnavailable(provider, reason)


class ProviderSocket:
    """A socket to a provider that is made again when it is gone. Used by one task at a time."""

    def __init__(
        self, provider: str, url: str, *, headers: Mapping[str, str], connect_timeout_ms: int
    ) -> None:
        self._provider = provider
        self._url = url
        self._headers = headers
        self._connect_timeout_ms = connect_timeout_ms
        self._connection: ClientConnection | None = None
        self._closed = False

    @property
    def is_open(self) -> bool:
        """Whether the connection stands, as far as we have been told."""
        return self._connection is not None and self._connection.state is State.OPEN

    @property
    def connection(self) -> ClientConnection:
        """The connection made by `ensure`. Raises `ProviderUnavailable` when it has been dropped or closed since."""
        if self._connection is None:
            raise ProviderUnavailable(self._provider, "the connection was given up")
        return self._connection

    async def ensure(self) -> bool:
        """Be connected; true when a new connection had to be made. Raises `ProviderError`."""
        self._refuse_if_closed()
        if self.is_open:
            return False
        self.drop()
        self._connection = await open_socket(
            self._provider, self._url, headers=self._headers, timeout_ms=self._connect_timeout_ms
        )
        try:
            # The session may have been closed while we were connecting.
            self._refuse_if_closed()
        except ProviderUnavailable:
            self.drop()
            raise
        return True

    def drop(self) -> None:
        """Cut the connection without a farewell: nothing it could still send is wanted."""
        if self._connection is not None:
            self._connection.transport.abort()
            self._connection = None

    async def close(self) -> None:
        """Say goodbye, within `CLOSE_TIMEOUT_S`. Idempotent; never raises."""
        self._closed = True
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                await connection.close()
            finally:
                # For a closing handshake that was itself cancelled; otherwise there is nothing left to cut.
                connection.transport.abort()

    @asynccontextmanager
    async def failures(self, *, timeout_ms: int, awaited: str) -> AsyncGenerator[None, None]:
        """Turn what goes wrong inside the block, a passed deadline included, into a `ProviderError`."""
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                yield
        except TimeoutError:
            raise ProviderTimeout(self._provider, f"no {awaited} within {timeout_ms} ms") from None
        except ConnectionClosed as closed:
            raise error_of_close(self._provider, closed) from None
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise ProviderProtocolError(self._provider, "sent an unreadable message") from None

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise ProviderUnavailable(self._provider, "the session is closed")


def _quiet_logger() -> logging.Logger:
    # websockets logs every frame at DEBUG, and frames hold what is said on the call.
    logger = logging.getLogger("switchboard.adapters.sockets")
    logger.setLevel(logging.INFO)
    return logger
