"""Where facts go."""

from typing import Protocol

from switchboard.domain.facts import Fact


class EventSink(Protocol):
    """Takes facts out of a call's way: what cannot be delivered is dropped and counted, never waited for."""

    def publish(self, fact: Fact) -> None:
        """Take one fact. Returns at once and never raises."""

    async def flush(self, *, deadline_s: float) -> None:
        """Deliver what waits, for at most so long; never raises `PortError`."""

    async def close(self, *, deadline_s: float) -> None:
        """Flush, then drop and count the rest, and release everything. Idempotent."""
