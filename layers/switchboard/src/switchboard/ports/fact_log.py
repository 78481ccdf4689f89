"""Where workflows tell what has happened, and wait until it is told."""

from typing import Protocol

from switchboard.domain.facts import Fact


class FactLog(Protocol):
    """`EventSink` for whoever can wait. At least once: a repeated step appends the same fact again, equal byte by byte, and readers keep one."""

    async def append(self, fact: Fact) -> None:
        """Return once the fact is safe. Raises `ProviderError`."""

    async def close(self) -> None:
        """Release the connection."""
