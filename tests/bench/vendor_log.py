"""What the fake vendors did and when, for the load generator to subtract."""

from collections import deque

import msgspec

from tests.bench.plan import Interval

INTERVALS_MAX = 20_000
"""Three a turn; far more than one row of the benchmark has."""


class VendorLog:
    """Collects intervals; reading them empties the log."""

    def __init__(self) -> None:
        self._intervals: deque[Interval] = deque(maxlen=INTERVALS_MAX)

    def add(self, kind: str, code: str, asked_s: float, answered_s: float) -> None:
        self._intervals.append(Interval(kind, code, asked_s, answered_s))

    def take(self) -> bytes:
        """All intervals so far as JSON."""
        data = msgspec.json.encode(list(self._intervals))
        self._intervals.clear()
        return data
