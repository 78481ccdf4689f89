"""D1: everything of AWS is gone - refusing, hanging or throttled - and calls go on and come in."""

import asyncio

import pytest
from msgspec.structs import replace

from switchboard.domain.calls import CallKey, Disposition, NextStep
from switchboard.domain.facts import CallEnded, CallHandedOver, CallResumed, CallStarted, TurnAnswered
from switchboard.ports.checkpoints import Checkpoint
from switchboard.ports.errors import ProviderOverloaded, ProviderUnavailable
from tests.gateway.rig import POLICY, FarEnd, World, a_call
from tests.gateway.virtual_time import run
from voice_gateway.connection import SETUP_TIMEOUT_S
from voice_gateway.replay_guard import TOKENS_MAX, ReplayGuard
from voice_gateway.tenant_policies import TenantPolicy


class Outage:
    """Every store and ledger call ends like this, or never."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    async def __call__(self, *_args, **_named):
        match self._kind:
            case "refused":
                raise ProviderUnavailable("aws", "down")
            case "throttled":
                raise ProviderOverloaded("aws", "throttled")
            case _:
                await asyncio.sleep(3600)


def break_stores(world: World, kind: str) -> None:
    for owner, names in ((world.checkpoints, ("claim", "save", "load")), (world.tokens, ("redeem",))):
        for name in names:
            setattr(owner, name, Outage(kind))


def mend_stores(world: World) -> None:
    for owner in (world.checkpoints, world.tokens):
        for name in [name for name, value in vars(owner).items() if isinstance(value, Outage)]:
            delattr(owner, name)


KINDS = pytest.mark.parametrize("kind", ["refused", "hanging", "throttled"])


@KINDS
def test_a_live_call_finishes(kind):
    """The stores go away in the middle of a call: its turns are as fast as ever, and it ends as it should."""

    async def call():
        world = World()
        async with a_call(world) as phone:
            await phone.agent_has_spoken()
            break_stores(world, kind)
            for _ in range(2):
                await phone.speak("i want to pay my bill today")
                assert await phone.agent_starts() < 1.5
                await phone.agent_stops()
            await phone.hang_up()
            assert Disposition.CALLER_HUNG_UP == phone.session.outcome.disposition

    run(call())


@KINDS
def test_a_new_call_is_answered(kind):
    """Nothing answers: the caller hears the agent after the set-up's deadline at the latest, and can talk to it."""

    async def call():
        world = World()
        break_stores(world, kind)
        async with a_call(world) as phone:
            assert await phone.agent_starts() < SETUP_TIMEOUT_S + 0.2
            await phone.agent_has_spoken()
            await phone.speak("i want to pay my bill today")
            await phone.agent_has_spoken()
            assert 3 == len(phone.memory())

    run(call())


@KINDS
def test_a_store_that_comes_back_gets_the_call(kind):
    """The call is claimed then, and from there on it survives its gateway."""

    async def call():
        world = World()
        break_stores(world, kind)
        async with a_call(world) as phone:
            await phone.agent_has_spoken()
            mend_stores(world)
            await phone.speak("i want to pay my bill today")
            await phone.agent_has_spoken()

            stored = world.checkpoints.checkpoints[phone.key]
            assert 1 == stored.fence == phone.session.fence
            assert "pay my bill" in stored.snapshot
            assert phone.closed is None

    run(call())


def test_a_late_claim_is_one_claim():
    """Two saves at once - a turn's and a tool's - must not fence each other off."""

    async def call():
        world = World()
        break_stores(world, "refused")
        async with a_call(world) as phone:
            await phone.agent_has_spoken()
            mend_stores(world)
            slow_claim = world.checkpoints.claim

            async def claim(key: CallKey) -> Checkpoint:
                await asyncio.sleep(0.1)
                return await slow_claim(key)

            world.checkpoints.claim = claim  # type: ignore[method-assign]
            session = phone.session
            await asyncio.gather(*(session._save(session.outcome) for _ in range(3)))
            assert 1 == session.fence == world.checkpoints.checkpoints[phone.key].fence
            assert phone.closed is None

    run(call())


def test_a_token_is_used_once_per_process_while_the_ledger_is_down():
    """What was accepted, by the ledger or without it, is not accepted here again."""

    async def call():
        world = World()
        gateway = await world.gateway()
        token, without_ledger = (world.token("CA" + "1" * 32) for _ in range(2))
        first, second, *replays = (FarEnd(world) for _ in range(4))
        await first.dial(gateway, token=token)
        await first.agent_starts()
        break_stores(world, "refused")
        await second.dial(gateway, token=without_ledger)
        await second.agent_starts()
        for phone, again in zip(replays, (token, without_ledger), strict=True):
            await phone.dial(gateway, token=again)
            await phone.over()
            assert phone.closed == (1008, "stream token was used before")
        await second.hang_up()
        await first.over()
        gateway.close()

    run(call())


