"""WAV files of telephone audio, against the codec's own tables and the standard library's reader."""

import io
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.media.mulaw import decode
from switchboard.media.wave import duration_ms, wave_file


@given(st.lists(st.binary(max_size=400), max_size=5))
def test_samples(segments: list[bytes]):
    """Both channels decode as the codec says; a broken-off pair is left out, so that channels stay aligned."""
    whole = b"".join(segment[: len(segment) // 2 * 2] for segment in segments)
    with wave.open(io.BytesIO(wave_file(segments))) as file:
        assert (2, 2, 8000, len(whole) // 2) == file.getparams()[:4]
        assert np.array_equal(decode(whole), np.frombuffer(file.readframes(len(whole)), dtype="<i2"))


def test_every_code():
    """All 256 codes."""
    codes = bytes(range(256))
    assert decode(codes).astype("<i2").tobytes() == wave_file([codes])[44:]


def test_duration():
    """From the file's own header; what it promises beyond its end is not counted."""
    file = wave_file([b"\xff" * 16_000])
    assert 1000 == duration_ms(file)
    assert 500 == duration_ms(file[: 44 + 16_000])
    extra = b"LIST\x03\x00\x00\x00abc\x00"
    assert 1000 == duration_ms(file[:12] + extra + file[12:])


@pytest.mark.parametrize("content", [b"", b"RIFF", b"<html>" * 10, b"RIFF\x00\x00\x00\x00WAVEjunk"])
def test_no_wave_file(content: bytes):
    """Anything else is told apart."""
    with pytest.raises(ValueError, match=r"not a WAV file|no audio"):
        duration_ms(content)


@given(st.binary(max_size=80))
def test_any_bytes(content: bytes):
    """No bytes make the reader fail otherwise."""
    for each in (content, b"RIFF\x00\x00\x00\x00WAVE" + content):
        try:
            assert duration_ms(each) >= 0
        except ValueError:
            continue
