"""What is known about a call, a voicemail or a callback once it has ended: small named records."""

from typing import Protocol

from msgspec import Struct

from switchboard.domain.subjects import Subject


class RecordKey(Struct, frozen=True, order=True):
    """One record of one subject: its analysis, its transcript's place, one attempt, its outcome."""

    subject: Subject
    name: str


class CallRecords(Protocol):
    """Records that many may try to write at once. A record is JSON text of at most some tens of kB.

    Writers never overwrite blindly: they create what is not there, or replace what they have read. Whoever comes second
    learns what is stored and goes on with that (law W3). All methods raise `ProviderError`.
    """

    async def create(self, key: RecordKey, content: bytes) -> bytes:
        """Store `content` if nothing is stored there. Returns what is stored: `content`, or the earlier writer's."""

    async def replace(self, key: RecordKey, content: bytes, *, expected: bytes) -> bool:
        """Store `content` if exactly `expected` is stored; say whether it was."""

    async def read(self, key: RecordKey) -> bytes | None:
        """The record, as of all writes that have succeeded; None if there is none."""

    async def read_all(self, subject: Subject) -> dict[str, bytes]:
        """Every record of the subject by name, as of all writes that have succeeded."""

    async def close(self) -> None:
        """Release the store."""
