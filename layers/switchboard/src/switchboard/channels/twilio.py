"""Twilio Media Streams, both ways (Twilio docs, "Media Streams: WebSocket messages").

The browser softphone speaks the same messages and three more (`text` in; `transcript`, `state`, `turn` and `notice` out, see
docs/web-protocol.md), which Twilio itself would reject with error 31924 and never sends.
"""

from base64 import b64encode
from typing import Any

import msgspec
from msgspec import Struct, field

MESSAGE_BYTES_MAX = 64 * 1024
"""A media message is about 350 bytes; nothing legitimate comes near this."""


class MalformedMessage(ValueError):
    """A message that Twilio's documentation does not allow; the text says what and where."""


class Connected(Struct, frozen=True, tag="connected", tag_field="event"):
    """First message of every socket."""

    protocol: str = ""
    version: str = ""


class MediaFormat(Struct, frozen=True, rename="camel"):
    """What the payloads are."""

    encoding: str
    sample_rate: int
    channels: int


class StartBody(Struct, frozen=True, rename="camel"):
    """Who is calling, and what we put into the TwiML's parameters."""

    account_sid: str
    call_sid: str
    media_format: MediaFormat
    custom_parameters: dict[str, str] = field(default_factory=dict)


class Start(Struct, frozen=True, tag="start", tag_field="event", rename="camel"):
    """Sent once, second."""

    stream_sid: str
    start: StartBody


class MediaBody(Struct, frozen=True):
    """20 ms of audio; `timestamp` is ms since the stream began, `chunk` counts from 1."""

    chunk: int
    timestamp: int
    payload: bytes
    track: str = "inbound"


class Media(Struct, frozen=True, tag="media", tag_field="event"):
    """The caller's audio."""

    media: MediaBody


class DtmfBody(Struct, frozen=True):
    """One key."""

    digit: str


class Dtmf(Struct, frozen=True, tag="dtmf", tag_field="event"):
    """The caller pressed a key."""

    dtmf: DtmfBody


class MarkBody(Struct, frozen=True):
    """Our own name for a point in the audio."""

    name: str


class MarkEchoed(Struct, frozen=True, tag="mark", tag_field="event"):
    """Everything before the mark was played, or dropped by a clear."""

    mark: MarkBody


class Stop(Struct, frozen=True, tag="stop", tag_field="event"):
    """The stream is over: the caller hung up, or the call was sent elsewhere."""


class Text(Struct, frozen=True, tag="text", tag_field="event"):
    """Softphone only: the caller typed a whole turn."""

    text: str


Message = Connected | Start | Media | Dtmf | MarkEchoed | Stop | Text


class _Event(Struct):
    event: str


_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message, strict=False)
_event_decoder = msgspec.json.Decoder(_Event)
_KNOWN = frozenset(("connected", "start", "media", "dtmf", "mark", "stop", "text"))
_DIGITS = frozenset("0123456789*#")


def parse(data: bytes | memoryview) -> Message | None:
    """Read one text message; None for an event we do not know (a newer Twilio may send one).

    Numbers may be JSON strings or numbers. Raises `MalformedMessage` for anything else.
    """
    try:
        message = _decoder.decode(data)
    except msgspec.ValidationError as error:
        if _event_of(data) not in _KNOWN:
            return None
        raise MalformedMessage(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedMessage(f"not JSON: {type(error).__name__}") from None
    if isinstance(message, Dtmf) and message.dtmf.digit not in _DIGITS:
        raise MalformedMessage("dtmf.digit is not one of 0-9 * #")
    return message


class Outbound:
    """The messages we send on one stream. Prefixes are built once: audio is the hot path."""

    def __init__(self, stream_sid: str) -> None:
        sid = msgspec.json.encode(stream_sid)
        self._stream_sid = stream_sid
        self._media = b'{"event":"media","streamSid":' + sid + b',"media":{"payload":"'
        self._mark = b'{"event":"mark","streamSid":' + sid + b',"mark":{"name":"'
        self.clear = b'{"event":"clear","streamSid":' + sid + b"}"

    def media(self, payload: bytes) -> bytes:
        """Audio: raw mu-law 8 kHz, no header."""
        return self._media + b64encode(payload) + b'"}}'

    def mark(self, name: str) -> bytes:
        """A mark; `name` is one of ours and needs no escaping."""
        return self._mark + name.encode() + b'"}}'

    def web(self, event: str, body: Any) -> bytes:
        """A softphone-only message: `{"event": event, "streamSid": …, event: body}`."""
        return msgspec.json.encode({"event": event, "streamSid": self._stream_sid, event: body})


def _event_of(data: bytes | memoryview) -> str:
    try:
        return _event_decoder.decode(data).event
    except (msgspec.DecodeError, UnicodeDecodeError):
        return next(iter(_KNOWN))  # no readable event at all is malformed, not unknown
