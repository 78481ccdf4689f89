"""A caller on the line: the voice loop as it is heard, in virtual time (R-LOOP, R-TURN, R-BARGE, R-STALL, R-CLAR, R-IDLE, R-DTMF)."""

import asyncio

from msgspec.structs import replace

from switchboard.domain.calls import Disposition, NextStep
from switchboard.domain.messages import ToolCall
from tests.fakes.model_scripts import Failure, Refusal
from tests.gateway.rig import POLICY, World, a_call, reply, tool_reply
from tests.gateway.virtual_time import run

LONG_ANSWER = (
    "We have three plans for you to choose from. ",
    "The first one is called Basic and costs twenty dollars a month. ",
    "The second one is called Plus and costs forty dollars a month. ",
    "The third one is called Max and costs sixty dollars a month.",
)


def test_the_agent_greets_and_says_that_it_is_an_ai():
    """The first words of a call are the disclosure and the greeting (C7)."""

    async def call():
        async with a_call() as phone:
            await phone.agent_has_spoken()

            assert ["Hi, this is Ava, an AI assistant. How can I help?"] == phone.memory()

    run(call())


def test_a_turn_is_answered_within_the_budget():
    """R-LOOP: the first audio comes within 800 ms of the caller's last sound, the model's 300 ms included."""

    async def call():
        world = World()
        world.model.script(reply("Sure, I can help with that. ", "What is your name?"))
        async with a_call(world) as phone:
            await phone.agent_has_spoken()
            await phone.speak("i want to pay my bill today")
            waited_s = await phone.agent_starts()
            await phone.agent_stops()

            said = ["i want to pay my bill today", "Sure, I can help with that. What is your name?"]
            assert said == phone.memory()[1:]
            assert waited_s <= 0.8

    run(call())


def test_the_model_is_asked_before_the_turn_is_over():
    """Speculation hides at least 150 ms of the model's first token where the end of the turn is predictable."""

    async def call():
        async with a_call() as phone:
            await phone.agent_has_spoken()
            await phone.speak("please tell me about my bill")
            await phone.agent_starts()
            state = phone.session.conversation.state

            assert 1 == len(phone.world.model.requests)
            assert 1 == state.dialogue.turns

    run(call())


def test_a_spoken_number_is_not_cut_off():
    """R-TURN: a breath inside "my number is eight five oh" does not end the turn."""

    async def call():
        async with a_call() as phone:
            await phone.agent_has_spoken()
            await phone.speak("my number is eight five oh")
            await asyncio.sleep(1.2)
            await phone.speak("six eight seven")
            await phone.agent_starts()

            assert "my number is eight five oh six eight seven" == phone.memory()[1]

    run(call())


def test_a_barge_in_silences_the_agent_at_once_and_memory_holds_what_was_heard():
    """R-BARGE: `clear` within 200 ms of the caller's first sound, and the memory stops within a word of the ear."""

    async def call():
        world = World()
        world.model.script(reply(*LONG_ANSWER))
        async with a_call(world) as phone:
            await phone.agent_has_spoken()
            await phone.speak("what plans do you have")
            await phone.agent_starts()
            await asyncio.sleep(4.0)
            phone.say("stop i want a person now")
            begin_s = phone.loop.time()
            await phone.finished_saying()
            await phone.agent_starts()

            heard = phone.memory()[2]
            spoken_s = phone.clears_s[0] - begin_s + 4.0
            expected_chars = int(spoken_s * 1000 / 60)
            assert phone.clears_s[0] - begin_s <= 0.2
            assert "".join(LONG_ANSWER).startswith(heard)
            assert abs(len(heard) - expected_chars) <= 12
            assert "stop i want a person now" == phone.memory()[3]

    run(call())


def test_a_cough_only_makes_the_agent_pause():
    """A candidate interruption without words is rejected: the agent goes on within a second and loses no word."""

    async def call():
        world = World()
        world.model.script(reply(*LONG_ANSWER))
        async with a_call(world) as phone:
            await phone.agent_has_spoken()
            await phone.speak("what plans do you have")
            await phone.agent_starts()
            await asyncio.sleep(2.0)
            phone.noise(300)
            await phone.finished_saying()
            await phone.agent_starts(within_s=1.0)
            await phone.agent_stops()

            assert 1 == len(phone.clears_s)
            assert "".join(LONG_ANSWER) == phone.memory()[2]

    run(call())


def test_a_back_channel_does_not_take_the_floor():
    """R-TURN: "mm-hm" under the agent's speech is no interruption and no turn."""

    async def call():
        world = World()
        world.model.script(reply(*LONG_ANSWER))
        async with a_call(world) as phone:
            await phone.agent_has_spoken()
            await phone.speak("what plans do you have")
            await phone.agent_starts()
            await asyncio.sleep(2.0)
            await phone.speak("mm-hm")
            await phone.agent_starts(within_s=1.0)
            await phone.agent_stops()
            await asyncio.sleep(2.0)

            assert ["what plans do you have", "".join(LONG_ANSWER)] == phone.memory()[1:]

    run(call())


def test_a_silent_model_is_covered_by_a_stall_phrase():
    """R-STALL: two seconds after the caller's last sound something is heard, and the answer still comes."""

    async def call():
        world = World()
        world.model.script(reply("Here is your answer.", after_s=2.9))
        async with a_call(world) as phone:
            await phone.agent_has_spoken()
            await phone.speak("how much do i owe you")
            waited_s = await phone.agent_starts()
            await phone.agent_stops()
            await phone.agent_stops()
            await asyncio.sleep(1.0)

            assert 1.9 <= waited_s <= 2.2
            assert "Here is your answer." == phone.memory()[-1]

    run(call())


