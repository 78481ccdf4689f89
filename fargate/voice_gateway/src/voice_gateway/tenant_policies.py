"""How each tenant's calls are conducted: the directory's tenants as policies, ready before a call needs them.

A new version of a tenant is taken into use when its fixed phrases have been rendered, so that no call does that work, and a
call keeps the policy it began with.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog
from msgspec import Struct

from switchboard.conversation.policy import Policy
from switchboard.domain.agents import Agent
from switchboard.domain.messages import ToolSpec
from switchboard.domain.tenants import Tenant
from switchboard.ports.synthesizer import Synthesizer
from switchboard.ports.tenant_directory import TenantDirectory
from voice_gateway.phrase_cache import PhraseCache

LOOK_S = 5.0
"""How often the directory is asked whether it has a newer version; it answers from memory."""
RENDER_TIMEOUT_S = 60.0
"""Then a version is used although phrases are missing: those are synthesised when needed."""
RENDER_AGAIN_S = 60.0

log = structlog.get_logger()


class TenantPolicy(Struct, frozen=True):
    """One version of one tenant, as calls use it."""

    version: int
    policy: Policy


class PolicySource(Protocol):
    """Where a call gets its policy."""

    def of(self, tenant_id: str) -> TenantPolicy | None:
        """The newest that is ready, None for nobody's tenant."""


class TenantPolicies:
    """A `PolicySource`."""

    def __init__(
        self,
        directory: TenantDirectory,
        *,
        tools: Sequence[ToolSpec],
        phrases: PhraseCache,
        synthesizer: Synthesizer,
    ) -> None:
        self._directory = directory
        self._tools = {spec.name: spec for spec in tools}
        self._phrases = phrases
        self._synthesizer = synthesizer
        self._ready: dict[str, TenantPolicy] = {}
        self._version = -1
        self._missing = 0

    def of(self, tenant_id: str) -> TenantPolicy | None:
        """The newest that is ready."""
        return self._ready.get(tenant_id)

    async def start(self) -> None:
        """Have every tenant ready. A voice vendor that is down costs phrases, not the start."""
        await self.update()

    async def keep_updated(self) -> None:
        """Follow the directory, for ever."""
        waited_s = 0.0
        while True:
            await asyncio.sleep(LOOK_S)
            waited_s += LOOK_S
            if self._directory.version != self._version or (self._missing and waited_s >= RENDER_AGAIN_S):
                waited_s = 0.0
                await self.update()

    async def update(self) -> None:
        """Take the directory's tenants over, each once its phrases are there or could not be had in time."""
        version, tenants = self._directory.version, self._directory.tenants()
        wanted = {tenant.id: self._policy(tenant) for tenant in tenants}
        try:
            async with asyncio.timeout(RENDER_TIMEOUT_S):
                self._missing = await self._render(wanted)
        except TimeoutError:
            self._missing = 1
        if self._missing:
            log.warning("fixed phrases not rendered yet", count=self._missing)
        # Calls that go on with what is replaced here may still say its phrases.
        self._phrases.keep_only(
            [
                (each.policy.agent.voice, text)
                for each in (*self._ready.values(), *wanted.values())
                for text in each.policy.fixed_texts()
            ]
        )
        self._ready = wanted
        self._version = version

    async def _render(self, wanted: dict[str, TenantPolicy]) -> int:
        missing = 0
        for each in wanted.values():
            missing += await self._phrases.render(
                self._synthesizer, each.policy.agent.voice, each.policy.fixed_texts()
            )
        return missing

    def _policy(self, tenant: Tenant) -> TenantPolicy:
        known = self._ready.get(tenant.id)
        if known is not None and known.version == tenant.version:
            return known
        if unknown := [name for name in tenant.agent.tools if name not in self._tools]:
            log.warning("tools of a tenant are unknown here", tenant=tenant.id, count=len(unknown))
        agent = Agent(
            name=tenant.agent.name,
            company=tenant.agent.company,
            instructions=tenant.agent.instructions,
            disclosure=tenant.agent.disclosure,
            greeting=tenant.agent.greeting,
            voice=tenant.agent.voice,
            tools=tuple(self._tools[name] for name in tenant.agent.tools if name in self._tools),
        )
        policy = Policy(
            agent,
            transfer_available=bool(tenant.handover_number),
            duration_max_ms=tenant.limits.duration_max_s * 1000,
        )
        return TenantPolicy(tenant.version, policy)
