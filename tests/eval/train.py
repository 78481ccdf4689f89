"""Trains the linear second opinion: `python -m tests.eval.train` rewrites the weights that ship.

Multinomial logistic regression by gradient descent from zero: no randomness, so the same openings give the same weights
(up to rounding). Only the development openings are read, never the set that is evaluated.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from switchboard.adapters import embedded
from switchboard.adapters.embedded.intent_classifier import WEIGHTS_FILE
from switchboard.domain.intents.linear import BIAS_INPUT, SCALE, LinearModel, features_of
from switchboard.domain.intents.words import words_of
from switchboard.domain.understanding import Intent
from tests.eval.measures import Opening, read_openings

DEVELOPMENT = Path(__file__).parent.parent / "data" / "understanding_development.jsonl"
COUNT_MIN = 2
"""A feature of one opening alone says nothing about others."""
STEPS = 200
RATE = 0.05
MOMENTUM = 0.9
DECAY = 0.05
"""Pulls weights to zero; chosen with COUNT_MIN on openings written after the others, 0.02 to 0.1 differ by chance only."""


def train(openings: Sequence[Opening]) -> LinearModel:
    """Fit the weights."""
    features = [features_of(words_of(opening.text)) for opening in openings]
    counts = Counter(each for own in features for each in own)
    known = sorted(each for each, count in counts.items() if count >= COUNT_MIN)
    column_of = {each: column for column, each in enumerate(known)}
    intents = tuple(Intent)
    inputs = np.zeros((len(openings), len(known) + 1))
    targets = np.zeros((len(openings), len(intents)))
    for row, (opening, own) in enumerate(zip(openings, features, strict=True)):
        columns = [column_of[each] for each in own if each in column_of]
        inputs[row, columns] = 1 / np.sqrt(max(1, len(columns)))
        inputs[row, -1] = BIAS_INPUT
        targets[row, intents.index(opening.intent)] = 1
    weights = np.zeros((len(known) + 1, len(intents)))
    step = np.zeros_like(weights)
    for _ in range(STEPS):
        scores = inputs @ weights
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        slope = inputs.T @ (odds / odds.sum(axis=1, keepdims=True) - targets) + DECAY * weights
        step = MOMENTUM * step - RATE * slope
        weights += step
    rounded = np.rint(weights * SCALE).astype(int)
    return LinearModel(
        intents,
        tuple(rounded[-1].tolist()),
        {each: tuple(row) for each, row in zip(known, rounded[:-1].tolist(), strict=True) if any(row)},
    )


def main() -> None:
    """Train on the development openings and write the weights, one feature a line."""
    model = train(read_openings(DEVELOPMENT))
    target = Path(embedded.__file__).parent / "data" / WEIGHTS_FILE
    text = msgspec.json.encode(model).decode()
    target.write_text(text.replace('],"', '],\n"') + "\n")
    sys.stdout.write(f"{len(model.weights)} features, {target.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