def test_a_forged_token_is_refused_without_the_ledger_too():
    """The fallback replaces the ledger, not the signature, the expiry or the call."""

    async def call():
        world = World()
        break_stores(world, "refused")
        gateway = await world.gateway()
        wanted: list[bool] = []
        gateway.on_forged_token = lambda: wanted.append(True)
        for token in (
            "v1.x.y",
            world.token("CA" + "2" * 32),
            world.token("CA" + "1" * 32, expires_at_s=1_700_000_000),
        ):
            phone = FarEnd(world)
            await phone.dial(gateway, token=token)
            await phone.over()
            assert phone.closed
            assert phone.closed[0] == 1008
        assert wanted == [True]
        gateway.close()

    run(call())


def test_the_replay_guard_is_bounded():
    """Expired tokens make room; where there is none, a token is refused rather than forgotten."""
    guard = ReplayGuard()
    for number in range(TOKENS_MAX):
        assert guard.first_use("acme", str(number), expires_at_s=60, now_s=0)
    assert not guard.first_use("acme", "one more", expires_at_s=60, now_s=59)
    assert guard.first_use("acme", "one more", expires_at_s=120, now_s=60)
    assert guard.first_use("globex", "one more", expires_at_s=120, now_s=60)


def test_a_call_keeps_its_version():
    """F42: a change of the tenant's configuration reaches the next call, never a live one."""

    async def call():
        world = World()
        gateway = await world.gateway()
        first, second = FarEnd(world, "CA" + "1" * 32), FarEnd(world, "CA" + "2" * 32)
        await first.dial(gateway)
        await first.agent_has_spoken()
        world.policy = replace(POLICY, agent=replace(POLICY.agent, greeting="New greeting."))
        await second.dial(gateway)
        await second.agent_has_spoken()
        assert "New greeting." in second.memory()[0]
        assert world.sessions[0].conversation.policy is POLICY
        for phone in (first, second):
            await phone.hang_up()
        gateway.close()

    run(call())


def test_a_tenant_that_is_not_known_here():
    """The socket is closed with a reason, so that the carrier goes on to the webhook; no store hears of the call."""

    async def call():
        world = World()
        world.of = lambda _tenant: None  # type: ignore[method-assign,assignment]
        gateway = await world.gateway()
        phone = FarEnd(world)
        await phone.dial(gateway)
        await phone.over()
        assert phone.closed
        assert phone.closed[0] == 1011
        assert {} == world.checkpoints.checkpoints
        gateway.close()

    run(call())


def test_facts_of_a_call():
    """Started, each answered turn, ended: once each, with one tenant and call, and nothing that was said."""

    async def call():
        world = World()
        world.of = lambda _tenant: TenantPolicy(7, world.policy)  # type: ignore[method-assign,assignment]
        async with a_call(world) as phone:
            await phone.agent_has_spoken()
            await phone.speak("i want to pay my bill today")
            await phone.agent_has_spoken()
            await phone.hang_up()
        facts = world.sink.facts
        assert [CallStarted, TurnAnswered, CallEnded] == [type(fact) for fact in facts]
        started, turn, ended = facts
        assert isinstance(started, CallStarted)
        assert isinstance(turn, TurnAnswered)
        assert isinstance(ended, CallEnded)
        assert {"acme"} == {fact.tenant for fact in facts}
        assert (7, phone.call_sid) == (started.configuration, started.call_id)
        assert turn.latency_ms == turn.endpointing_ms + turn.generation_ms + turn.synthesis_ms > 0
        assert (Disposition.CALLER_HUNG_UP, 1) == (ended.disposition, ended.turns)
        assert 3 == len({fact.id for fact in facts})
        assert "bill" not in repr(facts)

    run(call())


def test_facts_of_a_call_on_two_gateways():
    """Handed over by the one, resumed by the other, ended once."""

    async def call():
        world = World()
        first = await world.gateway()
        phone = FarEnd(world)
        await phone.dial(first)
        await phone.agent_has_spoken()
        await first.drain(0)
        await phone.over()
        async with a_call(world, resume="1") as again:
            await again.agent_has_spoken()
        kinds = [type(fact) for fact in world.sink.facts]
        assert [CallStarted, CallHandedOver, CallResumed, CallEnded] == kinds
        handed_over = world.sink.facts[1]
        assert isinstance(handed_over, CallHandedOver)
        assert handed_over.to == "gateway"
        assert NextStep.HANG_UP == again.session.outcome.next_step

    run(call())
