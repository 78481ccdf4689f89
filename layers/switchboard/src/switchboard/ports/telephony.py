"""Starting and ending phone calls at the carrier."""

from typing import Protocol


class Telephony(Protocol):
    """A carrier's call control."""

    name: str

    async def place_call(self, *, to: str, from_: str, answer_url: str, status_url: str) -> str:
        """Dial `to` (E.164) and let the carrier fetch `answer_url` when it answers. Returns the carrier's call id."""

    async def hang_up(self, call_id: str) -> None:
        """End a live call. A call that has already ended is not an error."""

    async def close(self) -> None:
        """Release the connection."""
