"""G.711 mu-law, the codec of the telephone network (ITU-T Recommendation G.711, table 2).

One byte holds one 8 kHz sample: a sign, a segment of three bits and a step of four, all inverted. Decoded values are
scaled to 16 bits: -32124 to 32124.
"""

import numpy as np
from numpy.typing import NDArray

SILENCE = 0xFF
"""The code of +0. 0x7F is -0 and decodes to 0 as well."""
SAMPLES_PER_MS = 8
"""8 kHz; one sample is one byte."""

_BIAS = 0x84
_CLIP = 32_635


def decode(audio: bytes) -> NDArray[np.int16]:
    """Decode to 16-bit samples, one per byte."""
    return _DECODED[np.frombuffer(audio, dtype=np.uint8)]


def encode(samples: NDArray[np.int16]) -> bytes:
    """Encode 16-bit samples, one byte each. The two lowest bits are beyond the codec's 14-bit range and ignored."""
    return _ENCODED[samples.view(np.uint16)].tobytes()


def codes_up_to(amplitude_max: int) -> bytes:
    """Every code whose sample is within -`amplitude_max` to `amplitude_max`.

    For `audio.translate(None, codes)`, which leaves the louder samples: counting them so costs about one ns a sample.
    """
    return bytes(np.flatnonzero(np.abs(_DECODED.astype(np.int32)) <= amplitude_max).astype(np.uint8))


def _decode_table() -> NDArray[np.int16]:
    inverted = ~np.arange(1 << 8) & 0xFF
    magnitude = ((((inverted & 0x0F) << 3) + _BIAS) << ((inverted & 0x70) >> 4)) - _BIAS
    return np.where(inverted & 0x80, -magnitude, magnitude).astype(np.int16)


def _encode_table() -> NDArray[np.uint8]:
    """The code of every 16-bit pattern, read as two's complement."""
    # Arithmetic shift: the rule works on 14 bits and rounds negative samples away from zero.
    scaled = np.arange(1 << 16).astype(np.uint16).view(np.int16).astype(np.int32) >> 2
    biased = np.minimum(np.abs(scaled), _CLIP >> 2) + (_BIAS >> 2)
    segment = np.floor(np.log2(biased)).astype(np.int32) - 5
    sign = np.where(scaled < 0, 0x80, 0)
    step = (biased >> (segment + 1)) & 0x0F
    return np.asarray(~(sign | (segment << 4) | step) & 0xFF, dtype=np.uint8)


_DECODED = _decode_table()
_ENCODED = _encode_table()
