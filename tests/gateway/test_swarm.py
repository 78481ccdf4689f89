"""Random callers and faults against the whole gateway, frame by frame, in virtual time: the simulator's fine mode.

The coarse simulator (`tests/simulation`) checks the core over thousands of calls; this one checks what lies between the core
and the wire: voice activity, timelines, playout, marks, tasks. Each seed is one call of about a minute.
"""

import asyncio
import random
import time

import pytest
from msgspec.structs import replace

from switchboard.domain.calls import NextStep
from switchboard.ports.errors import ProviderUnavailable
from tests.fakes.model_scripts import Drop, Failure, Pause, Refusal, Reply, Text
from tests.fakes.speech_script import MS_PER_CHAR, Fault
from tests.fakes.synthesizer import FakeSpeech, FakeSynthesizer
from tests.gateway.rig import POLICY, FarEnd, World, reply
from tests.gateway.virtual_time import run

SEEDS = 60
WORD_CHARS = 16
"""No word of the scripts is longer."""
PHRASES = (
    "i want to pay my bill today",
    "what plans do you have for me",
    "stop wait a moment please",
    "my number is four two seven",
    "yes",
    "mm-hm",
    "are you a robot",
)
ANSWERS = (
    "{n} first, I can look into that for you. {n} takes only a moment, and {n} is soon done. {n} all right?",
    "{n} has two ways to be done. {n} online, as it always was, {n} in person or {n} by mail, whatever you like.",
    "{n} yes.",
    "{n} is no problem at all, {n} happens to the best of us, so {n} can be done about it today.",
)


class TellingSynthesizer(FakeSynthesizer):
    """Every text has a sample value of its own, so that the ear can tell what it heard."""

    def __init__(self) -> None:
        super().__init__()
        self.codes: dict[str, int] = {}

    async def open(self, *, voice):
        await super().open(voice=voice)
        return TellingSpeech(self)


class TellingSpeech(FakeSpeech):
    _synthesizer: TellingSynthesizer

    def _audio(self, text: str) -> bytes:
        code = self._synthesizer.codes.setdefault(text, 1 + len(self._synthesizer.codes))
        assert code < 0xFF, "too many texts for one call"
        return bytes([code]) * (len(text) * MS_PER_CHAR * 8)


class Swarm:
    """One seeded call."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.heard: list[bytes] = []
        self.clears = 0
        self.answers = 0

    async def call(self) -> None:
        world = self.world = World(replace(POLICY, duration_max_ms=90_000))
        world.synthesizer = self.voice = TellingSynthesizer()
        chance = self.random
        world.transcriber.delay_s = chance.choice((0.02, 0.12, 0.6))
        world.model._default = None
        world.model.script(*(self.answer() for _ in range(200)))
        gateway = await world.gateway()
        phone = await self.dial(gateway)
        for _ in range(chance.randint(3, 9)):
            await asyncio.sleep(chance.uniform(0.1, 5.0))
            if phone.closed:
                break
            phone = await self.step(phone, gateway)
        self.quiet()
        await asyncio.sleep(chance.uniform(0, 3))
        if not phone.closed:
            await phone.hang_up()
        await phone.over()
        self.note(phone)
        gateway.close()

    async def dial(self, gateway) -> FarEnd:
        phone = FarEnd(self.world)
        phone.lose_marks = self.random.random() < 0.05
        await phone.dial(gateway)
        return phone

    async def step(self, phone: FarEnd, gateway) -> FarEnd:
        """One thing that the caller, a vendor or the network does."""
        chance, world = self.random, self.world
        match chance.choice(("say", "say", "say", "cough", "key", "digits", "drop", "tts", "asr", "frames")):
            case "say":
                phone.say(chance.choice(PHRASES))
            case "cough":
                phone.noise(chance.randint(60, 900))
            case "key":
                phone.press(chance.choice("123"))
            case "digits":
                for digit in "9045":
                    phone.press(digit)
            case "drop":
                phone.drop()
                await phone.over()
                self.note(phone)
                return await self.dial(gateway)
            case "tts":
                world.synthesizer.script.fault = chance.choice((None, None, Fault.DROP_MID_AUDIO))
            case "asr":
                if world.transcriber.streams:
                    world.transcriber.streams[-1].fail(ProviderUnavailable("coded", "dropped"))
            case "frames":
                phone._chunk += chance.randint(1, 20)
        return phone

    def note(self, phone: FarEnd) -> None:
        self.heard.append(bytes(phone.heard))
        self.clears += len(phone.clears_s)

    def answer(self) -> Reply | Refusal:
        chance = self.random
        self.answers += 1
        words = chance.choice(ANSWERS).format(n=f"n{self.answers}").split(" ")
        texts = [f"{word} " for word in words]
        match chance.choice(("good",) * 8 + ("slow", "refused", "broken")):
            case "good":
                return reply(*texts, after_s=chance.uniform(0.05, 0.8), pace_s=chance.uniform(0.005, 0.1))
            case "slow":
                return reply(*texts, after_s=chance.uniform(1.5, 2.9))
            case "refused":
                return Refusal(Failure.OVERLOADED)
            case _:
                return Reply((Pause(0.2), Text("".join(texts[:6])), Drop()))

    def quiet(self) -> None:
        self.world.synthesizer.script.fault = None

    def check(self) -> None:
        sessions = self.world.sessions
        for session in sessions:
            assert session._crash is None
            assert session.conversation.state.dialogue.generation is None or not session.conversation.ended
        last = self.world.checkpoints.checkpoints[sessions[-1].call.key]
        assert last.next_step in (NextStep.HANG_UP, NextStep.TRANSFER)
        self.check_memory()

    def check_memory(self) -> None:
        """M6: of each clause the memory holds what the ear got, to within a word (a resumed word sounds twice)."""
        ear = b"".join(self.heard)
        memory = " ".join(
            m.text for m in self.world.sessions[-1].conversation.history if m.role == "assistant"
        )
        for text, code in self.voice.codes.items():
            heard_chars = ear.count(code) // (MS_PER_CHAR * 8)
            remembered_chars = remembered(text, memory)
            assert remembered_chars <= heard_chars + WORD_CHARS, (text, heard_chars, memory)
            if (
                len(self.world.sessions) == 1
            ):  # a lost socket loses what was heard since the last turn boundary
                lost_chars = heard_chars - remembered_chars
                assert lost_chars <= WORD_CHARS * (1 + self.clears), (text, heard_chars, memory)


def remembered(text: str, memory: str) -> int:
    """How many characters of `text`, cut at words, stand in the memory."""
    words = text.split()
    for count in range(len(words), 0, -1):
        prefix = " ".join(words[:count])
        if prefix in memory:
            return len(prefix)
    return 0


@pytest.mark.parametrize("seed", range(SEEDS))
def test_random_calls_end_well(seed):
    """Whatever the caller and the vendors do, the call ends in one declared way and its memory is true."""
    swarm = Swarm(seed)

    run(swarm.call())

    swarm.check()


def test_the_fine_simulation_is_fast_enough():
    """A minute of call, frame by frame, costs well under a minute: at least 20 times real time even on a busy machine."""
    began_s = time.process_time()
    seconds = 0.0
    for seed in range(1000, 1003):
        swarm = Swarm(seed)
        run(swarm.call())
        seconds += sum(len(ear) for ear in swarm.heard) / 8000
    ratio = seconds / (time.process_time() - began_s)

    assert ratio >= 20
