"""Swarm faults: each seed switches on a random few, each at a random intensity.

All at once would hide one another: a provider that always fails never stalls in mid-sentence.
"""

from random import Random
from typing import Final

RATES_MAX: Final = {
    # the language model
    "llm slow": 0.5,
    "llm stalls": 0.3,
    "llm fails before": 0.6,
    "llm fails midway": 0.4,
    "llm says nothing": 0.3,
    "llm never stops": 0.15,
    "llm writes markup": 0.5,
    "llm invents tools": 0.4,
    "llm repeats ids": 0.6,
    "llm talks after cancel": 0.8,
    # tools
    "tool slow": 0.6,
    "tool errs": 0.5,
    "tool silent": 0.4,
    "tool answers late": 0.8,
    # the voice
    "tts slow": 0.4,
    "tts fails": 0.15,
    "tts fails midway": 0.2,
    "tts stalls": 0.15,
    "tts without timings": 0.3,
    # the wire
    "mark late": 0.3,
    "mark lost": 0.15,
    "timer late": 0.5,
    "socket lost": 0.9,
    "socket lost while a tool runs": 0.5,
    "socket lost while the model writes": 0.4,
    "old socket half open": 0.7,
    "transfer fails": 0.8,
    # recognition
    "final late": 0.5,
    "final twice": 0.2,
    "finalize unanswered": 0.5,
    "interim revised": 0.5,
    "voice unnoticed": 0.3,
    "noise": 0.8,
    "asr dies": 0.5,
    # configuration at its edges
    "short calls": 1.0,
    "no transfer": 1.0,
    "short memory": 1.0,
}
SWITCHED_ON: Final = 0.22
OFTENER: Final = {
    "socket lost": 0.35,
    "socket lost while a tool runs": 0.3,
    "socket lost while the model writes": 0.3,
    "old socket half open": 0.6,
}
"""What only meets in company is switched on more often."""
QUIET_SEEDS: Final = 0.15
"""The share of calls without any fault: the plain case must hold too, and holds to the strictest rules."""


class Faults:
    """The faults of one call."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self.rates: dict[str, float] = {}
        self.seen: set[str] = set()
        if rng.random() >= QUIET_SEEDS:
            for name, rate_max in RATES_MAX.items():
                if rng.random() < OFTENER.get(name, SWITCHED_ON):
                    self.rates[name] = rate_max * (0.2 + 0.8 * rng.random())

    def strikes(self, name: str) -> bool:
        """Whether this fault happens now."""
        rate = self.rates.get(name)
        if rate is None or self._rng.random() >= rate:
            return False
        self.seen.add(name)
        return True

    def active(self, *names: str) -> bool:
        """Whether any of these may happen in this call."""
        return any(name in self.rates for name in names)
