"""How sure a recognition is, and whether it is sure enough to be reported as words.

A logistic model over the evidence, fitted on 86 sentences of the domain and 72 others by three or four synthetic voices, none
of them in the tests. The offset presumes that about one utterance in twenty lies outside the domain; it puts 0.6, where callers of
the port draw the line, where 94 % of those other sentences fall below.
"""

import math
from typing import Final

from switchboard.adapters.embedded.recognizer import Recognition
from switchboard.adapters.embedded.spoken import digit_runs

UNDERSTOOD_MIN: Final = 0.6
"""Below, the text is withheld: it is more likely something else forced onto the grammar."""
DIGITS_MIN: Final = 0.91
"""Digits ask for more: a made-up account number does more harm than a question. Between nearly all true numbers and the most
certain invented one of the fit."""

_OFFSET: Final = -21.35
_PER_PATH: Final = 0.654
_PER_COVERAGE: Final = 48.03
_PER_RATE: Final = -1.066
_PER_LOG_WORDS: Final = -7.761
# Words that carry no meaning alone; a text of nothing else has no anchor.
_EMPTY_WORDS: Final = frozenset("a an the my our of on in to is it i you and this that with for".split())


def judge(recognition: Recognition) -> tuple[str, float]:
    """The text to report, empty if it was not understood, and the confidence, 0..1, that it was what was said."""
    evidence = recognition.evidence
    words = recognition.text.split()
    if evidence is None or not words or _EMPTY_WORDS.issuperset(words):
        return "", 0.0
    odds = (
        _OFFSET
        + _PER_PATH * evidence.path
        + _PER_COVERAGE * min(evidence.coverage, 1.0)
        + _PER_RATE * evidence.words_per_s
        + _PER_LOG_WORDS * math.log(len(words))
    )
    confidence = 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))
    needed = DIGITS_MIN if digit_runs(recognition.text) else UNDERSTOOD_MIN
    if confidence < needed:
        return "", min(confidence, 1 - UNDERSTOOD_MIN)
    return recognition.text, confidence
