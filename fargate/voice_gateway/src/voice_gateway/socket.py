"""The seam between a WebSocket library and the gateway: text in, text out, close.

One implementation serves production (`server.py`, on picows); tests drive the same sessions over memory. Everything is a
plain function call: a media message reaches voice activity and the recogniser's socket without a task or a queue.
"""

from typing import Protocol

CLOSE_TIMEOUT_S = 2.0
"""For the peer's half of the closing handshake (RFC 6455 section 7.1.1) and for what it has not read yet."""


class MediaSocket(Protocol):
    """What a call may do with its connection."""

    def send_text(self, data: bytes) -> None:
        """Queue one UTF-8 text message; never blocks. Ignored after the connection is gone."""

    def close(self, code: int, reason: str) -> None:
        """Send a close frame and be rid of the connection within `CLOSE_TIMEOUT_S`, whatever the peer does. Idempotent."""


class MediaListener(Protocol):
    """What a connection tells its call."""

    def admits(self) -> bool:
        """Count one frame of any kind; False when it is to be ignored because the connection is being closed."""

    def on_text(self, data: bytes | memoryview) -> None:
        """One complete text message."""

    def on_binary(self) -> None:
        """A binary message, which no telephony wire of ours has."""

    def on_stalled(self) -> None:
        """The peer does not read: as much waits for it as may."""

    def refuse(self, code: int, reason: str) -> None:
        """The peer broke the protocol below the messages."""

    def on_closed(self) -> None:
        """The connection is gone. Called exactly once, and nothing follows."""


class CloseCode:
    """RFC 6455 section 7.4.1 and its registry, as far as we close with them."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    INVALID_PAYLOAD = 1007
    POLICY_VIOLATION = 1008
    TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    TRY_AGAIN_LATER = 1013
