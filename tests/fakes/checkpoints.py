"""Checkpoints in memory; handles made from the same dictionary see the same calls."""

import msgspec

from switchboard.domain.calls import CallKey
from switchboard.ports.checkpoints import Checkpoint
from switchboard.ports.errors import ProviderUnavailable, StaleOwner


class InMemoryCheckpointStore:
    """Fulfils `ports.checkpoints.CheckpointStore`. `is_down` makes every access fail."""

    def __init__(
        self, checkpoints: dict[CallKey, Checkpoint] | None = None, *, is_down: bool = False
    ) -> None:
        self.checkpoints = {} if checkpoints is None else checkpoints
        self.is_down = is_down
        self.is_closed = False

    async def claim(self, key: CallKey) -> Checkpoint:
        self._check()
        known = self.checkpoints.get(key) or Checkpoint(key, fence=0)
        claimed = msgspec.structs.replace(known, fence=known.fence + 1)
        self.checkpoints[key] = claimed
        return claimed

    async def save(self, checkpoint: Checkpoint) -> None:
        self._check()
        known = self.checkpoints.get(checkpoint.key)
        if known is None or known.fence != checkpoint.fence:
            raise StaleOwner(checkpoint.key.call_id)
        disposition = known.disposition or checkpoint.disposition
        self.checkpoints[checkpoint.key] = msgspec.structs.replace(checkpoint, disposition=disposition)

    async def load(self, key: CallKey) -> Checkpoint | None:
        self._check()
        return self.checkpoints.get(key)

    async def close(self) -> None:
        self.is_closed = True

    def _check(self) -> None:
        if self.is_down or self.is_closed:
            raise ProviderUnavailable("memory", "down" if self.is_down else "the store is closed")
