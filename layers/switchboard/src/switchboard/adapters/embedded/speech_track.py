"""From the library's samples to telephone audio: resample, level, trim silence, cut chunks, place the words.

Pure: samples in, chunks out, in one pass. Positions are milliseconds of the audio that was handed out.
"""

import re
from collections import deque
from collections.abc import Iterator

import numpy as np
import soxr
from numpy.typing import NDArray

from switchboard.adapters.embedded.espeak import SAMPLE_RATE_HZ as LIBRARY_RATE_HZ
from switchboard.adapters.embedded.espeak import WordStart
from switchboard.media import mulaw
from switchboard.media.mulaw import SAMPLES_PER_MS
from switchboard.ports.synthesizer import SpeechChunk, WordTiming

CHUNK_SAMPLES = 1600
"""200 ms: few messages, and the first one is there after three buffers of the library."""
LEAD_SAMPLES = 20 * SAMPLES_PER_MS
"""Silence kept in front: enough not to clip a soft first consonant."""
TRAIL_SAMPLES = 120 * SAMPLES_PER_MS
"""Silence kept behind: a breath between two clauses."""

_SILENCE_LEVEL = 100  # of 32768; espeak's softest fricatives lie above, its pauses are digital zero


class SpeechTrack:
    """One text on its way to the telephone."""

    def __init__(self, text: str, *, gain: float) -> None:
        self._gain = gain
        self._resampler = soxr.ResampleStream(LIBRARY_RATE_HZ, 8000, 1, dtype="float32", quality="MQ")
        self._pending = np.zeros(0, dtype=np.int16)
        self._silence_samples = 0  # silent samples seen since the last sound and not yet handed out
        self._dropped_samples = 0
        self._emitted_samples = 0
        self._started = False
        self._words = _WordPlacer(text)

    def add(self, samples: NDArray[np.int16], words: tuple[WordStart, ...]) -> Iterator[SpeechChunk]:
        """Take the next samples at the library's rate and the words that start in them; yield full chunks."""
        for word in words:
            self._words.start(word)
        self._extend(self._resampler.resample_chunk(samples.astype(np.float32)))
        while len(self._pending) >= CHUNK_SAMPLES:
            yield self._cut(CHUNK_SAMPLES)

    def finish(self) -> Iterator[SpeechChunk]:
        """Yield what is left, with the timing of the last word at the very end."""
        self._extend(self._resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True))
        self._pending = np.append(self._pending, _silence(min(self._silence_samples, TRAIL_SAMPLES)))
        while len(self._pending) > CHUNK_SAMPLES:
            yield self._cut(CHUNK_SAMPLES)
        total_ms = (self._emitted_samples + len(self._pending)) // SAMPLES_PER_MS
        self._words.end(total_ms + self._dropped_ms)
        if len(self._pending):
            yield self._cut(len(self._pending))

    @property
    def _dropped_ms(self) -> int:
        return self._dropped_samples // SAMPLES_PER_MS

    def _extend(self, resampled: NDArray[np.float32]) -> None:
        """Hold silence back until sound follows it, so that the last silence can be shortened."""
        samples = np.clip(resampled * self._gain, -32768, 32767).astype(np.int16)
        loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > _SILENCE_LEVEL)
        if not len(loud):
            self._silence_samples += len(samples)
            return
        before = self._silence_samples + int(loud[0])
        if not self._started:
            self._started = True
            self._dropped_samples = max(0, before - LEAD_SAMPLES)
            before -= self._dropped_samples
        sound = samples[loud[0] : loud[-1] + 1]
        self._pending = np.concatenate((self._pending, _silence(before), sound))
        self._silence_samples = len(samples) - int(loud[-1]) - 1

    def _cut(self, count: int) -> SpeechChunk:
        audio = mulaw.encode(self._pending[:count])
        self._pending = self._pending[count:]
        self._emitted_samples += count
        return SpeechChunk(
            audio, self._words.until(self._emitted_samples // SAMPLES_PER_MS, self._dropped_ms)
        )


class _WordPlacer:
    """Turns word starts into word ends: a blank-separated word ends where the next one starts.

    The library splits numbers into several words; all of them belong to the one written word they stand in.
    """

    def __init__(self, text: str) -> None:
        self._tokens = deque((match.start(), match.end()) for match in re.finditer(r"\S+", text))
        self._ends: deque[WordTiming] = deque()
        self._text_chars = len(text)
        self._open_end_char = 0  # end of the written word that is being spoken; 0 before the first

    def start(self, word: WordStart) -> None:
        if word.at_char < self._open_end_char:
            return
        while self._tokens and self._tokens[0][1] <= word.at_char:
            # Run together with the word before it ("of an"): it ends with that one.
            self._open_end_char = self._tokens.popleft()[1]
        if self._open_end_char:
            self._ends.append(WordTiming(self._open_end_char, word.at_ms))
        self._open_end_char = self._tokens.popleft()[1] if self._tokens else self._text_chars

    def end(self, at_ms: int) -> None:
        self._ends.append(WordTiming(self._text_chars, at_ms))

    def until(self, played_ms: int, dropped_ms: int) -> tuple[WordTiming, ...]:
        """The words that end within the first `played_ms` of audio, each handed out once."""
        words = []
        while self._ends and self._ends[0].end_ms - dropped_ms <= played_ms:
            word = self._ends.popleft()
            words.append(WordTiming(word.end_char, max(0, word.end_ms - dropped_ms)))
        return tuple(words)


def _silence(samples: int) -> NDArray[np.int16]:
    return np.zeros(samples, dtype=np.int16)