def test_three_failures_of_the_model_lead_to_a_person():
    """R-STALL: the third failure in a call hands it over, with the reason."""

    async def call():
        world = World()
        world.model.failure = Failure.SERVER_ERROR
        async with a_call(world) as phone:
            await phone.agent_has_spoken()
            await phone.speak("how much do i owe you")
            await phone.agent_has_spoken()
            phone.say("hello can you hear me now")
            await phone.over()

            stored = world.checkpoints.checkpoints[phone.key]
            assert NextStep.TRANSFER == stored.next_step
            assert "The agent could not answer." == phone.session.conversation.state.transfer_reason

    run(call())


def test_without_anybody_to_transfer_to_a_failing_agent_says_goodbye():
    """A truthful goodbye, then the end: never silence."""

    async def call():
        world = World(replace(POLICY, transfer_available=False))
        world.model.failure = Failure.SERVER_ERROR
        async with a_call(world) as phone:
            await phone.agent_has_spoken()
            await phone.speak("how much do i owe you")
            await phone.agent_has_spoken()
            phone.say("hello can you hear me now")
            await phone.over()

            stored = world.checkpoints.checkpoints[phone.key]
            assert (NextStep.HANG_UP, Disposition.FAILED) == (stored.next_step, stored.disposition)

    run(call())


def test_unclear_speech_is_asked_about_and_never_acted_on():
    """R-CLAR: below 0.6 the agent asks again; the model is not asked."""

    async def call():
        world = World()
        world.transcriber.confidence = 0.4
        async with a_call(world) as phone:
            await phone.agent_has_spoken()
            await phone.speak("mumble mumble something else")
            await phone.agent_has_spoken()

            assert [] == world.model.requests
            assert POLICY.phrases.unclear[0] not in phone.memory()
            assert 1 == phone.session.conversation.state.dialogue.unclear

    run(call())


def test_a_silent_caller_is_asked_twice_and_then_let_go():
    """R-IDLE: prompts after 6-10 s each, a goodbye, and the disposition no_input."""

    async def call():
        async with a_call() as phone:
            await phone.agent_has_spoken()
            begin_s = phone.loop.time()
            first_s = await phone.agent_starts(within_s=11)
            await phone.agent_stops()
            second_s = await phone.agent_starts(within_s=11)
            await phone.over()

            assert 6 <= first_s <= 10
            assert 6 <= second_s <= 10
            assert phone.loop.time() - begin_s < 60
            assert Disposition.NO_INPUT == phone.session.outcome.disposition

    run(call())


def test_a_call_ends_politely_at_its_longest_duration():
    """R-IDLE: the maximum is announced, then the call ends."""

    async def call():
        async with a_call(World(replace(POLICY, duration_max_ms=20_000, no_input_ms=60_000))) as phone:
            await phone.over()

            assert Disposition.DURATION_LIMIT == phone.session.outcome.disposition
            assert phone.loop.time() < 1000 + 20 + 10

    run(call())


def test_a_menu_key_interrupts_and_is_answered_like_words():
    """R-DTMF: a key wins over the agent's speech within 100 ms and counts as a turn."""

    async def call():
        async with a_call() as phone:
            await phone.agent_starts()
            await asyncio.sleep(1.0)
            begin_s = phone.loop.time()
            phone.press("1")
            await asyncio.sleep(0.02)
            await phone.agent_starts()

            assert phone.clears_s[0] - begin_s <= 0.1
            assert POLICY.keys["1"] in phone.memory()

    run(call())


def test_digits_are_collected_until_the_pause_or_the_hash():
    """R-DTMF: an account number by keys is one turn."""

    async def call():
        world = World()
        world.model.script(reply("What is your account number?"))
        async with a_call(world) as phone:
            await phone.agent_has_spoken()
            await phone.speak("i have a question about my bill")
            await phone.agent_has_spoken()
            for digit in "427109#":
                phone.press(digit)
                await asyncio.sleep(0.3)
            await phone.agent_starts()

            assert "427109" == phone.memory()[-1]

    run(call())


def test_zero_gets_a_person():
    """R-DTMF: zero is announced and carried out, and the caller is never argued with."""

    async def call():
        async with a_call() as phone:
            await phone.agent_has_spoken()
            phone.press("0")
            await phone.over()

            assert NextStep.TRANSFER == phone.session.outcome.next_step
            assert (1000, "call over") == phone.closed

    run(call())


def test_a_tool_is_run_and_its_answer_spoken():
    """The model asks for a tool, the tool answers, the model goes on in the same turn."""

    async def call():
        world = World()
        world.model.script(
            tool_reply(ToolCall("t1", "look_up", {"key": "bill"}), text="One moment, I will look. "),
            reply("You owe forty-two dollars."),
        )
        async with a_call(world) as phone:
            await phone.agent_has_spoken()
            await phone.speak("how much do i owe you")
            await phone.agent_has_spoken()
            await asyncio.sleep(1)
            await phone.agent_stops()

            assert [{"key": "bill"}] == world.toolbox.calls
            assert ["One moment, I will look.", "You owe forty-two dollars."] == phone.memory()[2:]

    run(call())


def test_a_refused_model_is_retried_once_and_then_apologises():
    """A speculation, an answer and its repetition fail: that costs the caller a moment, not the call."""

    async def call():
        world = World()
        world.model.script(*[Refusal(Failure.OVERLOADED)] * 3, reply("All good now."))
        async with a_call(world) as phone:
            await phone.agent_has_spoken()
            await phone.speak("how much do i owe you")
            await phone.agent_has_spoken()
            await phone.speak("how much do i owe you please")
            await phone.agent_has_spoken()

            assert "All good now." == phone.memory()[-1]

    run(call())
