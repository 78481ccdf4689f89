"""Deciding when the caller begins and stops to speak, from scored windows of audio.

An energy gate keeps silence away from the model; hysteresis keeps single windows from deciding. Positions are those of the
audio itself (ms since the stream began), so network jitter does not move them.
"""

from dataclasses import dataclass
from typing import Literal

WINDOW_MS = 32
"""256 samples at 8 kHz: what the model scores at once."""

Change = Literal["started", "ended"]


@dataclass(frozen=True, slots=True)
class VadSettings:
    """Thresholds. Defaults follow the model's authors (0.5 on, 0.35 off); lengths are ours.

    `onset_windows` of speech (of the last `onset_windows + 1`) start it: a click does not, and what else is no speech
    is only a candidate interruption. `hangover_ms` after the last clear speech it ends.
    """

    threshold_on: float = 0.5
    threshold_off: float = 0.35
    onset_windows: int = 2
    hangover_ms: int = 200
    gate_over_floor: float = 2.5
    gate_level_min: float = 90.0


class NoiseGate:
    """Lets a window through when it is louder than the background by a margin."""

    def __init__(self, settings: VadSettings) -> None:
        self._settings = settings
        self._floor = settings.gate_level_min / settings.gate_over_floor

    def passes(self, level: float) -> bool:
        """Whether a window with this mean magnitude (0..32,124) may be speech; adapts to the background."""
        floor = self._floor
        # Falls fast, rises slowly: the background is what remains between words.
        self._floor += (level - floor) * (0.2 if level < floor else 0.005)
        return level >= max(self._settings.gate_level_min, floor * self._settings.gate_over_floor)


class VoiceActivity:
    """One caller's speech state."""

    def __init__(self, settings: VadSettings | None = None) -> None:
        self.settings = settings or VadSettings()
        self.speaking = False
        self.onset_ms = 0
        """Where the current or last speech began."""
        self.last_speech_ms = 0
        """End of the last window that was speech."""
        self._run = 0
        self._run_start_ms = 0
        self._missed = False

    def update(self, probability: float, end_ms: int) -> Change | None:
        """Take the score of the window that ends at `end_ms`."""
        settings = self.settings
        threshold = settings.threshold_off if self.speaking else settings.threshold_on
        if probability >= threshold:
            return self._speech(end_ms, clear=probability >= settings.threshold_on)
        if self.speaking:
            if end_ms - self.last_speech_ms >= settings.hangover_ms:
                self.speaking = False
                self._run = 0
                return "ended"
        elif self._run:
            # One weak window inside an onset is forgiven, two are not.
            self._run, self._missed = (0, False) if self._missed else (self._run, True)
        return None

    def decides(self, end_ms: int) -> bool:
        """Whether the window that ends there can begin or end speech: its score is worth having at once."""
        if self.speaking:
            return end_ms - self.last_speech_ms >= self.settings.hangover_ms
        return self._run >= self.settings.onset_windows - 1

    def _speech(self, end_ms: int, *, clear: bool) -> Change | None:
        if not self.speaking and self._run == 0:
            self._run_start_ms = end_ms - WINDOW_MS
            self._missed = False
        self._run += 1
        if clear or not self.speaking:
            self.last_speech_ms = end_ms  # the model's score trails off for 60-100 ms after the voice
        if not self.speaking and self._run >= self.settings.onset_windows:
            self.speaking = True
            self.onset_ms = self._run_start_ms
            return "started"
        return None
