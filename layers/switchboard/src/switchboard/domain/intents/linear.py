"""A small linear model over words and their parts: a second opinion where no phrase of the rules was said.

Trained by `python -m tests.eval.train` on the development openings; the weights are data that the embedded adapter brings along.
"""

from collections.abc import Sequence
from math import exp, sqrt
from typing import Final

from msgspec import Struct

from switchboard.domain.intents.words import PUNCTUATION
from switchboard.domain.understanding import Intent

PART_CHARS: Final = 4
WORDS_MAX: Final = 100
"""Read of one utterance; more say nothing new."""
SCALE: Final = 100
"""Weights are stored as integers, hundredths."""
BIAS_INPUT: Final = 0.3


def features_of(words: Sequence[str]) -> list[str]:
    """The words, and every run of `PART_CHARS` characters across them, each once, in a stable order."""
    spoken = [word for word in words if word not in PUNCTUATION][:WORDS_MAX]
    line = f" {' '.join(spoken)} "
    parts = (f"#{line[at : at + PART_CHARS]}" for at in range(len(line) - PART_CHARS + 1))
    return list(dict.fromkeys((*spoken, *parts)))


class LinearModel(Struct, frozen=True):
    """`weights` maps a feature to one integer for each of `intents`; `bias` is the same for no feature at all."""

    intents: tuple[Intent, ...]
    bias: tuple[int, ...]
    weights: dict[str, tuple[int, ...]]

    def best(self, words: Sequence[str]) -> tuple[Intent, float]:
        """The most probable intent, and its probability."""
        known = [self.weights[each] for each in features_of(words) if each in self.weights]
        scores = [BIAS_INPUT * each / SCALE for each in self.bias]
        if known:
            share = 1 / (SCALE * sqrt(len(known)))
            scores = [
                score + share * sum(column)
                for score, column in zip(scores, zip(*known, strict=True), strict=True)
            ]
        top = max(scores)
        odds = [exp(score - top) for score in scores]
        return self.intents[scores.index(top)], 1 / sum(odds)
