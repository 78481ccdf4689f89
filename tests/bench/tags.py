"""Silent watermarks, by which callers, fake vendors and measurements recognise each other's audio and words.

A tag is one 20 ms frame of mu-law silence: 0xFF (+0) is a 0 bit and 0x7F (-0) a 1 bit, so nobody hears it and voice activity
does not see it. A code is a made-up word that names one turn of one caller and travels through transcript, prompt and reply.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from tests.bench.plan import FRAME_BYTES

_ZERO, _ONE = 0xFF, 0x7F
_BITS_OUT = bytes.maketrans(b"01", bytes([_ZERO, _ONE]))
_BITS_IN = bytes.maketrans(bytes([_ZERO, _ONE]), b"01")
MAGIC = f"{0xA5C396F1:032b}".encode().translate(_BITS_OUT)
_VALUE_BITS = 64
_CHECK = 251
_LETTERS = "abcdefghijklmnopqrst"
_CODE = re.compile(rb"zq([a-t]{3})([a-t]{3})")

CALLER, REPLY_START, REPLY_END = 1, 2, 3
NOBODY = 7999
"""The caller number of audio that belongs to no turn: fixed phrases."""


class Tag(Struct, frozen=True):
    """`detail`: which clip a caller speaks; of a reply's end, 1 where it is the end of the whole reply."""

    kind: int
    caller: int
    turn: int
    detail: int = 0

    @property
    def code(self) -> str:
        return code_word(self.caller, self.turn)


def encode(tag: Tag) -> bytes:
    """The tag as one frame of audio."""
    value = tag.kind << 40 | tag.caller << 24 | tag.turn << 8 | tag.detail
    bits = f"{value << 8 | value % _CHECK:0{_VALUE_BITS}b}"
    return (MAGIC + bits.encode().translate(_BITS_OUT)).ljust(FRAME_BYTES, bytes([_ZERO]))


def find(audio: bytes) -> Iterator[tuple[int, Tag]]:
    """Every whole tag in `audio`, with the offset at which its frame begins."""
    at = audio.find(MAGIC)
    while at >= 0:
        bits = audio[at + len(MAGIC) : at + len(MAGIC) + _VALUE_BITS]
        if len(bits) == _VALUE_BITS and not bits.translate(None, bytes([_ZERO, _ONE])):
            value, check = divmod(int(bits.translate(_BITS_IN), 2), 256)
            if value % _CHECK == check:
                yield at, Tag(value >> 40, value >> 24 & 0xFFFF, value >> 8 & 0xFFFF, value & 0xFF)
        at = audio.find(MAGIC, at + 1)


def code_word(caller: int, turn: int) -> str:
    """The word for one turn of one caller; both below 8000."""
    return f"zq{_letters(caller)}{_letters(turn)}"


def last_code(text: bytes) -> tuple[int, int] | None:
    """Caller and turn of the last code word in `text`."""
    found = _CODE.findall(text)
    return (_number(found[-1][0]), _number(found[-1][1])) if found else None


def _letters(number: int) -> str:
    high, low = divmod(number, 20)
    top, middle = divmod(high, 20)
    return _LETTERS[top] + _LETTERS[middle] + _LETTERS[low]


def _number(letters: bytes) -> int:
    top, middle, low = (_LETTERS.index(chr(letter)) for letter in letters)
    return (top * 20 + middle) * 20 + low
