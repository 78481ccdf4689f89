"""What the fake speech vendors have in common: audio that tells which text it is of, and their faults."""

from enum import StrEnum, auto
from zlib import crc32

from msgspec import Struct

MS_PER_CHAR = 60
CHUNK_MS = 100
BYTES_PER_MS = 8


class Fault(StrEnum):
    """What a vendor does wrong with the next text, or with the next connection."""

    STALL_BEFORE_AUDIO = auto()
    STALL_MID_AUDIO = auto()
    DROP_MID_AUDIO = auto()
    GARBAGE = auto()
    SILENT_AUDIO = auto()
    NO_AUDIO = auto()
    SERVER_ERROR = auto()
    RATE_LIMITED = auto()
    UNAUTHORIZED = auto()
    STALLED_CONNECT = auto()


STATUS_OF = {Fault.SERVER_ERROR: 503, Fault.RATE_LIMITED: 429, Fault.UNAUTHORIZED: 401}


class Script(Struct):
    """How a fake vendor behaves from now on. Faults stay until they are taken back."""

    fault: Fault | None = None
    ms_per_char: int = MS_PER_CHAR
    faulty_chunk: int = 1
    """Where in a text a fault "mid audio" comes."""


def audio_of(text: str, ms_per_char: int = MS_PER_CHAR) -> bytes:
    """Mu-law whose length is proportional to the text and whose samples name it."""
    sample = 1 + crc32(text.encode()) % 100
    return bytes([sample]) * (len(text) * ms_per_char * BYTES_PER_MS)


def chunks_of(audio: bytes) -> list[bytes]:
    size = CHUNK_MS * BYTES_PER_MS
    return [audio[start : start + size] for start in range(0, len(audio), size)]
