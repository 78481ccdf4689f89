"""What publishing tenants' configuration reads and writes. Blocking: it runs in a function of its own."""

from collections.abc import Mapping
from typing import Any, Protocol

from msgspec import Struct

from switchboard.ports.errors import PortError


class PublishedMeanwhile(PortError):
    """Somebody else has published since the snapshot was read: read again and start over."""

    retryable = True


class Published(Struct, frozen=True):
    """The object as it stands; `tag` names this very state of it."""

    tag: str
    data: bytes


class TenantDocuments(Protocol):
    """The documents that tenants' people have saved."""

    def current(self) -> Mapping[str, Any]:
        """Each tenant's current document, decoded; None where it is not JSON. Raises `ProviderError`."""


class SnapshotObject(Protocol):
    """The one object that all processes read."""

    def read(self) -> Published | None:
        """As of now; None before the first publication. Raises `ProviderError`."""

    def write(self, data: bytes, *, instead_of: Published | None) -> None:
        """Replace what was read. Raises `PublishedMeanwhile` where it has changed since, or `ProviderError`."""
