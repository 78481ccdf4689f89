"""Vendors fail, sockets drop, tasks go away: what the caller notices (R-ASR2, R-TTS2, L5, L6, L7, drain)."""

import asyncio

from msgspec.structs import replace

from switchboard.domain.calls import NextStep
from switchboard.domain.messages import ToolCall, ToolSpec
from switchboard.ports.errors import ProviderUnavailable
from tests.fakes.speech_script import Fault
from tests.gateway.rig import POLICY, FarEnd, World, a_call, reply, tool_reply
from tests.gateway.virtual_time import run

BOOK = ToolSpec(
    "book",
    "Book a visit.",
    {"type": "object", "properties": {"day": {"type": "string"}}, "required": ["day"]},
    has_effects=True,
)


def test_a_lost_socket_is_continued_by_another_task_without_greeting_again():
    """L5, L7: after the socket is lost the next task goes on from the last turn; the caller is not greeted twice."""

    async def call():
        world = World()
        first = FarEnd(world)
        gateway = await world.gateway()
        await first.dial(gateway)
        await first.agent_has_spoken()
        await first.speak("i want to pay my bill today")
        await first.agent_has_spoken()
        first.drop()
        await first.over()
        stored = world.checkpoints.checkpoints[first.key]

        second = FarEnd(world)
        other = await world.gateway()
        await second.dial(other, resume="1")
        waited_s = await second.agent_starts()
        await second.agent_stops()
        await second.speak("can you hear me again now")
        await second.agent_has_spoken()
        memory = second.memory()
        await second.hang_up()
        for each in (gateway, other):
            each.close()

        assert (NextStep.RESUME, None) == (stored.next_step, stored.disposition)
        assert waited_s <= 3
        assert 1 == sum(POLICY.agent.greeting in text for text in memory)
        assert ["i want to pay my bill today", "can you hear me again now"] == memory[1::2]

    run(call())


def test_an_unanswered_turn_is_answered_after_the_loss():
    """The caller asked, the socket broke before the answer: the next task answers without being asked again."""

    async def call():
        world = World()
        world.model.script(reply("Too late for this one.", after_s=1.5), reply("You owe forty dollars."))
        first = FarEnd(world)
        gateway = await world.gateway()
        await first.dial(gateway)
        await first.agent_has_spoken()
        await first.speak("how much do i owe you")
        await asyncio.sleep(1.0)
        first.drop()
        await first.over()

        second = FarEnd(world)
        await second.dial(gateway)
        await second.agent_has_spoken()
        await asyncio.sleep(1.0)
        await second.agent_stops()
        memory = second.memory()
        await second.hang_up()
        gateway.close()

        assert "You owe forty dollars." == memory[-1]

    run(call())


def test_a_second_socket_for_a_call_silences_the_first():
    """L6: at most one owner; the half-open older socket says nothing more."""

    async def call():
        world = World()
        gateway = await world.gateway()
        first = FarEnd(world)
        await first.dial(gateway)
        await first.agent_starts()
        second = FarEnd(world)
        await second.dial(gateway)
        await first.over()
        said = len(first.sent)
        await second.agent_has_spoken()
        await second.hang_up()
        gateway.close()

        assert said == len(first.sent)
        assert first.closed is not None

    run(call())


def test_recognition_that_comes_back_costs_no_words():
    """R-ASR2: the recogniser drops in the middle of a sentence; what was said meanwhile still gets its turn."""

    async def call():
        world = World()
        async with a_call(world) as phone:
            await phone.agent_has_spoken()
            world.transcriber.streams[-1].fail(ProviderUnavailable("coded", "dropped"))
            await phone.speak("please tell me about my bill")
            await asyncio.sleep(6)
            await phone.agent_stops()

            assert "please tell me about my bill" in phone.memory()

    run(call())


def test_a_deaf_platform_offers_keys_and_then_a_person():
    """Every recogniser is down: the caller is told, the keypad works, and a person takes over."""

    async def call():
        world = World()
        world.transcriber.open_error = ProviderUnavailable("coded", "down")
        async with a_call(world) as phone:
            await phone.over()

            assert NextStep.TRANSFER == phone.session.outcome.next_step
            assert "The caller could not be heard." == phone.session.conversation.state.transfer_reason

    run(call())


def test_a_voice_that_fails_leads_to_the_carriers_own():
    """R-TTS2's end of the line: no synthesizer speaks, so the call is handed to the webhook, which can."""

    async def call():
        world = World()
        world.model.script(reply("First clause here. ", "Second clause here. ", "Third clause here."))
        async with a_call(world) as phone:
            await phone.agent_has_spoken()
            world.synthesizer.script.fault = Fault.STALL_BEFORE_AUDIO
            phone.say("how much do i owe you")
            await phone.over()

            assert NextStep.TRANSFER == phone.session.outcome.next_step

    run(call())


