"""The caller's audio on its way in: timeline -> voice activity -> recogniser, inline, frame by frame.

Positions come from media timestamps. The caller's stream time is tied to the loop's clock by the earliest arrival seen, so
network jitter does not move speech boundaries.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from switchboard.conversation.events import (
    AnyEvent,
    TranscriptFinalized,
    TranscriptionFailed,
    TranscriptUpdated,
    UserSpeechEnded,
    UserSpeechStarted,
)
from switchboard.media.frames import BYTES_PER_MS, InboundTimeline
from switchboard.media.mulaw import decode
from switchboard.media.vad import WINDOW_MS, NoiseGate, VadSettings, VoiceActivity
from switchboard.ports.errors import ProviderError
from switchboard.ports.transcriber import Transcriber, Transcript, TranscriptionStream
from voice_gateway.vad_ticker import Ear, VadTicker

WINDOW_BYTES = WINDOW_MS * BYTES_PER_MS
SPEECH_BLOCK_BYTES = 60 * BYTES_PER_MS
"""While the caller speaks, recognition gets audio in blocks this small."""
SILENCE_BLOCK_BYTES = 200 * BYTES_PER_MS
"""In silence nothing waits for the audio, and fewer, larger messages cost less; Deepgram asks for 250 ms at most. The first loud
window sends what has been held back."""
UNSENT_BLOCKS_MAX = 60
"""Audio kept while the recogniser is being connected: a few seconds."""
REOPEN_DELAYS_S = (0.1, 0.4, 1.0, 2.0, 4.0)
"""Pauses before recognition is tried again once every vendor has failed."""
FAILURES_TOLD = 3
"""After so many in a row, half a second and three attempts, the caller had better know."""

Codes = NDArray[np.uint8]
_SAMPLES = decode(bytes(range(256)))
_SCALED = _SAMPLES.astype(np.float32) / 32768.0
_SHARES = np.abs(_SAMPLES.astype(np.float32)) / WINDOW_BYTES
"""By mu-law code: one table look-up replaces decoding and scaling, or a sample's share of its window's mean magnitude."""
_ONES = np.ones(WINDOW_BYTES, np.float32)
"""A dot product with them is the cheapest sum. It is exact: the parts are multiples of 1/256 and the sum is below 2^15."""


class Listening:
    """One caller's ear. Posts voice activity and transcripts as conversation events."""

    def __init__(
        self,
        *,
        post: Callable[[AnyEvent], None],
        now_ms: Callable[[], int],
        ticker: VadTicker,
        transcriber: Transcriber,
        language: str,
        vad: VadSettings | None = None,
    ) -> None:
        settings = vad or VadSettings()
        self._post = post
        self._now_ms = now_ms
        self._transcriber = transcriber
        self._language = language
        self._timeline = InboundTimeline()
        self._origin_ms: int | None = None
        self._vad = VoiceActivity(settings)
        self._gate = NoiseGate(settings)
        self._ear = Ear(ticker, self._scored)
        self._fresh_state = ticker.detector.new_state
        self._unjudged = b""
        self._window_end_ms = 0
        self._gated_ms = 0
        self._lookback: Codes | None = None
        self._block = bytearray()
        self._stream: TranscriptionStream | None = None
        self._unsent: deque[bytes] = deque(maxlen=UNSENT_BLOCKS_MAX)

    def hear(self, chunk: int, timestamp_ms: int, payload: bytes) -> None:
        """Take one media message. Raises `TimelineBroken` for timestamps that cannot be."""
        timeline = self._timeline
        audio = timeline.feed(chunk, timestamp_ms, payload)
        if not audio:
            return
        origin_ms = self._now_ms() - timeline.end_ms
        if self._origin_ms is None:
            self._origin_ms = origin_ms
            self._window_end_ms = timeline.start_ms
        elif origin_ms < self._origin_ms:
            self._origin_ms = origin_ms
        self._block += audio
        unjudged = self._unjudged + audio
        start = 0
        while len(unjudged) - start >= WINDOW_BYTES:
            self._judge(np.frombuffer(unjudged, np.uint8, WINDOW_BYTES, start))
            start += WINDOW_BYTES
        self._unjudged = unjudged[start:]
        held = len(self._block)
        if held >= SILENCE_BLOCK_BYTES or (held >= SPEECH_BLOCK_BYTES and self._alert):
            self._forward()

    def finalize(self) -> None:
        """Ask recognition for what it has: everything heard so far included."""
        self._forward()
        if self._stream:
            self._stream.finalize()

    async def transcribe(self) -> None:
        """Keep a recogniser connected and post what it says, until cancelled.

        A short outage is only made up for: what was said meanwhile is sent to the next stream. A longer one is told, and
        one that outlasts every retry is told again, for the conversation to decide.
        """
        failures = 0
        while True:
            with suppress(ProviderError):
                self._stream = await self._transcriber.open(language=self._language)
                while self._unsent:
                    self._stream.send_audio(self._unsent.popleft())
                async for transcript in self._stream.results():
                    failures = 0
                    self._transcribed(transcript)
            await self._let_go()
            failures += 1
            if failures in (FAILURES_TOLD, len(REOPEN_DELAYS_S)):
                self._post(TranscriptionFailed())
            await asyncio.sleep(REOPEN_DELAYS_S[min(failures, len(REOPEN_DELAYS_S)) - 1])

    async def close(self) -> None:
        """Stop scoring, and let go of the recogniser."""
        self._ear.closed = True
        await self._let_go()

    @property
    def stirring(self) -> bool:
        """Whether the line is not plainly silent: the caller may have begun to speak."""
        return bool(self._ear.waiting) or (self._origin_ms is not None and self._alert)

    @property
    def dropped_count(self) -> int:
        """Media messages that came twice or too late."""
        return self._timeline.dropped_count

    @property
    def _alert(self) -> bool:
        return self._vad.speaking or self._gated_ms == 0

    def _judge(self, codes: Codes) -> None:
        """Send a window to the model unless it is plainly background."""
        self._window_end_ms += WINDOW_MS
        level = float(_SHARES.take(codes).dot(_ONES))
        if self._gate.passes(level) or self._vad.speaking:
            if self._gated_ms:
                self._wake_up()
            self._offer(codes)
        elif self._ear.waiting:
            self._offer(codes)
        else:
            self._gated_ms += WINDOW_MS
            self._lookback = codes
            self._scored(0.0, self._window_end_ms)

    def _wake_up(self) -> None:
        """After silence that the model never saw: start it afresh, with the window before the first loud one."""
        self._gated_ms = 0
        self._ear.state = self._fresh_state()
        if self._lookback is not None:
            self._ear.offer(_SCALED.take(self._lookback), self._window_end_ms - WINDOW_MS)
            self._lookback = None

    def _offer(self, codes: Codes) -> None:
        urgent = self._vad.decides(self._window_end_ms)
        self._ear.offer(_SCALED.take(codes), self._window_end_ms, urgent=urgent)

    def _scored(self, probability: float, end_ms: int) -> None:
        change = self._vad.update(probability, end_ms)
        if change == "started":
            self._forward()
            self._post(UserSpeechStarted(self._core_ms(self._vad.onset_ms)))
        elif change == "ended":
            self._post(UserSpeechEnded(self._core_ms(self._vad.last_speech_ms)))

    def _core_ms(self, stream_ms: int) -> int:
        assert self._origin_ms is not None, "there is a score, so there was audio"
        return min(self._now_ms(), self._origin_ms + stream_ms)

    def _forward(self) -> None:
        if not self._block:
            return
        block = bytes(self._block)
        self._block.clear()
        if self._stream:
            self._stream.send_audio(block)
        else:
            self._unsent.append(block)

    def _transcribed(self, transcript: Transcript) -> None:
        if transcript.is_final:
            self._post(TranscriptFinalized(transcript.text, transcript.confidence, transcript.flushed))
        elif transcript.text:
            self._post(TranscriptUpdated(transcript.text))

    async def _let_go(self) -> None:
        stream, self._stream = self._stream, None
        if stream:
            await stream.close()
