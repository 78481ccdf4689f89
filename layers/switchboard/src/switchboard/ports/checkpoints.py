"""Where a call's state waits for whichever task continues it."""

from typing import Protocol

from msgspec import Struct

from switchboard.domain.calls import CallKey, Disposition, NextStep


class Checkpoint(Struct, frozen=True):
    """The last stored state of a call.

    `fence` grows with every claim; only the holder of the highest may save. `snapshot` is the conversation's JSON,
    empty before the first save. `next_step` tells the webhook what to do when the stream has closed;
    `disposition` is set once the call has ended for good.
    """

    key: CallKey
    fence: int
    snapshot: str = ""
    next_step: NextStep = NextStep.RESUME
    disposition: Disposition | None = None


class CheckpointStore(Protocol):
    """Conditional storage of checkpoints (law L6: at most one owner per call)."""

    async def claim(self, key: CallKey) -> Checkpoint:
        """Take the call over: the answer carries a new fence and the last snapshot. Older owners are fenced off."""

    async def save(self, checkpoint: Checkpoint) -> None:
        """Store the state. Raises `StaleOwner` when `checkpoint.fence` is not the newest claim."""

    async def load(self, key: CallKey) -> Checkpoint | None:
        """Read without claiming; None for an unknown call."""

    async def close(self) -> None:
        """Release the store."""
