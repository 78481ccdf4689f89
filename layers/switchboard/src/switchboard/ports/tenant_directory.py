"""Which tenants there are, and which of them a dialled number belongs to."""

from typing import Protocol

from switchboard.domain.tenants import Tenant


class TenantDirectory(Protocol):
    """The tenants as last published, in memory: reading waits for nobody and never fails."""

    @property
    def version(self) -> int:
        """Grows with every change of any tenant; 0 before anything was published."""

    def tenant(self, tenant_id: str) -> Tenant | None:
        """The tenant of this id, if there is one."""

    def tenant_of(self, number: str) -> Tenant | None:
        """The tenant whose number (E.164) this is, if it is anybody's."""

    def tenants(self) -> tuple[Tenant, ...]:
        """All of them."""

    async def refresh(self, *, older_than_s: float = 0.0) -> None:
        """Take over what was published since, if the last look is older than this; never raises `PortError`."""
