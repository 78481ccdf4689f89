"""Telephone audio as a WAV file, by arithmetic on headers (RIFF WAVE; ITU-T G.711 for the samples).

Recorded segments hold mu-law samples of 8 kHz, the caller's and the agent's in turn: byte 0 is the caller's first, byte 1
the agent's. Players and recognisers are promised 16-bit PCM only, so the samples are expanded, by table.
"""

import struct
from collections.abc import Iterable
from typing import Final

from switchboard.domain.transcripts import Speaker

SAMPLE_RATE_HZ: Final = 8000
CHANNELS: Final = 2
BYTES_PER_MS: Final = SAMPLE_RATE_HZ * CHANNELS // 1000
"""Of a segment."""
CHANNEL_SPEAKERS: Final[tuple[Speaker, Speaker]] = ("caller", "agent")

_PCM: Final = 1
_SAMPLE_BYTES: Final = 2
_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
_BIAS: Final = 0x84


def wave_file(segments: Iterable[bytes]) -> bytes:
    """Return one stereo WAV file of 16-bit PCM with the segments in order.

    A segment that breaks off inside a sample pair, as after a crash, loses that half pair: the channels stay aligned.
    """
    audio = bytearray(_HEADER.size)
    for segment in segments:
        whole = segment[: len(segment) - len(segment) % CHANNELS]
        start = len(audio)
        audio += bytes(len(whole) * _SAMPLE_BYTES)
        audio[start::2] = whole.translate(_LOW)
        audio[start + 1 :: 2] = whole.translate(_HIGH)
    frame_bytes = CHANNELS * _SAMPLE_BYTES
    audio_bytes = len(audio) - _HEADER.size
    _HEADER.pack_into(
        audio,
        0,
        b"RIFF",
        _HEADER.size - 8 + audio_bytes,
        b"WAVE",
        b"fmt ",
        16,
        _PCM,
        CHANNELS,
        SAMPLE_RATE_HZ,
        SAMPLE_RATE_HZ * frame_bytes,
        frame_bytes,
        8 * _SAMPLE_BYTES,
        b"data",
        audio_bytes,
    )
    return bytes(audio)


def duration_ms(wave: bytes) -> int:
    """The length of a WAV file's audio, from its own header. Raises `ValueError` where it is none."""
    if len(wave) < 12 or wave[:4] != b"RIFF" or wave[8:12] != b"WAVE":
        raise ValueError("not a WAV file")
    position, bytes_per_s = 12, 0
    while position + 8 <= len(wave):
        kind, size = struct.unpack_from("<4sI", wave, position)
        if kind == b"fmt " and position + 24 <= len(wave):
            (bytes_per_s,) = struct.unpack_from("<I", wave, position + 16)
        if kind == b"data" and bytes_per_s:
            # A file written while it was recorded may promise more than it holds.
            held: int = min(size, len(wave) - position - 8)
            return held * 1000 // bytes_per_s
        position += 8 + size + size % 2
    raise ValueError("the WAV file has no audio")


def _decoded(code: int) -> int:
    inverted = ~code & 0xFF
    magnitude = ((((inverted & 0x0F) << 3) + _BIAS) << ((inverted & 0x70) >> 4)) - _BIAS
    return -magnitude if inverted & 0x80 else magnitude


_LOW: Final = bytes(_decoded(code) & 0xFF for code in range(256))
_HIGH: Final = bytes(_decoded(code) >> 8 & 0xFF for code in range(256))
