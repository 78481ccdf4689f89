"""Synthetic speech that knows where it is: every millisecond of audio spells its own position.

So the far end can tell exactly what was played, in what order and how often, without any help from the code under
test. Each of the eight samples of a millisecond is a base-4 digit; four loud codes for speech, four quiet ones for
silence.
"""

import re
from functools import lru_cache
from typing import Final

from msgspec import Struct

CHAR_MS: Final = 54
"""Pace of letters and of the pauses between words: 45 ms of voice a character, as real voices have it."""
CLIP_MS_MAX: Final = 65_000
_LOUD: Final = (0x80, 0x00, 0x90, 0x10)
_QUIET: Final = (0xFF, 0x7F, 0xFE, 0x7E)
_DIGITS: Final = {code: digit for codes in (_LOUD, _QUIET) for digit, code in enumerate(codes)}
_WORD: Final = re.compile(r"\S+")


class Rendition(Struct, frozen=True):
    """A text as audio; `words` are `(end_ms, end_char)`, `spans` the same with starts, both in text order."""

    audio: bytes
    words: tuple[tuple[int, int], ...]
    middles_ms: tuple[float, ...]
    ends_chars: tuple[int, ...]


@lru_cache(maxsize=8192)
def render(text: str, lead_ms: int = 0) -> Rendition:
    """Speak `text` at an even pace after `lead_ms` of silence, with a short silence between words."""
    spans = [match.span() for match in _WORD.finditer(text)]
    length_ms = min(CLIP_MS_MAX, lead_ms + CHAR_MS * len(text))
    quiet, loud = _masters()
    audio = bytearray(quiet[: length_ms * 8])
    for start, end in spans:
        voiced = slice((lead_ms + CHAR_MS * start) * 8, min(length_ms, lead_ms + CHAR_MS * end) * 8)
        audio[voiced] = loud[voiced]
    words = tuple((lead_ms + CHAR_MS * end, end) for _, end in spans)
    middles = tuple(lead_ms + CHAR_MS * (start + end) / 2 for start, end in spans)
    return Rendition(bytes(audio), words, middles, tuple(end for _, end in spans))


def position_ms(payload: bytes) -> int:
    """Where in its clip a piece of audio begins."""
    position = 0
    for code in payload[:8]:
        position = position * 4 + _DIGITS[code]
    return position


@lru_cache(maxsize=1)
def _masters() -> tuple[bytes, bytes]:
    def master(codes: tuple[int, ...]) -> bytes:
        return bytes(
            codes[(ms >> shift) & 3] for ms in range(CLIP_MS_MAX + 1) for shift in (14, 12, 10, 8, 6, 4, 2, 0)
        )

    return master(_QUIET), master(_LOUD)
