"""Deepgram's live transcription, faked cheaply: it recognises clips by their tag and times words by the audio received."""

import asyncio
import time

import msgspec
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from tests.bench import tags
from tests.bench.plan import FRAME_MS, Delays
from tests.bench.speech import Clip
from tests.bench.vendor_log import VendorLog

METADATA = b'{"type":"Metadata","request_id":"r-1","duration":1.0,"channels":1}'
UTTERANCE_END_MS = 1000


class ListenSocket(WSListener):
    """One caller's stream."""

    def __init__(self, clips: list[Clip], delays: Delays, log: VendorLog) -> None:
        self._clips = clips
        self._delays = delays
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._received_ms = 0
        self._utterance: _Utterance | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.BINARY:
            self._hear(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.TEXT:
            self._command(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()

    def _hear(self, audio: bytes) -> None:
        if tags.MAGIC in audio:
            for at, tag in tags.find(audio):
                clip = self._clips[tag.detail]
                self._utterance = _Utterance(tag.code, clip, self._received_ms + at // 8 + FRAME_MS)
        self._received_ms += len(audio) // 8
        utterance, delays = self._utterance, self._delays
        if utterance is None:
            return
        heard_ms = self._received_ms - utterance.start_ms
        if not utterance.finalized:
            if heard_ms >= utterance.clip.voice_ms + delays.asr_endpointing_ms:
                self._later(delays.asr_endpoint_final_ms, self._final, utterance, None)
            elif heard_ms >= utterance.interim_due_ms:
                utterance.interim_due_ms += delays.asr_interim_every_ms
                text = utterance.text_until(heard_ms)
                if text:
                    self._later(delays.asr_interim_ms, self._interim, utterance, text)
        elif heard_ms >= utterance.clip.voice_ms + UTTERANCE_END_MS:
            self._utterance = None
            self._send(
                b'{"type":"UtteranceEnd","channel":[0,1],"last_word_end":%.2f}' % (utterance.end_ms / 1000)
            )

    def _command(self, message: bytes) -> None:
        kind = msgspec.json.decode(message)["type"]
        if kind == "Finalize":
            self._later(self._delays.asr_final_ms, self._final, self._utterance, time.monotonic())
        elif kind == "CloseStream":
            self._send(METADATA)
            self._transport.send_close(WSCloseCode.OK)
            self._transport.disconnect()

    def _later(self, delay_ms: int, act, *arguments) -> None:
        self._loop.call_later(delay_ms / 1000, act, *arguments)

    def _interim(self, utterance: "_Utterance", text: str) -> None:
        if not utterance.finalized:
            self._result(utterance, text)

    def _final(self, utterance: "_Utterance | None", asked_s: float | None) -> None:
        """Deliver the words once; a `Finalize` (`asked_s`) gets an answer even when there are none."""
        flushed = asked_s is not None
        if utterance is None or utterance.finalized:
            if flushed:
                self._result(None, "", final=True, flushed=True)
            return
        # A Finalize in the middle of the utterance gets what was heard so far, and the rest stays to come.
        text = utterance.text_until(self._received_ms - utterance.start_ms)
        utterance.finalized = text == utterance.text
        if not utterance.finalized:
            self._result(utterance, "", final=True, flushed=flushed)
            return
        self._result(utterance, text, final=True, flushed=flushed)
        if asked_s is not None:
            self._log.add("asr", utterance.code, asked_s, time.monotonic())

    def _result(
        self, utterance: "_Utterance | None", text: str, *, final: bool = False, flushed: bool = False
    ) -> None:
        start_ms = utterance.start_ms if utterance else self._received_ms
        words = [{"word": word, "start": 0.1, "end": 0.2, "confidence": 0.97} for word in text.split()]
        self._send(
            msgspec.json.encode(
                {
                    "type": "Results",
                    "channel_index": [0, 1],
                    "duration": (self._received_ms - start_ms) / 1000,
                    "start": start_ms / 1000,
                    "is_final": final,
                    "speech_final": final and not flushed,
                    "from_finalize": flushed,
                    "channel": {"alternatives": [{"transcript": text, "confidence": 0.97, "words": words}]},
                    "metadata": {"request_id": "r-1", "model_uuid": "m-1"},
                }
            )
        )

    def _send(self, message: bytes) -> None:
        if not self._transport.is_disconnected and not self._transport.is_close_frame_sent:
            self._transport.send(WSMsgType.TEXT, message)


class _Utterance:
    """One tagged clip on its way in; `start_ms` is its place in the stream received."""

    def __init__(self, code: str, clip: Clip, start_ms: int) -> None:
        self.code = code
        self.clip = clip
        self.start_ms = start_ms
        self.interim_due_ms = 300
        self.finalized = False
        self.text = clip.text.replace("{}", code)

    @property
    def end_ms(self) -> int:
        return self.start_ms + self.clip.voice_ms

    def text_until(self, heard_ms: int) -> str:
        words = (word for word, end_ms in self.clip.words if end_ms <= heard_ms)
        return " ".join(words).replace("{}", self.code)
