"""The probability of speech in short windows of audio, for many calls at once."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class SpeechDetector(Protocol):
    """A voice-activity model; one per process."""

    window_samples: int
    """Samples of 8 kHz audio in one window."""

    def new_state(self) -> NDArray[np.float32]:
        """A fresh recurrent state for one call."""

    def score(
        self, windows: NDArray[np.float32], states: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Score windows [B, window_samples] (-1..1) with states [B, …]; returns probabilities [B] and new states."""
