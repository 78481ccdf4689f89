"""A recogniser simple enough to be exact: each word is a loud constant, so audio says what it means wherever it is cut."""

import re
from collections.abc import Iterator
from itertools import pairwise

from msgspec import Struct

from switchboard.media import mulaw

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
WORD_MS = 100
PAUSE_MS = 200
ENDPOINT_MS = 100
"""A final result follows this much silence."""
FRAME_SAMPLES = 160


class Heard(Struct, frozen=True):
    text: str
    is_final: bool
    start_ms: int
    end_ms: int


def speech(*words: str) -> bytes:
    return b"".join(bytes([WORDS.index(word)]) * WORD_MS * mulaw.SAMPLES_PER_MS for word in words)


def silence(duration_ms: int) -> bytes:
    return bytes([mulaw.SILENCE]) * duration_ms * mulaw.SAMPLES_PER_MS


def utterance(*words: str) -> bytes:
    """Words followed by a pause long enough to make them final."""
    return speech(*words) + silence(PAUSE_MS)


def frames(audio: bytes) -> Iterator[bytes]:
    bounds = [*range(0, len(audio), FRAME_SAMPLES), len(audio)]
    for start, end in pairwise(bounds):
        yield audio[start:end]


class Recognition:
    """Emits an interim result at every new word and a final one at every pause."""

    def __init__(self) -> None:
        self._samples = 0
        self._segment_ms = 0
        self._words: list[str] = []
        self._last_code = mulaw.SILENCE
        self._silent_samples = 0

    @property
    def received_ms(self) -> int:
        return self._samples // mulaw.SAMPLES_PER_MS

    def hear(self, audio: bytes) -> list[Heard]:
        heard = []
        for run in re.finditer(rb"(.)\1*", audio, re.DOTALL):
            code, size = run[1][0], len(run[0])
            self._samples += size
            if code < len(WORDS):
                if code != self._last_code:
                    self._words.append(WORDS[code])
                    heard.append(self._heard(is_final=False))
                self._silent_samples = 0
            else:
                self._silent_samples += size
                if self._words and self._silent_samples >= ENDPOINT_MS * mulaw.SAMPLES_PER_MS:
                    heard.append(self.flush())
            self._last_code = code
        return heard

    def flush(self) -> Heard:
        heard = self._heard(is_final=True)
        self._words.clear()
        self._segment_ms = heard.end_ms
        return heard

    def _heard(self, *, is_final: bool) -> Heard:
        return Heard(" ".join(self._words), is_final, self._segment_ms, self.received_ms)
