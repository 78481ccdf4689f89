"""A caller on the line: the voice loop as it is heard, in virtual time."""

from tests.gateway.rig import World, a_call, reply
from tests.gateway.virtual_time import run


def test_the_agent_greets_and_says_that_it_is_an_ai():
    """The first words of a call are the disclosure and the greeting."""

    async def call():
        async with a_call() as phone:
            await phone.agent_has_spoken()

            assert ["Hi, this is Ava, an AI assistant. How can I help?"] == phone.memory()

    run(call())


def test_a_turn_is_answered_within_the_budget():
    """Speech, silence, answer: the first audio comes within 800 ms of the caller's last sound."""

    async def call():
        world = World()
        world.model.script(reply("Sure, I can help with that. ", "What is your name?"))
        async with a_call(world) as phone:
            await phone.agent_has_spoken()
            phone.say("i want to pay my bill today")
            await phone.finished_saying()
            waited_s = await phone.agent_starts()
            await phone.agent_stops()

            assert waited_s <= 0.8
            assert ["i want to pay my bill today", "Sure, I can help with that. What is your name?"] == phone.memory()[1:]

    run(call())
