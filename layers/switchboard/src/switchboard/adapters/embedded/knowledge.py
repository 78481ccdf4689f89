"""Finding the entry of a small question-and-answer file that a question is about, by BM25 over word stems.

BM25 as in Robertson and Zaragoza, "The Probabilistic Relevance Framework" (2009), section 3.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from switchboard.adapters.embedded.spoken import words_of

_FILE: Final = Path(__file__).parent / "data" / "brightline_knowledge.json"
_K1: Final = 1.2
_B: Final = 0.5  # entries are of like length: normalise gently
_RELEVANT_MIN: Final = 2.0
"""About one rare word or two common ones in common with the entry."""
_STOP_WORDS: Final = frozenset(
    "a an the i you we it is are am was be do does did have has can could would will my your our of to for in on at and "
    "or what how when where who which that this there me about tell please hi hello want like i'm i'd it's know much "
    "yes no okay with so get".split()
)
_SAME: Final = {
    "wi-fi": "wifi", "modem": "router", "box": "router", "package": "plan", "offer": "plan", "gigabit": "fiber",
    "cost": "price", "apartment": "house", "reboot": "restart", "reset": "restart", "saturday": "weekend",
    "sunday": "weekend", "terminate": "cancel", "engineer": "technician", "quick": "fast", "purchase": "buy",
    "yellow": "orange", "flash": "blink", "cheaper": "cheap", "cheapest": "cheap",
}  # fmt: skip


class Entry(Struct, frozen=True):
    """Ways to ask for one thing, and the answer, written for the ear."""

    questions: tuple[str, ...]
    answer: str


class Knowledge:
    """An index over entries; built once."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        assert entries
        self._entries = tuple(entries)
        self._counts = [Counter(_terms(" ".join(entry.questions))) for entry in entries]
        self._lengths = [sum(counts.values()) for counts in self._counts]
        self._mean_length = sum(self._lengths) / len(entries)
        frequencies = Counter(term for counts in self._counts for term in counts)
        self._weights = {
            term: math.log(1 + (len(entries) - frequency + 0.5) / (frequency + 0.5))
            for term, frequency in frequencies.items()
        }

    def find(self, question: str) -> str | None:
        """The answer of the entry that fits best, or None when none is relevant."""
        terms = set(_terms(question))
        scores = [self._score(terms, index) for index in range(len(self._entries))]
        best = max(range(len(scores)), key=scores.__getitem__)
        return self._entries[best].answer if scores[best] >= _RELEVANT_MIN else None

    def _score(self, terms: set[str], index: int) -> float:
        counts = self._counts[index]
        norm = _K1 * (1 - _B + _B * self._lengths[index] / self._mean_length)
        return sum(
            self._weights[term] * counts[term] * (_K1 + 1) / (counts[term] + norm)
            for term in terms
            if term in counts
        )


@cache
def brightline_knowledge() -> Knowledge:
    """The knowledge of the demo company."""
    return Knowledge(msgspec.json.decode(_FILE.read_bytes(), type=tuple[Entry, ...]))


def _terms(text: str) -> list[str]:
    return [_stem(word) for word in words_of(text) if word not in _STOP_WORDS]


def _stem(word: str) -> str:
    word = _SAME.get(word, word)
    stem = re.sub(r"(ing|ed|es|s)$", "", word) if len(word) > 4 else word
    return _SAME.get(stem, stem)
