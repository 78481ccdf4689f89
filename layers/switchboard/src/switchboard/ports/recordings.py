"""Audio and transcripts: objects in the tenant's part of the archive, encrypted with the tenant's context."""

from typing import Protocol

from msgspec import Struct

from switchboard.domain.subjects import Subject


class StoredObject(Struct, frozen=True, order=True):
    """One object. `name` is relative to its subject's folder."""

    name: str
    size_bytes: int


class RecordingArchive(Protocol):
    """Objects of calls and voicemails. All methods raise `ProviderError`."""

    async def create(self, subject: Subject, name: str, content: bytes, *, content_type: str) -> bool:
        """Store an object if there is none of this name; false where there is one, which stays as it is (law R1)."""

    async def read(self, subject: Subject, name: str) -> bytes | None:
        """The object's bytes; None if there is none."""

    async def objects(self, subject: Subject, folder: str) -> list[StoredObject]:
        """All objects below `folder`, ordered by name."""

    async def close(self) -> None:
        """Release the archive."""
