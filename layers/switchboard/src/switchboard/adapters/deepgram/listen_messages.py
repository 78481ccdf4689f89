"""The messages of Deepgram's live transcription socket, version 1, that we read.

Source: developers.deepgram.com, "Live Audio" reference; times are seconds since the connection's first audio.
"""

import msgspec
from msgspec import Struct

KEEP_ALIVE = b'{"type":"KeepAlive"}'
FINALIZE = b'{"type":"Finalize"}'
CLOSE_STREAM = b'{"type":"CloseStream"}'


class Alternative(Struct, gc=False):
    """One reading of the audio; we ask for one."""

    transcript: str = ""
    confidence: float = 0.0


class Channel(Struct, gc=False):
    """The readings for one audio channel."""

    alternatives: list[Alternative] = []


class ListenMessage(Struct, gc=False):
    """Any message, with the fields of `Results` and `Error`.

    `channel` is an object in `Results` and a list of two numbers in `UtteranceEnd` and `SpeechStarted`.
    """

    type: str
    channel: Channel | list[int] | None = None
    start: float = 0.0
    duration: float = 0.0
    is_final: bool = False
    from_finalize: bool = False
    code: str = ""


def parse_message(message: bytes) -> ListenMessage:
    """Parse one text message. Raises `msgspec.MsgspecError` for anything the documentation does not allow."""
    return _DECODER.decode(message)


_DECODER = msgspec.json.Decoder(ListenMessage)
