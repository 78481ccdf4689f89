"""A seeded caller: listens, speaks, hesitates, interrupts, murmurs, coughs, presses keys, falls silent, hangs up."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from switchboard.conversation import events as ev
from tests.simulation.observations import CallerSpoke

if TYPE_CHECKING:
    from tests.simulation.world import World

WORD_MS: Final = 280
VAD_ONSET_MS: Final = (96, 128)
VAD_HANGOVER_MS: Final = 200
PATIENCE_MS: Final = (8_000, 20_000)

REQUESTS: Final = (
    "what is my balance please",
    "I want to change my plan",
    "my internet is very slow since yesterday",
    "how much is roaming in spain",
    "can you book a technician for tomorrow morning",
    "is there a cheaper plan for my daughter",
    "I did not get the invoice for january",
)
SHORT: Final = ("yes", "no thanks", "why", "tomorrow", "help", "what")
UNFINISHED: Final = (
    ("my account number is", "eight five oh", "six eight seven"),
    ("I would like to", "cancel my contract"),
    ("it is about the", "um", "second invoice from you"),
    ("seven seven", "two one", "nine four"),
)
HUMAN: Final = (
    "are you a human",
    "wait am I talking to a robot",
    "are you a real person because I have a long question about my last two invoices",
)
PERSON: Final = ("I want to talk to a person please", "give me a person now")
BYE: Final = ("that was all goodbye", "thanks goodbye")
INTERRUPTIONS: Final = (
    "no wait that is not what I asked",
    "stop",
    "sorry can I ask something else first",
    "hold on a second please",
)
MURMURS: Final = ("mm-hm", "okay", "right", "uh-huh", "yeah okay")
HELLO: Final = ("hello", "are you there")
MONOLOGUE: Final = " and then ".join(REQUESTS)


class Caller:
    """One persona; its traits are drawn once."""

    def __init__(self, world: "World") -> None:
        rng = world.rng
        self._world = world
        self.gone = False
        self.talking_until_ms = 0
        self._voice_until_ms = -1
        """Until when the detector takes the caller to be speaking."""
        self._turns_left = rng.choice((0, 0, 1, 1, 1, 2, 2, 4))
        self._interrupts = rng.choice((0.0, 0.1, 0.3, 0.7))
        self._murmurs = rng.choice((0.0, 0.2, 0.4, 0.8))
        self._silence = rng.choice((0.0, 0.0, 0.05, 0.3, 0.95))
        self._keys = rng.choice((0.0, 0.0, 0.1, 0.5))
        self._mumbles = rng.choice((0.0, 0.0, 0.1, 0.6))
        self._types = rng.choice((0.0, 0.0, 0.0, 0.3))
        self._collides = rng.random() < 0.1
        self._intention = 0

    def arrive(self) -> None:
        """The call begins."""
        world, rng = self._world, self._world.rng
        if rng.random() < 0.12:
            world.at(rng.randint(200, 60_000), self.hang_up)
        if rng.random() < 0.1:
            world.at(rng.randint(0, 2500), self._say, rng.choice(INTERRUPTIONS), "interrupts")
        if world.faults.active("noise"):
            for _ in range(rng.randint(1, 6)):
                world.at(rng.randint(500, 60_000), self._cough)
        if world.faults.strikes("asr dies"):
            world.at(rng.randint(0, 40_000), world.recogniser.die)
        self._intend(rng.randint(*PATIENCE_MS), self._wonder)

    def agent_started(self) -> None:
        """The agent begins to sound."""
        world, rng = self._world, self._world.rng
        if not self._collides:
            self._intention += 1
        if self.talking_until_ms > world.now_ms:
            return
        if rng.random() < self._interrupts:
            within_ms = rng.choice((400, 2500, 6000))
            world.at(world.now_ms + rng.randint(60, within_ms), self._interrupt)
        elif rng.random() < self._murmurs:
            world.at(world.now_ms + rng.randint(500, 4000), self._murmur)

    def agent_silent(self) -> None:
        """The agent has stopped: perhaps it is the caller's turn."""
        rng = self._world.rng
        if self.talking_until_ms > self._world.now_ms:
            return
        if rng.random() < self._silence:
            return  # not a word, until the line is closed or a prompt helps
        self._intend(rng.randint(250, 1800), self._take_turn)

    def hang_up(self) -> None:
        """Leave, whatever is going on."""
        if not self.gone:
            self.gone = True
            if self._world.far_end.play_end_ms > self._world.now_ms:
                self._world.saw("hang-up while the agent speaks")
            self._world.caller_left()

    def heard_anew(self) -> None:
        """A new socket listens: its detector finds a voice that is in the middle of speaking."""
        self._voice_until_ms = -1
        if self.speaking():
            self._voice(self._world.now_ms, self.talking_until_ms)

    def speaking(self) -> bool:
        """Whether the caller makes a sound right now."""
        return self.talking_until_ms > self._world.now_ms

    # -- What a caller may do ---------------------------------------------------------------------

    def _take_turn(self) -> None:
        rng = self._world.rng
        if self._turns_left <= 0:
            if rng.random() < 0.5:
                self._world.at(self._world.now_ms + 100, self.hang_up)
            else:
                self._say(rng.choice(BYE), "answers")
            return
        self._turns_left -= 1
        roll = rng.random()
        if rng.random() < self._keys:
            self._press()
        elif rng.random() < self._types:
            self._world.saw("typed turn")
            self._world.feed(ev.UserTurnEnded(rng.choice(REQUESTS)))
        elif roll < 0.55:
            self._say(rng.choice(REQUESTS), "answers")
        elif roll < 0.7:
            self._say_in_parts(rng.choice(UNFINISHED))
        elif roll < 0.84:
            self._say(rng.choice(SHORT), "answers")
        elif roll < 0.91:
            self._say(rng.choice(HUMAN), "answers")
        elif roll < 0.95:
            self._say(rng.choice(PERSON), "answers")
        else:
            self._say(MONOLOGUE, "monologue")

    def _wonder(self) -> None:
        """Nothing has been heard for a long time."""
        if self._world.rng.random() < 0.5:
            self.hang_up()
        else:
            self._say(self._world.rng.choice(HELLO), "wonders")

    def _interrupt(self) -> None:
        if not self.speaking():
            self._say(self._world.rng.choice(INTERRUPTIONS), "interrupts")

    def _murmur(self) -> None:
        if not self.speaking():
            self._say(self._world.rng.choice(MURMURS), "murmurs")

    def _cough(self) -> None:
        world = self._world
        if self.gone or self.speaking():
            return
        end_ms = world.now_ms + world.rng.choice((120, 250, 500, 2200))
        self._voice(world.now_ms, end_ms)
        self.talking_until_ms = end_ms
        world.note(CallerSpoke("coughs", "", end_ms))

    def _press(self) -> None:
        rng, world = self._world.rng, self._world
        keys = rng.choice(("1", "2", "3", "0", "7", "123456", "850687#", "42", "*", "#"))
        at_ms = world.now_ms
        for key in keys:
            world.at(at_ms, self._key, key)
            at_ms += rng.randint(120, 600)

    def _key(self, key: str) -> None:
        if not self.gone:
            self._world.feed(ev.DigitPressed(key))
            self._intend(self._world.rng.randint(*PATIENCE_MS), self._wonder)

    # -- Making sound -----------------------------------------------------------------------------

    def _say_in_parts(self, parts: tuple[str, ...]) -> None:
        """A sentence or a number with pauses for breath."""
        rng = self._world.rng
        if self.gone or self.speaking():
            return
        at_ms = self._world.now_ms
        for part in parts:
            at_ms = self._utter(part, at_ms) + rng.randint(250, 1100)
        self._spoken("hesitates", " ".join(parts), at_ms)

    def _say(self, text: str, manner: str) -> None:
        if self.gone or self.speaking():
            return
        if self._world.far_end.play_end_ms > self._world.now_ms and manner == "answers":
            manner = "interrupts"
        self._spoken(manner, text, self._utter(text, self._world.now_ms))

    def _spoken(self, manner: str, text: str, end_ms: int) -> None:
        self.talking_until_ms = end_ms
        self._world.note(CallerSpoke(manner, text, end_ms))
        wait_ms = end_ms - self._world.now_ms + self._world.rng.randint(*PATIENCE_MS)
        self._intend(wait_ms, self._wonder)

    def _utter(self, text: str, from_ms: int) -> int:
        """Speak without a pause; returns when the last word ends."""
        world, rng = self._world, self._world.rng
        words = []
        at_ms = from_ms
        for word in text.split():
            at_ms += WORD_MS
            words.append((at_ms, word))
        confidence = rng.uniform(0.2, 0.58) if rng.random() < self._mumbles else rng.uniform(0.75, 0.99)
        if from_ms <= world.now_ms:
            world.recogniser.hear(words, confidence)
        else:
            world.at(from_ms, world.recogniser.hear, words, confidence)
        if world.faults.strikes("voice unnoticed"):
            world.saw("words without voice activity")
        else:
            self._voice(from_ms, at_ms)
        return at_ms

    def _voice(self, start_ms: int, end_ms: int) -> None:
        """What the voice activity detector tells."""
        world = self._world
        onset_ms = start_ms + world.rng.randint(*VAD_ONSET_MS)
        world.at(onset_ms, self._voice_started, start_ms, end_ms, world.store.fence)

    def _voice_started(self, start_ms: int, end_ms: int, stream: int) -> None:
        world = self._world
        if stream != world.store.fence:
            return
        if world.now_ms > self._voice_until_ms:
            world.feed(ev.UserSpeechStarted(start_ms))
        hangover_ms = VAD_HANGOVER_MS + world.rng.randrange(32)
        self._voice_until_ms = max(self._voice_until_ms, end_ms + hangover_ms)
        world.at(end_ms + hangover_ms, self._voice_ended, end_ms, stream)

    def _voice_ended(self, end_ms: int, stream: int) -> None:
        if stream == self._world.store.fence and self._world.now_ms >= self._voice_until_ms:
            self._world.feed(ev.UserSpeechEnded(min(end_ms, self._world.now_ms)))

    def _intend(self, delay_ms: int, what: Callable[[], None]) -> None:
        self._intention += 1
        self._world.at(self._world.now_ms + delay_ms, self._carry_out, self._intention, what)

    def _carry_out(self, intention: int, what: Callable[[], None]) -> None:
        if intention == self._intention and not self.gone:
            what()
