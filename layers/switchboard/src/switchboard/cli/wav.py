"""WAV files of telephone audio: 8 kHz G.711 mu-law, format code 7 (RFC 2361; Microsoft "RIFF WAVE")."""

import struct
from pathlib import Path

MULAW = 7
SAMPLE_RATE_HZ = 8000


def write_mulaw_wav(path: Path, audio: bytes, *, channels: int = 1) -> None:
    """Write interleaved mu-law samples."""
    fmt = struct.pack("<HHIIHHH", MULAW, channels, SAMPLE_RATE_HZ, SAMPLE_RATE_HZ * channels, channels, 8, 0)
    fact = struct.pack("<I", len(audio) // channels)
    padding = b"\0" * (len(audio) % 2)
    chunks = _chunk(b"fmt ", fmt) + _chunk(b"fact", fact) + _chunk(b"data", audio + padding, size=len(audio))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks)


def read_mulaw_wav(path: Path) -> bytes:
    """Read the samples of a mono 8 kHz mu-law file. Raises ValueError for any other format."""
    data = path.read_bytes()
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError(f"{path} is not a WAV file")
    chunks: dict[bytes, bytes] = {}
    position = 12
    while position + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        chunks[name] = data[position + 8 : position + 8 + size]
        position += 8 + size + size % 2
    code, channels, rate_hz = struct.unpack_from("<HHI", chunks.get(b"fmt ", bytes(8)))
    if (code, channels, rate_hz) != (MULAW, 1, SAMPLE_RATE_HZ):
        raise ValueError(
            f"{path} is not mono mu-law at 8000 Hz (format {code}, {channels} channels, {rate_hz} Hz)"
        )
    return chunks.get(b"data", b"")


def _chunk(name: bytes, body: bytes, *, size: int | None = None) -> bytes:
    return name + struct.pack("<I", len(body) if size is None else size) + body
