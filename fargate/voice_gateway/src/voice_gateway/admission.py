"""Whether this process takes another call: new calls are refused before live ones suffer (invariant D4).

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


class Admission:
    """The rule. `calls_max` is a bound of configuration, the lag is measured."""

    def __init__(self, *, calls_max: int, lag_ms_max: int = LAG_MS_MAX) -> None:
        self.calls_max = calls_max
        self.lag_ms_max = lag_ms_max
        self.draining = False

    def admit(self, *, live_calls: int, lag_ms: float, protected: bool = True) -> Refusal | None:
        """None when the call may come in, else why not. `protected`: whether scaling in would leave the call alone."""
        if self.draining:
            return Refusal.DRAINING
        if not protected:
            return Refusal.UNPROTECTED
        if live_calls >= self.calls_max:
            return Refusal.FULL
        if lag_ms > self.lag_ms_max:
            return Refusal.OVERLOADED
        return None
