"""Many simulated calls and what they add up to."""

import gc
from collections import Counter
from collections.abc import Iterable
from time import process_time

from msgspec import Struct, field

from tests.simulation.world import Outcome, simulate

COLLECT_EVERY = 200
"""Calls between garbage collections: a finished call is one big cycle, and the collector would look at it many times."""
TALLY_SHARES_MIN = {"M2 murmurs that did not cut the agent": 0.95}
TALLY_COUNT_MIN = 20
"""Shares of fewer cases than this say nothing."""

EXPECTED = frozenset(
    {
        "apology for a dead model",
        "asked whether it is human",
        "back-channel ignored",
        "barge-in during the disclosure",
        "crash before the disclosure was heard",
        "crash while a tool runs",
        "crash while saying goodbye",
        "digits collected",
        "final after the end of the turn",
        "final twice",
        "first silence prompt",
        "goodbye taken back by the caller",
        "hang-up while the agent speaks",
        "interim revised",
        "interruption confirmed",
        "interruption rejected and resumed",
        "key over the agent's speech",
        "longest duration reached",
        "mark lost",
        "recognition died",
        "repeated tool id",
        "second silence prompt",
        "silent caller's goodbye",
        "socket lost",
        "speculation cancelled",
        "speculation used",
        "stale owner's audio refused",
        "stale owner's save refused",
        "synthesis failed",
        "tokens after cancel",
        "tool answer after cancel",
        "tool timed out",
        "transfer failed",
        "typed turn",
        "unclear words asked again",
        "unknown tool",
        "words without voice activity",
    }
)
"""Hard cases that a campaign of a few thousand calls must reach, or it proves little."""


class Summary(Struct):
    """What many calls came to."""

    calls: int = 0
    virtual_ms: int = 0
    cpu_s: float = 0.0
    sometimes: Counter[str] = field(default_factory=Counter)
    dispositions: Counter[str] = field(default_factory=Counter)
    tallies: dict[str, tuple[int, int]] = field(default_factory=dict)
    failures: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count one call."""
        self.calls += 1
        self.virtual_ms += outcome.duration_ms
        self.sometimes.update(outcome.sometimes)
        self.dispositions[str(outcome.disposition)] += 1
        for name, (good, of) in outcome.tallies.items():
            former = self.tallies.get(name, (0, 0))
            self.tallies[name] = (former[0] + good, former[1] + of)
        if outcome.violation:
            self.failures.append(outcome)

    def low_shares(self) -> dict[str, float]:
        """Laws of averages that do not hold."""
        return {
            name: good / of
            for name, (good, of) in self.tallies.items()
            if of >= TALLY_COUNT_MIN and good / of < TALLY_SHARES_MIN[name]
        }


def run(seeds: Iterable[int], *, stop_at_failure: bool = False, coarse: bool = False) -> Summary:
    """Play the call of every seed; `coarse` trades detail below the utterance for speed."""
    summary = Summary()
    collecting = gc.isenabled()
    gc.disable()
    gc.freeze()  # collections look at finished calls only, not at every module
    began_s = process_time()
    try:
        for seed in seeds:
            summary.add(simulate(seed, coarse=coarse))
            if summary.calls % COLLECT_EVERY == 0:
                gc.collect()
            if stop_at_failure and summary.failures:
                break
    finally:
        summary.cpu_s = process_time() - began_s
        gc.unfreeze()
        if collecting:
            gc.enable()
    return summary
