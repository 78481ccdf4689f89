"""Amazon Transcribe's streaming WebSocket: the presigned address and the binary event-stream messages.

Sources: Amazon Transcribe Developer Guide, "Setting up a streaming transcription" (WebSockets, event stream encoding);
AWS General Reference, "Signature Version 4: query string".
"""

from binascii import crc32
from struct import error as StructError  # noqa: N812 - a class, in spite of its name
from struct import pack
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.eventstream import EventStreamBuffer, ParserError
from msgspec import Struct

PATH = "/stream-transcription-websocket"
URL_EXPIRES_S = 300
"""The longest the service allows; only the upgrade has to happen within it."""

_STRING = 7
"""The header type of the event-stream encoding for UTF-8 strings."""


class Item(Struct, rename="pascal", gc=False):
    """One word or punctuation mark; `confidence` comes with final words only."""

    confidence: float | None = None
    type: str = ""


class Alternative(Struct, rename="pascal", gc=False):
    """One reading; we ask for one."""

    transcript: str = ""
    items: list[Item] = []


class Result(Struct, rename="pascal", gc=False):
    """What was recognised in one segment; times are seconds of the audio sent."""

    start_time: float
    end_time: float
    is_partial: bool
    alternatives: list[Alternative] = []


class _Results(Struct, rename="pascal", gc=False):
    results: list[Result] = []


class _TranscriptEvent(Struct, rename="pascal", gc=False):
    transcript: _Results


class ExceptionEvent(Struct, frozen=True):
    """The service ends the stream: the name of its exception."""

    name: str


def presigned_url(
    endpoint_url: str, *, region: str, credentials: ReadOnlyCredentials, parameters: dict[str, str]
) -> str:
    """The ws:// or wss:// address for one stream; `endpoint_url` is http:// or https://."""
    request = AWSRequest(method="GET", url=f"{endpoint_url.rstrip('/')}{PATH}?{urlencode(parameters)}")
    signer: Any = SigV4QueryAuth(credentials, "transcribe", region, expires=URL_EXPIRES_S)
    signer.add_auth(request)
    parts = urlsplit(str(request.url))
    return urlunsplit(parts._replace(scheme="wss" if parts.scheme == "https" else "ws"))


def encode_audio_event(pcm: bytes) -> bytes:
    """One AudioEvent message of 16-bit samples; an empty one ends the stream."""
    size = _PRELUDE_SIZE + len(_AUDIO_HEADERS) + len(pcm) + _CRC_SIZE
    prelude = pack("!II", size, len(_AUDIO_HEADERS))
    message = prelude + pack("!I", crc32(prelude)) + _AUDIO_HEADERS + pcm
    return message + pack("!I", crc32(message))


def decode_event(message: bytes) -> list[Result] | ExceptionEvent:
    """The results in one message; none for kinds of event we do not know. Raises `ValueError` if it is not one whole
    message in the documented form.
    """
    buffer = EventStreamBuffer()
    buffer.add_data(message)
    try:
        event: Any = buffer.next()
    except (ParserError, StopIteration, KeyError, StructError) as broken:
        raise ValueError("not an event-stream message") from broken
    if event.headers.get(":message-type") != "event":
        return ExceptionEvent(
            str(event.headers.get(":exception-type") or event.headers.get(":error-code") or "")
        )
    if event.headers.get(":event-type") != "TranscriptEvent":
        return []
    try:
        return _EVENT_DECODER.decode(event.payload).transcript.results
    except msgspec.MsgspecError as broken:
        raise ValueError("not a documented transcript event") from broken


def encode_headers(headers: dict[str, str]) -> bytes:
    """The headers of a message, all of them strings."""
    return b"".join(
        pack("!B", len(name)) + name.encode() + pack("!BH", _STRING, len(value.encode())) + value.encode()
        for name, value in headers.items()
    )


_PRELUDE_SIZE = 12
_CRC_SIZE = 4
_AUDIO_HEADERS = encode_headers(
    {":content-type": "application/octet-stream", ":event-type": "AudioEvent", ":message-type": "event"}
)
_EVENT_DECODER = msgspec.json.Decoder(_TranscriptEvent)
