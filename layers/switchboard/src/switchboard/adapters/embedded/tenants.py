"""Tenants without a cloud: the demo tenant, or documents in a folder."""

from pathlib import Path

import msgspec

from switchboard.adapters.embedded.agent import BRIGHTLINE
from switchboard.domain.configuration_snapshot import Snapshot, compile_snapshot, numbers_of
from switchboard.domain.tenants import DEFAULT_TENANT, Tenant, TenantAgent, TenantProblem


class TenantsUnusable(Exception):
    """The folder's documents cannot be used; the text names tenants and fields."""

    def __init__(self, problems: list[TenantProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def demo_tenant(*, handover_number: str = "") -> Tenant:
    """Brightline, which has no number of its own: see `EmbeddedTenantDirectory`."""
    agent = TenantAgent(
        name=BRIGHTLINE.name,
        company=BRIGHTLINE.company,
        instructions=BRIGHTLINE.instructions,
        disclosure=BRIGHTLINE.disclosure,
        greeting=BRIGHTLINE.greeting,
        voice=BRIGHTLINE.voice,
        tools=tuple(spec.name for spec in BRIGHTLINE.tools),
    )
    return Tenant(DEFAULT_TENANT, version=1, numbers=(), agent=agent, handover_number=handover_number)


class EmbeddedTenantDirectory:
    """`ports.tenant_directory.TenantDirectory` of what was known at the start. The tenant `default` answers all other numbers."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._by_id = {tenant.id: tenant for tenant in snapshot.tenants}
        self._by_number = numbers_of(snapshot.tenants)

    @classmethod
    def demo(cls, *, handover_number: str = "") -> "EmbeddedTenantDirectory":
        """The demo tenant only."""
        return cls(Snapshot(1, (demo_tenant(handover_number=handover_number),)))

    @classmethod
    def of_folder(cls, folder: Path) -> "EmbeddedTenantDirectory":
        """The tenants described by `<tenant>.json` in a folder. Raises `TenantsUnusable`, which lists every problem."""
        documents = {path.stem: _document(path) for path in sorted(folder.glob("*.json"))}
        snapshot, problems = compile_snapshot(documents, None, now_s=0)
        if not documents:
            problems = [TenantProblem(str(folder), "folder", "holds no <tenant>.json")]
        if problems:
            raise TenantsUnusable(problems)
        return cls(snapshot)

    @property
    def version(self) -> int:
        """Never grows."""
        return self._snapshot.version

    def tenant(self, tenant_id: str) -> Tenant | None:
        """The tenant of this id."""
        return self._by_id.get(tenant_id)

    def tenant_of(self, number: str) -> Tenant | None:
        """Whose number this is; everybody's who is nobody's goes to `default`."""
        return self._by_number.get(number) or self._by_id.get(DEFAULT_TENANT)

    def tenants(self) -> tuple[Tenant, ...]:
        """All of them."""
        return self._snapshot.tenants

    async def refresh(self, *, older_than_s: float = 0.0) -> None:
        """Nothing changes while the process runs."""


def _document(path: Path) -> object:
    try:
        return msgspec.json.decode(path.read_bytes())
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
