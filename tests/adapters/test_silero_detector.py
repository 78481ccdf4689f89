"""Silero on onnxruntime: what it hears, and that a batch is only a faster way to ask."""

import sys
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from switchboard.adapters.embedded.synthesizer import EmbeddedSynthesizer
from switchboard.adapters.silero.detector import STATE_FLOATS, SileroDetector, packaged_model
from switchboard.domain.voices import Voice
from switchboard.media.mulaw import decode

RATE_HZ = 8_000
WINDOW = 256


@pytest.fixture(scope="module")
def detector():
    return SileroDetector()


async def spoken(text: str, gender: Literal["female", "male"]) -> np.ndarray:
    """What a caller's telephone would send of this text."""
    synthesizer = EmbeddedSynthesizer()
    session = await synthesizer.open(voice=Voice(gender=gender))
    try:
        chunks = [chunk.audio async for chunk in session.synthesize(text)]
    finally:
        await session.close()
        await synthesizer.close()
    return decode(b"".join(chunks)).astype(np.float32) / 32_768


def windows_of(audio: np.ndarray) -> np.ndarray:
    return audio[: len(audio) // WINDOW * WINDOW].reshape(-1, WINDOW)


def scores_of(detector: SileroDetector, audio: np.ndarray) -> np.ndarray:
    state = detector.new_state()[None]
    scores = []
    for window in windows_of(audio):
        probabilities, state = detector.score(window[None], state)
        scores.append(float(probabilities[0]))
    return np.array(scores)


def test_the_package_is_not_imported(detector):
    """Only the file of silero-vad is used: the package would import torch."""
    assert "silero_vad" not in sys.modules
    assert packaged_model().is_file()


def test_silence_is_not_speech(detector):
    """Silence scores below 0.3 throughout."""
    assert scores_of(detector, np.zeros(RATE_HZ, dtype=np.float32)).max() < 0.3


def test_quiet_noise_is_not_speech(detector):
    """Line noise scores below 0.3 throughout."""
    noise = np.random.default_rng(1).normal(0, 0.005, RATE_HZ).astype(np.float32)
    assert scores_of(detector, noise).max() < 0.3


@pytest.mark.parametrize("gender", ["female", "male"])
async def test_speech_is_heard(detector, gender):
    """Speech over the telephone scores above 0.5 nearly throughout; silence after it falls below 0.3."""
    speech = await spoken("Thank you for calling, how can I help you today?", gender)
    scores = scores_of(detector, np.concatenate([speech, np.zeros(RATE_HZ, dtype=np.float32)]))
    during, after = scores[: len(speech) // WINDOW], scores[-16:]
    assert np.mean(during > 0.5) > 0.75
    assert after.max() < 0.3


async def test_a_batch_equals_its_calls(detector):
    """Calls scored together get what each gets alone, to 1e-4, over many windows."""
    generator = np.random.default_rng(2)
    audio = [
        (await spoken("I would like to change my appointment.", "female"))[:RATE_HZ],
        (await spoken("What are your opening hours?", "male"))[:RATE_HZ],
        np.zeros(RATE_HZ, dtype=np.float32),
        generator.normal(0, 0.1, RATE_HZ).astype(np.float32),
    ]
    alone = np.stack([scores_of(detector, call) for call in audio])
    states = np.stack([detector.new_state()] * len(audio))
    together = []
    for window in range(alone.shape[1]):
        batch = np.stack([windows_of(call)[window] for call in audio])
        probabilities, states = detector.score(batch, states)
        together.append(probabilities)
    assert np.abs(alone - np.stack(together, axis=1)).max() < 1e-4


def test_arguments_are_left_alone(detector):
    """Neither windows nor states are written to, and the new states are another array."""
    windows = np.random.default_rng(3).normal(0, 0.1, (1, WINDOW)).astype(np.float32)
    states = detector.new_state()[None]
    before = windows.copy(), states.copy()
    _, after = detector.score(windows, states)
    assert np.array_equal(before[0], windows)
    assert np.array_equal(before[1], states)
    assert after.shape == (1, STATE_FLOATS)
    assert after.dtype == np.float32
    assert not np.array_equal(states, after)


def test_the_context_is_carried(detector):
    """The last 4 ms of a window are kept for the next one."""
    windows = np.random.default_rng(3).normal(0, 0.1, (1, WINDOW)).astype(np.float32)
    _, after = detector.score(windows, detector.new_state()[None])
    assert np.array_equal(windows[0, -32:], after[0, -32:])


def test_an_empty_batch(detector):
    """Scoring nobody gives nothing."""
    probabilities, states = detector.score(
        np.empty((0, WINDOW), dtype=np.float32), np.empty((0, STATE_FLOATS), dtype=np.float32)
    )
    assert probabilities.shape == (0,)
    assert states.shape == (0, STATE_FLOATS)


@pytest.mark.parametrize("shape", [(1, 160), (1, 512), (256,)])
def test_other_windows_are_refused(detector, shape):
    """Windows of another length are refused with what was expected."""
    with pytest.raises(ValueError, match="expected windows"):
        detector.score(np.zeros(shape, dtype=np.float32), detector.new_state()[None])


def test_a_missing_model_is_an_error_at_start():
    """A model file that is not there fails when the process starts, not in a call."""
    with pytest.raises(Exception, match="missing"):
        SileroDetector(model_path=Path("/missing/model.onnx"))
