"""Silero voice activity on onnxruntime: 8 kHz, windows of 32 ms, batched over calls.

Source: the `OnnxWrapper` that silero-vad ships documents the graph: `input` is the window after the last samples of
the window before it, `state` is [2, B, 128], `sr` selects the 8 or 16 kHz half. The package itself is never imported
(it imports torch); only its ONNX file is read.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

WINDOW_SAMPLES = 256
CONTEXT_SAMPLES = 32
"""The model was trained on windows that begin with the last 4 ms of the window before."""

LAYERS = 2
UNITS = 128
RECURRENT_FLOATS = LAYERS * UNITS
STATE_FLOATS = RECURRENT_FLOATS + CONTEXT_SAMPLES

MODEL_PATH = Path("data", "silero_vad.onnx")


class SileroDetector:
    """The packaged Silero model. One per process; `score` holds no state between calls and may be shared.

    A call's state is one float32 vector of `STATE_FLOATS`: the two recurrent layers, then the context samples.
    `model_path` replaces the packaged file.
    """

    window_samples = WINDOW_SAMPLES

    def __init__(self, *, model_path: Path | None = None) -> None:
        options = onnxruntime.SessionOptions()
        # A window is a few hundred microseconds of work: handing it to other threads costs more than it saves, and
        # idle onnxruntime threads spin.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(model_path or packaged_model()),
            sess_options=options,
            providers=["CPUExecutionProvider"],
        )
        self._sample_rate = np.array(8_000, dtype=np.int64)

    def new_state(self) -> NDArray[np.float32]:
        """A fresh state [STATE_FLOATS] for one call."""
        return np.zeros(STATE_FLOATS, dtype=np.float32)

    def score(
        self, windows: NDArray[np.float32], states: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Score windows [B, 256] (-1..1) with states [B, STATE_FLOATS]; returns probabilities [B] and new states.

        Raises `ValueError` for other shapes. The given arrays are not changed.
        """
        batch = len(windows)
        if windows.shape != (batch, WINDOW_SAMPLES) or states.shape != (batch, STATE_FLOATS):
            raise ValueError(
                f"expected windows [B, {WINDOW_SAMPLES}] and states [B, {STATE_FLOATS}], "
                f"got {list(windows.shape)} and {list(states.shape)}"
            )
        if batch == 0:
            # onnxruntime aborts the whole process on an empty batch.
            return np.empty(0, dtype=np.float32), states.copy()
        samples = np.concatenate((states[:, RECURRENT_FLOATS:], windows), axis=1, dtype=np.float32)
        recurrent = states[:, :RECURRENT_FLOATS].reshape(batch, LAYERS, UNITS).transpose(1, 0, 2)
        outputs: Sequence[NDArray[np.float32]] = self._session.run(
            None,
            {
                "input": samples,
                "state": np.ascontiguousarray(recurrent),
                "sr": self._sample_rate,
            },
        )
        probabilities, after = outputs
        packed = np.empty((batch, STATE_FLOATS), dtype=np.float32)
        packed[:, :RECURRENT_FLOATS] = after.transpose(1, 0, 2).reshape(batch, RECURRENT_FLOATS)
        packed[:, RECURRENT_FLOATS:] = windows[:, -CONTEXT_SAMPLES:]
        return probabilities[:, 0], packed


def packaged_model() -> Path:
    """Where silero-vad keeps its ONNX file. Raises `FileNotFoundError` when the package is not installed."""
    spec = find_spec("silero_vad")
    for folder in spec.submodule_search_locations or () if spec is not None else ():
        path = Path(folder, MODEL_PATH)
        if path.is_file():
            return path
    raise FileNotFoundError(f"the silero-vad package with {MODEL_PATH} is not installed")
