"""Whether this process takes another call: new calls are refused before live ones suffer (invariant D4).

A call that comes from another process is a live one: it is taken as long as there is room at all, however busy we are.

Pure, so that the simulator drives the same rule.
"""

from enum import StrEnum


class Refusal(StrEnum):
    """Why a new call is not taken here."""

    DRAINING = "draining"
    FULL = "full"
    OVERLOADED = "overloaded"
    UNPROTECTED = "unprotected"


LAG_MS_MAX = 60
"""Event-loop lag at which audio starts to suffer: three frames."""
RESUMED_ROOM = 1.5
"""Live calls that a process takes over may exceed its number of calls by this factor; the next new ones wait."""


class Admission:
    """The rule. `calls_max` is a bound of configuration, the lag is measured."""

    def __init__(self, *, calls_max: int, lag_ms_max: int = LAG_MS_MAX) -> None:
        self.calls_max = calls_max
        self.lag_ms_max = lag_ms_max
        self.draining = False

    def admit(
        self, *, live_calls: int, lag_ms: float, protected: bool = True, resumed: bool = False
    ) -> Refusal | None:
        """None when the call may come in, else why not. `protected`: whether scaling in would leave the call alone."""
        if self.draining:
            return Refusal.DRAINING
        if resumed:
            return Refusal.FULL if live_calls >= RESUMED_ROOM * self.calls_max else None
        if not protected:
            return Refusal.UNPROTECTED
        if live_calls >= self.calls_max:
            return Refusal.FULL
        if lag_ms > self.lag_ms_max:
            return Refusal.OVERLOADED
        return None
