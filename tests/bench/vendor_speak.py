"""Deepgram Aura, faked cheaply: a fixed delay, then noise of the right length in tagged chunks, faster than it plays."""

import asyncio
import time

import msgspec
import numpy as np
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from tests.bench import tags
from tests.bench.plan import FRAME_BYTES, Delays
from tests.bench.vendor_log import VendorLog

VOICE = np.random.default_rng(2).integers(0x10, 0x60, 60 * 8000, dtype=np.uint8).tobytes()
"""A minute of loud mu-law without a tag in it."""
REPLY_ENDS_WITH = "else?"
METADATA = b'{"type":"Metadata","request_id":"r-2","model_name":"aura-2-thalia-en"}'


def spoken(text: str, tag_start: tags.Tag, tag_end: tags.Tag, chars_per_s: int) -> bytes:
    """The audio of one text: a tag, the voice, a tag; whole frames."""
    frames = max(3, round(len(text) / chars_per_s * 50))
    return tags.encode(tag_start) + VOICE[: (frames - 2) * FRAME_BYTES] + tags.encode(tag_end)


class SpeakSocket(WSListener):
    """One call's voice."""

    def __init__(self, delays: Delays, log: VendorLog) -> None:
        self._delays = delays
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._text = ""
        self._turn = (tags.NOBODY, 0)
        self._timer: asyncio.TimerHandle | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self._send(WSMsgType.TEXT, METADATA)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()
        elif frame.msg_type == WSMsgType.TEXT:
            self._command(msgspec.json.decode(frame.get_payload_as_bytes()))

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._stop()

    def _command(self, message: dict[str, str]) -> None:
        match message["type"]:
            case "Speak":
                self._text += message["text"]
            case "Flush":
                text, self._text = self._text, ""
                self._begin(text)
            case "Clear":
                self._stop()
                self._send(WSMsgType.TEXT, b'{"type":"Cleared","sequence_id":0}')
            case "Close":
                self._transport.send_close(WSCloseCode.OK)
                self._transport.disconnect()

    def _begin(self, text: str) -> None:
        named = tags.last_code(text.encode())
        self._turn = named or self._turn
        caller, turn = self._turn
        is_end = caller == tags.NOBODY or text.endswith(REPLY_ENDS_WITH)
        audio = spoken(
            text,
            tags.Tag(tags.REPLY_START, caller, turn),
            tags.Tag(tags.REPLY_END, caller, turn, int(is_end)),
            self._delays.tts_chars_per_s,
        )
        due_s = self._loop.time() + self._delays.tts_first_audio_ms / 1000
        code = tags.code_word(caller, turn) if named else ""
        self._timer = self._loop.call_at(due_s, self._chunk, audio, 0, due_s, code, time.monotonic())

    def _chunk(self, audio: bytes, at: int, due_s: float, code: str, asked_s: float) -> None:
        size = self._delays.tts_chunk_ms * 8
        self._send(WSMsgType.BINARY, audio[at : at + size])
        if at == 0 and code:
            self._log.add("tts", code, asked_s, time.monotonic())
        at += size
        if at >= len(audio):
            self._timer = None
            self._send(WSMsgType.TEXT, b'{"type":"Flushed","sequence_id":0}')
            return
        # Fixed phrases are rendered before the first call and are not what is measured: they come at once.
        due_s += (
            self._delays.tts_chunk_ms / self._delays.tts_speed / 1000 if self._turn[0] != tags.NOBODY else 0
        )
        self._timer = self._loop.call_at(due_s, self._chunk, audio, at, due_s, code, asked_s)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send(self, kind: WSMsgType, message: bytes) -> None:
        if not self._transport.is_disconnected and not self._transport.is_close_frame_sent:
            self._transport.send(kind, message)
