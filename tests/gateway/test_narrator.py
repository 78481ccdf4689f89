"""What the softphone is told while a web call goes on (R-WEB)."""

import asyncio

from tests.gateway.rig import FarEnd, World, reply
from tests.gateway.virtual_time import run
from voice_gateway.connection import Connection
from voice_gateway.narrator import Narrator


class WebPhone(FarEnd):
    async def dial(self, gateway, *, token=None, **parameters):
        self.connection = Connection(gateway, self, "web")
        gateway.entered(self.connection)
        self.tell({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        self.tell(self.start_message(token or self.world.token(self.call_sid, channel="web"), **parameters))
        self._ticking = self.loop.create_task(self._tick())

    def told(self, event: str):
        return [message[event] for message in self.sent if message["event"] == event]


async def web_call(world: World):
    gateway = await world.gateway()
    gateway.observers = (*gateway.observers, Narrator.of)
    phone = WebPhone(world)
    await phone.dial(gateway)
    await phone.agent_has_spoken()
    return gateway, phone


def test_transcript_state_and_latency_reach_the_screen():
    """Both sides' words, the agent's state and each turn's delays are told as they happen."""

    async def call():
        world = World()
        gateway, phone = await web_call(world)
        await phone.speak("i want to pay my bill today")
        await phone.agent_has_spoken()
        await phone.hang_up()
        gateway.close()
        transcripts = phone.told("transcript")
        caller = [t for t in transcripts if t["speaker"] == "caller"]
        agent = [t["text"] for t in transcripts if t["speaker"] == "agent" and t["final"]]
        (turn,) = phone.told("turn")

        assert not caller[0]["final"]
        assert ("i want to pay my bill today", True, 1) == (
            caller[-1]["text"],
            caller[-1]["final"],
            caller[-1]["turn"],
        )
        assert ["Hi, this is Ava, an AI assistant. How can I help?", "I see."] == agent[:2]
        assert ["thinking", "speaking", "listening"] == phone.told("state")[:3]
        assert "ended" == phone.told("state")[-1]
        assert turn["latencyMs"] == sum(turn["parts"].values())

    run(call())


def test_what_was_cut_is_shown_as_heard():
    """After an interruption the last word on a clause is its heard part, marked as cut."""

    async def call():
        world = World()
        world.model.script(
            reply("This answer is long enough to be interrupted somewhere in its middle, I hope.")
        )
        gateway, phone = await web_call(world)
        await phone.speak("what plans do you have")
        await phone.agent_starts()
        await asyncio.sleep(1.5)
        await phone.speak("stop please stop it now")
        await phone.agent_starts()
        cut = [t for t in phone.told("transcript") if t.get("cut") and t["final"]]
        memory = phone.memory()
        await phone.hang_up()
        gateway.close()

        assert cut[-1]["text"].strip() == memory[2]

    run(call())


def test_a_typed_turn_interrupts_and_is_answered():
    """The softphone also lets the person type."""

    async def call():
        world = World()
        gateway, phone = await web_call(world)
        phone.tell({"event": "text", "streamSid": phone.stream_sid, "text": "  I typed this.  "})
        await phone.agent_has_spoken()
        memory = phone.memory()
        await phone.hang_up()
        gateway.close()

        assert "I typed this." in memory

    run(call())


def test_a_telephone_gets_none_of_it():
    """Twilio rejects messages it does not know (31924)."""

    async def call():
        world = World()
        gateway = await world.gateway()
        gateway.observers = (*gateway.observers, Narrator.of)
        phone = FarEnd(world)
        await phone.dial(gateway)
        await phone.agent_has_spoken()
        await phone.hang_up()
        gateway.close()

        assert {"media", "mark"} == {message["event"] for message in phone.sent}

    run(call())
