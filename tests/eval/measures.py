"""How well a classifier understands labelled openings, as plain figures."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from switchboard.domain.understanding import Intent, Sentiment, Understanding

DIGITS = 4


class Opening(Struct, frozen=True):
    """One labelled opening. `needs` are in the order said, its first is the intent."""

    text: str
    intent: Intent
    sentiment: Sentiment
    needs: tuple[Intent, ...]
    kind: str


Pairs = Sequence[tuple[Opening, Understanding]]


def read_openings(path: Path) -> list[Opening]:
    """Read JSON lines. Raises `ValueError` that names the line."""
    openings = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            openings.append(msgspec.json.decode(line, type=Opening))
        except msgspec.DecodeError as error:
            raise ValueError(f"{path}, line {number}: {error}") from None
    return openings


def measure(pairs: Pairs) -> dict[str, Any]:
    """Every figure, in the shape of `build/eval.json`."""
    intents = [(opening.intent.value, known.intent.value) for opening, known in pairs]
    feelings = [(opening.sentiment.value, known.sentiment.value) for opening, known in pairs]
    needs = [opening.needs == known.needs for opening, known in pairs]
    several = [opening.needs == known.needs for opening, known in pairs if len(opening.needs) > 1]
    kinds = sorted({opening.kind for opening, _ in pairs})
    by_kind = {
        kind: _share([o.intent is known.intent for o, known in pairs if o.kind == kind]) for kind in kinds
    }
    return {
        "intent": _labels(intents, [each.value for each in Intent]) | {"by_kind": by_kind},
        "sentiment": _labels(feelings, [each.value for each in Sentiment]),
        "needs": {"n": len(needs), "accuracy": _share(needs)["accuracy"], "several": _share(several)},
    }


def _labels(pairs: Sequence[tuple[str, str]], names: Sequence[str]) -> dict[str, Any]:
    """Accuracy, precision and recall by label, and the confusion matrix `{said: {understood: count}}`."""
    counts = Counter(pairs)
    by_name = {}
    for name in names:
        hits = counts[name, name]
        said = sum(count for (expected, _), count in counts.items() if expected == name)
        understood = sum(count for (_, actual), count in counts.items() if actual == name)
        by_name[name] = {"n": said, "precision": _ratio(hits, understood), "recall": _ratio(hits, said)}
    return {
        "n": len(pairs),
        "accuracy": _ratio(sum(counts[name, name] for name in names), len(pairs)),
        "by_intent" if "billing" in names else "by_sentiment": by_name,
        "confusion": {said: {actual: counts[said, actual] for actual in names} for said in names},
    }


def _share(hits: Iterable[bool]) -> dict[str, Any]:
    hits = list(hits)
    return {"n": len(hits), "accuracy": _ratio(sum(hits), len(hits))}


def _ratio(part: int, whole: int) -> float | None:
    """None where there is nothing to divide by."""
    return round(part / whole, DIGITS) if whole else None
