"""The seam between a WebSocket library and the gateway: text in, text out, close.

One implementation serves production (`server.py`, on picows); tests drive the same sessions over memory. Everything is a
plain function call: a media message reaches voice activity and the recogniser's socket without a task or a queue.
"""

from typing import Protocol


class MediaSocket(Protocol):
    """What a call may do with its connection."""

    def send_text(self, data: bytes) -> None:
        """Queue one UTF-8 text message; never blocks. Ignored after the connection is gone."""

    def close(self, code: int, reason: str) -> None:
        """Send a close frame and let go of the connection. Idempotent."""

    @property
    def unsent_bytes(self) -> int:
        """What the peer has not taken yet."""


class MediaListener(Protocol):
    """What a connection tells its call."""

    def on_text(self, data: bytes) -> None:
        """One complete text message."""

    def on_binary(self) -> None:
        """A binary message, which no telephony wire of ours has."""

    def on_closed(self) -> None:
        """The connection is gone. Called exactly once, and nothing follows."""


class CloseCode:
    """RFC 6455 section 7.4.1, as far as we close with them."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    POLICY_VIOLATION = 1008
    TOO_BIG = 1009
    INTERNAL_ERROR = 1011
