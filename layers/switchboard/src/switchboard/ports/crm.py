"""The tenant's customer system, as far as it is told about calls."""

from typing import Protocol

from msgspec import Struct

from switchboard.domain.subjects import Subject


class CrmNote(Struct, frozen=True):
    """What a colleague should know. `kind` says what happened; texts are redacted. Holds no telephone number."""

    subject: Subject
    kind: str
    title: str
    text: str
    action_items: tuple[str, ...] = ()


class Crm(Protocol):
    """One system per tenant."""

    name: str

    async def add_note(self, note: CrmNote, *, idempotency_key: str) -> None:
        """Leave the note. The system keeps one note per key, however often it is sent. Raises `ProviderError`."""

    async def close(self) -> None:
        """Release the connection."""
