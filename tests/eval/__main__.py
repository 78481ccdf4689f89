"""`make eval`: how well callers are understood, to the screen and to `build/eval.json`.

By the rules; `--with anthropic` asks the real model, with the key of ANTHROPIC_API_KEY, as a live call does: the rules step in
where it is late or unsure.
"""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from switchboard.cli.classify import classifier_of
from switchboard.domain.understanding import Understanding
from switchboard.ports.intent_classifier import IntentClassifier
from switchboard.settings import Settings, environment, read_settings
from tests.eval.measures import Opening, measure, read_openings

DATA = Path(__file__).parent.parent / "data"
OPENINGS = DATA / "caller_openings.jsonl"
MISSES_SHOWN_MAX = 40


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the evaluation and return the exit code."""
    parser = argparse.ArgumentParser(prog="tests.eval", description=__doc__)
    parser.add_argument("--data", type=Path, default=OPENINGS, help="labelled openings, JSON lines")
    parser.add_argument("--out", type=Path, default=Path("build/eval.json"))
    parser.add_argument(
        "--with", dest="model", choices=["embedded", "anthropic", "bedrock"], default="embedded"
    )
    parser.add_argument("--misses", action="store_true", help="show what was misunderstood")
    options = parser.parse_args(arguments)
    try:
        openings = read_openings(options.data)
    except (OSError, ValueError) as error:
        sys.stderr.write(
            f"Cannot read the openings: {error}\nName a file of labelled openings: --data FILE\n"
        )
        return 2
    reading = read_settings(environment() | {"SWITCHBOARD_LLM": options.model})
    if reading.failures:
        sys.stderr.writelines(f"{each.setting}: {each.what}. {each.fix}\n" for each in reading.failures)
        return 2
    stood_in: Counter[str] = Counter()
    pairs, took_ms = asyncio.run(_understand(openings, reading.settings, stood_in))
    figures = measure(pairs)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=2) + b"\n")
    sys.stdout.write(report(figures, by=options.model, took_ms=took_ms))
    if stood_in:
        sys.stdout.write(f"The rules stood in for the model: {dict(stood_in)}\n")
    if options.misses:
        sys.stdout.write(misses(pairs))
    return 0


async def _understand(
    openings: Sequence[Opening], settings: Settings, stood_in: Counter[str]
) -> tuple[list[tuple[Opening, Understanding]], list[float]]:
    def count(_before: str, _after: str, reason: str) -> None:
        stood_in[reason] += 1

    async with classifier_of(settings, count) as classifier:
        return await understand(classifier, openings)


async def understand(
    classifier: IntentClassifier, openings: Sequence[Opening]
) -> tuple[list[tuple[Opening, Understanding]], list[float]]:
    """Classify all, one after another, and say how many ms each took."""
    pairs, took_ms = [], []
    for opening in openings:
        started_ns = time.perf_counter_ns()
        pairs.append((opening, await classifier.classify(opening.text)))
        took_ms.append((time.perf_counter_ns() - started_ns) / 1e6)
    return pairs, took_ms


def report(figures: dict[str, Any], *, by: str, took_ms: Sequence[float]) -> str:
    """The figures for a reader."""
    intent, sentiment, needs = figures["intent"], figures["sentiment"], figures["needs"]
    ordered = sorted(took_ms)
    headline = (
        f"{intent['n']} openings by {by}: intent {_percent(intent['accuracy'])}, "
        f"needs in order {_percent(needs['accuracy'])} (several: {_percent(needs['several']['accuracy'])} of "
        f"{needs['several']['n']}), sentiment {_percent(sentiment['accuracy'])}"
    )
    median_ms = ordered[len(ordered) // 2] if ordered else 0.0
    lines = [
        headline,
        f"time an utterance: p50 {median_ms:.2f} ms, max {max(ordered, default=0.0):.2f} ms",
        *_table(intent["by_intent"], intent["confusion"]),
        *_table(sentiment["by_sentiment"], sentiment["confusion"]),
        "",
        "by kind      "
        + ", ".join(
            f"{kind} {_percent(each['accuracy'])} of {each['n']}" for kind, each in intent["by_kind"].items()
        ),
    ]
    return "\n".join(lines) + "\n"


def _table(by_name: dict[str, Any], confusion: dict[str, dict[str, int]]) -> list[str]:
    names = list(by_name)
    head = f"{'':12} {'n':>4} {'prec.':>7} {'recall':>7}   understood as: " + " ".join(
        f"{name[:10]:>10}" for name in names
    )
    rows = [
        f"{name:12} {each['n']:4} {_percent(each['precision']):>7} {_percent(each['recall']):>7}   {'':15}"
        + " ".join(f"{confusion[name][other]:10}" for other in names)
        for name, each in by_name.items()
    ]
    return ["", head, *rows]


def misses(pairs: Sequence[tuple[Opening, Understanding]]) -> str:
    """What was misunderstood, the first few."""
    wrong = [(opening, known) for opening, known in pairs if opening.intent is not known.intent]
    kinds = Counter(opening.kind for opening, _ in wrong)
    lines = [f"{opening.intent} taken for {known.intent}: {opening.text}" for opening, known in wrong]
    return "\n".join(["", f"missed {len(wrong)}: {dict(kinds)}", *lines[:MISSES_SHOWN_MAX], ""])


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}%"


if __name__ == "__main__":
    sys.exit(main())
