"""G.711 mu-law against the standard library's own, while it still has one."""

import sys

import numpy as np
import pytest

from switchboard.media import mulaw

ALL_CODES = bytes(range(256))
ALL_SAMPLES = np.arange(-32_768, 32_768, dtype=np.int32).astype(np.int16)
LEGACY = pytest.mark.skipif(sys.version_info >= (3, 13), reason="audioop left the standard library")


@LEGACY
@pytest.mark.filterwarnings("ignore:'audioop' is deprecated:DeprecationWarning")
def test_decodes_like_audioop():
    """Every code decodes to the sample that audioop gives."""
    import audioop

    assert audioop.ulaw2lin(ALL_CODES, 2) == mulaw.decode(ALL_CODES).tobytes()


@LEGACY
@pytest.mark.filterwarnings("ignore:'audioop' is deprecated:DeprecationWarning")
def test_encodes_like_audioop():
    """Every sample encodes to the code that audioop gives."""
    import audioop

    assert audioop.lin2ulaw(ALL_SAMPLES.tobytes(), 2) == mulaw.encode(ALL_SAMPLES)


def test_known_points():
    """Silence, its twin and the two extremes are where the Recommendation puts them."""
    assert mulaw.decode(bytes([mulaw.SILENCE, 0x7F, 0x00, 0x80])).tolist() == [0, 0, -32_124, 32_124]


def test_codes_survive_a_round_trip():
    """Decoding and encoding gives the code back, except that minus zero becomes plus zero."""
    expected = ALL_CODES.replace(b"\x7f", b"\xff")
    assert expected == mulaw.encode(mulaw.decode(ALL_CODES))


def test_encoding_is_monotonic():
    """A louder sample never decodes to a quieter one."""
    assert np.all(np.diff(mulaw.decode(mulaw.encode(ALL_SAMPLES)).astype(np.int32)) >= 0)


def test_encodes_a_slice_with_stride():
    """Samples need not be contiguous in memory."""
    assert mulaw.encode(ALL_SAMPLES[::7].copy()) == mulaw.encode(ALL_SAMPLES[::7])


def test_codes_up_to_an_amplitude():
    """The codes within an amplitude are exactly those whose sample is."""
    within = mulaw.codes_up_to(100)
    assert {code for code in ALL_CODES if abs(int(mulaw.decode(bytes([code]))[0])) <= 100} == set(within)
