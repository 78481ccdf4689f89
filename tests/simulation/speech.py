"""Synthetic speech that knows where it is: every millisecond of audio spells its own position.

So the far end can tell exactly what was played, in what order and how often, without any help from the code under
test. Each of the eight samples of a millisecond is a base-4 digit; four loud codes for speech, four quiet ones for
silence.
"""

import re
from functools import lru_cache
from itertools import accumulate
from typing import Final

from msgspec import Struct

CHAR_MS: Final = 58
"""Pace of letters and of the pauses between words: 49 ms of voice a character, as `media.heard` expects."""
DRAWN: Final = dict.fromkeys(",.;:!?", 3 * CHAR_MS)
"""Voices draw out the word before a pause."""
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
    """Speak `text` at an even pace (but for the ends of phrases) after `lead_ms` of silence, with a short silence between words."""
    spans = [match.span() for match in _WORD.finditer(text)]
    at_ms = list(accumulate((DRAWN.get(char, CHAR_MS) for char in text), initial=lead_ms))
    length_ms = min(CLIP_MS_MAX, at_ms[-1])
    quiet, loud = _masters()
    audio = bytearray(quiet[: length_ms * 8])
    for start, end in spans:
        voiced = slice(at_ms[start] * 8, min(length_ms, at_ms[end]) * 8)
        audio[voiced] = loud[voiced]
    words = tuple((at_ms[end], end) for _, end in spans)
    middles = tuple((at_ms[start] + at_ms[end]) / 2 for start, end in spans)
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
