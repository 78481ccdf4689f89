"""Small sounds of listening that ask for nothing (R-TURN)."""

import re

_WORD = re.compile(r"[\w']+")
_SOUNDS = frozenset(
    "mm mhm mm-hm hm hmm mmm uh huh um uh-huh ah aha oh ok okay right yeah yep yup sure gotcha alright got it i see good "
    "great cool fine wow really true exactly".split()
)
_WORDS_MAX = 4


def is_backchannel(text: str) -> bool:
    """Whether all of `text` merely signals listening; an empty text does not."""
    words = _WORD.findall(text.lower())
    return 0 < len(words) <= _WORDS_MAX and all(word in _SOUNDS for word in words)
