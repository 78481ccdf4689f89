"""Tenants become policies before a call needs them, and changes follow without work in a call."""

from typing import Any

import pytest

from switchboard.adapters.embedded.tenants import EmbeddedTenantDirectory
from switchboard.domain.configuration_snapshot import Snapshot
from switchboard.domain.tenants import Tenant
from switchboard.domain.voices import Voice
from switchboard.ports.errors import ProviderUnavailable
from tests.fakes.synthesizer import FakeSynthesizer
from tests.fakes.tenants import document, tenant
from tests.gateway.rig import LOOK_UP
from voice_gateway.phrase_cache import PhraseCache
from voice_gateway.tenant_policies import TenantPolicies


class Rig:
    def __init__(self, *tenants: Tenant) -> None:
        self.directory = EmbeddedTenantDirectory(Snapshot(1, tenants))
        self.phrases = PhraseCache()
        self.synthesizer = FakeSynthesizer()
        self.policies = TenantPolicies(
            self.directory, tools=[LOOK_UP], phrases=self.phrases, synthesizer=self.synthesizer
        )

    def publish(self, *tenants: Tenant) -> None:
        self.directory.__init__(Snapshot(self.directory.version + 1, tenants))  # type: ignore[misc]

    def policy(self, tenant_id: str = "acme") -> Any:
        found = self.policies.of(tenant_id)
        return found and found.policy


async def test_ready_before_the_first_call():
    """Each tenant has its own words, rendered, its own tools and its own limits."""
    agent = {**document()["agent"], "tools": ["look_up", "unknown"]}
    rig = Rig(
        tenant("acme", agent=agent, handover_number="+14155550999"),
        tenant("globex", limits={"duration_max_s": 60}),
    )
    await rig.policies.start()
    acme, globex = rig.policy("acme"), rig.policy("globex")
    for policy in (acme, globex):
        assert all(rig.phrases.get(policy.agent.voice, text) for text in policy.fixed_texts())
    assert ((LOOK_UP,), True) == (acme.agent.tools, acme.transfer_available)
    assert ((), False, 60_000) == (globex.agent.tools, globex.transfer_available, globex.duration_max_ms)
    assert rig.policy("initech") is None


async def test_a_change_is_used_once_it_is_rendered():
    """Until then the former version serves; an unchanged tenant keeps its very policy."""
    rig = Rig(tenant("acme"), tenant("globex"))
    await rig.policies.start()
    acme, globex = rig.policy("acme"), rig.policy("globex")
    agent = {**document()["agent"], "greeting": "What is it?"}
    rig.publish(tenant("acme", version=2, agent=agent), tenant("globex"))
    assert rig.policy("acme") is acme
    await rig.policies.update()
    changed = rig.policy("acme")
    assert "What is it?" in changed.opening
    assert rig.phrases.get(changed.agent.voice, changed.opening)
    assert rig.phrases.get(acme.agent.voice, acme.opening), "calls may still say it"
    assert rig.policy("globex") is globex
    await rig.policies.update()
    assert rig.phrases.get(acme.agent.voice, acme.opening) is None, "and then it is forgotten"


async def test_a_tenant_that_is_gone():
    """Its next call is nobody's."""
    rig = Rig(tenant("acme"))
    await rig.policies.start()
    rig.publish()
    await rig.policies.update()
    assert rig.policy("acme") is None


async def test_a_voice_vendor_that_is_down():
    """Tenants are answered all the same; their phrases are rendered later."""
    rig = Rig(tenant("acme"))

    async def down(**_named):
        raise ProviderUnavailable("voice", "down")

    rig.synthesizer.open = down  # type: ignore[method-assign]
    await rig.policies.start()
    assert rig.policy("acme")
    del rig.synthesizer.open
    await rig.policies.update()
    assert rig.phrases.get(rig.policy().agent.voice, rig.policy().opening)


@pytest.mark.parametrize(
    "other", [Voice(names={"polly": "Amy"}), Voice(gender="male"), Voice(language="de-DE")]
)
async def test_phrases_belong_to_a_voice(other: Voice):
    """Two tenants that say the same in different voices do not get each other's."""
    phrases = PhraseCache()
    await phrases.render(FakeSynthesizer(), Voice(), ["Hello."])
    assert phrases.get(Voice(), "Hello.")
    assert phrases.get(other, "Hello.") is None
