"""Checkpoints with fences, in memory: the rule every real store keeps too."""

from switchboard.domain.calls import Disposition, NextStep
from switchboard.ports.errors import StaleOwner


class Store:
    """One call's checkpoint."""

    def __init__(self) -> None:
        self.fence = 0
        self.snapshot = ""
        self.next_step = NextStep.RESUME
        self.disposition: Disposition | None = None

    def claim(self) -> tuple[int, str]:
        """A new fence and the last snapshot; older owners are fenced off."""
        self.fence += 1
        return self.fence, self.snapshot

    def save(
        self, fence: int, snapshot: str, next_step: NextStep, disposition: Disposition | None = None
    ) -> None:
        """Store, or raise `StaleOwner`."""
        if fence != self.fence:
            raise StaleOwner("call")
        self.snapshot = snapshot
        self.next_step = next_step
        self.disposition = disposition
