"""How far the carrier says each call has come."""

from typing import Protocol

from switchboard.domain.call_progress import CallProgress


class CallProgressStore(Protocol):
    """Remembers the latest report of each call."""

    async def record(self, report: CallProgress) -> bool:
        """Store `report` if it moves the call forward (`domain.call_progress.advances`); say whether it did.

        Exactly one of several identical reports gets true, however many arrive at once. Raises `ProviderError`.
        """

    async def close(self) -> None:
        """Release the store."""
