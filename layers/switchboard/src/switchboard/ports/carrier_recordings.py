"""What callers recorded at the carrier, until we have fetched it."""

from typing import Protocol


class CarrierRecordings(Protocol):
    """Recordings at the carrier. All methods raise `ProviderError`."""

    async def fetch(self, recording_id: str) -> bytes | None:
        """The recording as a WAV file; None if the carrier does not have it (any more)."""

    async def delete(self, recording_id: str) -> None:
        """Delete it at the carrier. One that is gone already is not an error."""

    async def caller_of(self, call_id: str) -> tuple[str, str] | None:
        """The numbers of a call, caller's and line's (E.164); None if the call or its caller's number is unknown."""

    async def close(self) -> None:
        """Release the connection."""