def test_a_call_goes_on_without_its_store():
    """D1: no checkpoint can be claimed or saved, and the conversation is as good as ever."""

    async def call():
        world = World()
        world.checkpoints.is_down = True
        async with a_call(world) as phone:
            await phone.agent_has_spoken()
            await phone.speak("i want to pay my bill today")
            await phone.agent_has_spoken()

            assert 3 == len(phone.memory())

    run(call())


def test_draining_refuses_new_calls_and_hands_over_old_ones():
    """SIGTERM: live calls may end; after the grace period they are released, resumable, at the end of a clause."""

    async def call():
        world = World()
        gateway = await world.gateway()
        phone = FarEnd(world)
        await phone.dial(gateway)
        await phone.agent_has_spoken()
        draining = asyncio.create_task(gateway.drain(5.0))
        await asyncio.sleep(0.1)
        refusal = gateway.refusal()
        await draining
        await phone.over()

        assert "draining" == refusal
        assert NextStep.RESUME == world.checkpoints.checkpoints[phone.key].next_step
        assert phone.closed is not None

    run(call())


def test_a_failed_transfer_brings_the_caller_back_to_the_agent():
    """Nobody took the transfer: the agent says so and goes on listening."""

    async def call():
        world = World()
        gateway = await world.gateway()
        first = FarEnd(world)
        await first.dial(gateway)
        await first.agent_has_spoken()
        first.press("0")
        await first.over()
        second = FarEnd(world)
        await second.dial(gateway, transfer_failed="no-answer")
        await second.agent_has_spoken()
        await second.speak("then tell me about my bill")
        await second.agent_has_spoken()
        memory = second.memory()
        await second.hang_up()
        gateway.close()

        assert POLICY.phrases.transfer_failed in memory
        assert "then tell me about my bill" in memory

    run(call())


def test_lost_marks_do_not_stop_a_call():
    """M7: a far end that never echoes a mark is answered all the same."""

    async def call():
        world = World(replace(POLICY, no_input_ms=60_000))
        async with a_call(world) as phone:
            phone.lose_marks = True
            await phone.agent_has_spoken()
            await asyncio.sleep(4)
            await phone.speak("i want to pay my bill today")
            await phone.agent_has_spoken()

            assert "i want to pay my bill today" in phone.memory()

    run(call())


def test_a_bug_in_one_call_ends_at_a_person_and_touches_no_other():
    """An exception inside a call keeps its state, closes its socket and leaves the rest of the process alone."""

    async def call():
        world = World()
        gateway = await world.gateway()
        bad, good = FarEnd(world, "CA" + "1" * 32), FarEnd(world, "CA" + "2" * 32)
        await bad.dial(gateway)
        await good.dial(gateway)
        await good.agent_has_spoken()
        session = next(s for s in world.sessions if s.call.call_id == bad.call_sid)

        def broken(*_):
            raise ZeroDivisionError

        session.conversation.handle = broken  # type: ignore[method-assign]  # the bug
        bad.press("1")
        await bad.over()
        await good.speak("i want to pay my bill today")
        await good.agent_has_spoken()
        await good.hang_up()
        gateway.close()

        assert (1011, "internal error") == bad.closed
        assert NextStep.TRANSFER == world.checkpoints.checkpoints[bad.key].next_step
        assert 2 == len(world.model.requests) + 1

    run(call())


def test_a_resumed_agent_says_only_what_was_not_heard():
    """The socket drops in the middle of an answer: the next task goes on from the heard word."""

    async def call():
        world = World()
        world.model.script(reply("One two three four five six seven eight nine ten eleven twelve thirteen."))
        gateway = await world.gateway()
        first = FarEnd(world)
        await first.dial(gateway)
        await first.agent_has_spoken()
        await first.speak("please count for me now")
        await first.agent_starts()
        await asyncio.sleep(2.0)
        first.drop()
        await first.over()
        second = FarEnd(world)
        await second.dial(gateway)
        await second.agent_has_spoken()
        await second.agent_stops()
        memory = second.memory()
        await second.hang_up()
        gateway.close()

        assert "One two three four five six seven eight nine ten eleven twelve thirteen." == memory[-1]
        assert 1 == len(world.model.requests)

    run(call())


def test_a_task_that_has_lost_its_call_runs_no_tool_with_effects():
    """L6: the state is saved, and with it the ownership checked, before anything happens in the world."""

    async def call():
        world = World(replace(POLICY, agent=replace(POLICY.agent, tools=(BOOK,))))
        world.toolbox.specs = (BOOK,)
        world.model.script(tool_reply(ToolCall("t1", "book", {"day": "monday"}), text="One moment. "))
        async with a_call(world) as phone:
            await phone.agent_has_spoken()
            await world.checkpoints.claim(phone.key)
            phone.say("please book it for me")
            await phone.over()

            assert [] == world.toolbox.calls

    run(call())
