"""Cutting a stream of telephone audio into utterances, by loudness alone.

Pure; positions are milliseconds of the audio that was added.
"""

from collections import deque
from typing import Final

import numpy as np
from msgspec import Struct

from switchboard.media import mulaw

WINDOW_MS: Final = 20
UTTERANCE_MS_MAX: Final = 12_000
"""Longer speech is cut here: nothing in the grammar takes so long, and decoding time and memory stay bounded."""

_WINDOW_BYTES: Final = WINDOW_MS * mulaw.SAMPLES_PER_MS
_ONSET_WINDOWS: Final = 2  # of three in a row: a click is not speech
_LEAD_WINDOWS: Final = 12  # kept from before the onset: soft first consonants
_TAIL_WINDOWS: Final = 6  # of the closing silence that stay with the utterance
_LEVEL_MIN: Final = 120.0  # mean magnitude of 32124
_OVER_FLOOR: Final = 3.0
_FLOOR_FALL: Final = 0.2
_FLOOR_RISE: Final = 0.02


class Utterance(Struct, frozen=True):
    """A stretch of speech with a little silence around it."""

    audio: bytes
    start_ms: int
    end_ms: int


class Segmenter:
    """One stream. An utterance ends after `endpoint_ms` of silence, at `flush()`, or at `UTTERANCE_MS_MAX`."""

    def __init__(self, *, endpoint_ms: int) -> None:
        self._endpoint_windows = max(1, endpoint_ms // WINDOW_MS)
        self._partial = b""
        self._windows = 0
        self._lead: deque[bytes] = deque(maxlen=_LEAD_WINDOWS)
        self._recent_loud: deque[bool] = deque(maxlen=3)
        self._floor = _LEVEL_MIN / _OVER_FLOOR
        self._speech: list[bytes] = []
        self._speech_start = 0
        self._quiet_windows = 0

    @property
    def position_ms(self) -> int:
        """How much audio was added."""
        return self._windows * WINDOW_MS + len(self._partial) // mulaw.SAMPLES_PER_MS

    @property
    def open_ms(self) -> int:
        """How long the utterance is that still goes on; 0 in silence."""
        return len(self._speech) * WINDOW_MS

    def open_utterance(self) -> Utterance | None:
        """What there is so far of the utterance that still goes on."""
        return self._utterance() if self._speech else None

    def add(self, audio: bytes) -> list[Utterance]:
        """Take the next audio, any length; returns the utterances that ended in it."""
        data = self._partial + audio
        whole = len(data) // _WINDOW_BYTES * _WINDOW_BYTES
        self._partial = data[whole:]
        windows = (data[start : start + _WINDOW_BYTES] for start in range(0, whole, _WINDOW_BYTES))
        return [utterance for window in windows if (utterance := self._add_window(window))]

    def flush(self) -> Utterance | None:
        """End the utterance that still goes on, if there is one."""
        utterance = self.open_utterance()
        self._reset()
        return utterance

    def _add_window(self, window: bytes) -> Utterance | None:
        is_loud = self._is_loud(window)
        self._windows += 1
        if not self._speech:
            self._lead.append(window)
            self._recent_loud.append(is_loud)
            if sum(self._recent_loud) >= _ONSET_WINDOWS:
                self._speech = list(self._lead)
                self._speech_start = self._windows - len(self._speech)
                self._quiet_windows = 0
            return None
        self._speech.append(window)
        self._quiet_windows = 0 if is_loud else self._quiet_windows + 1
        if self._quiet_windows >= self._endpoint_windows or self.open_ms >= UTTERANCE_MS_MAX:
            return self.flush()
        return None

    def _is_loud(self, window: bytes) -> bool:
        level = float(np.abs(mulaw.decode(window).astype(np.int32)).mean())
        is_loud = level >= max(_LEVEL_MIN, self._floor * _OVER_FLOOR)
        if level < self._floor:
            self._floor += (level - self._floor) * _FLOOR_FALL
        elif not self._speech:
            # Speech itself must not raise what counts as background.
            self._floor += (level - self._floor) * _FLOOR_RISE
        return is_loud

    def _utterance(self) -> Utterance:
        kept = self._speech[: len(self._speech) - max(0, self._quiet_windows - _TAIL_WINDOWS)]
        start_ms = self._speech_start * WINDOW_MS
        return Utterance(b"".join(kept), start_ms, start_ms + len(kept) * WINDOW_MS)

    def _reset(self) -> None:
        self._speech = []
        self._lead.clear()
        self._recent_loud.clear()
        self._quiet_windows = 0
