"""A speech recogniser: interim results that are revised, finals that come late, twice, or never."""

from typing import TYPE_CHECKING

from switchboard.conversation import events as ev

if TYPE_CHECKING:
    from tests.simulation.world import World

WORD_LATENCY_MS = 120
INTERIM_EVERY_WORDS = 3
SILENCE_MS = 300
"""The recogniser's own endpointing: a final result this long after the last word, unless asked before."""
ANSWER_MS = (60, 260)


class Recogniser:
    """One call's recognition. A new socket begins with an empty one."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._words: list[tuple[int, str]] = []
        self._confidence = 1.0
        self._stream = 0
        self.dead = False

    def reconnect(self, fence: int) -> None:
        """A new stream for a new task; what the old one had not told is lost."""
        self._words.clear()
        self._stream = fence
        self.dead = False

    def hear(self, words: list[tuple[int, str]], confidence: float) -> None:
        """The caller is about to say `words`, each with the time it ends."""
        if not self._stream or self.dead or not words:
            return
        world = self._world
        self._words += words
        self._confidence = confidence
        told = () if world.coarse else range(INTERIM_EVERY_WORDS - 1, len(words), INTERIM_EVERY_WORDS)
        for index in told:
            delay_ms = WORD_LATENCY_MS + world.rng.randrange(150)
            world.at(words[index][0] + delay_ms, self._interim, self._stream)
        delay_ms = WORD_LATENCY_MS + SILENCE_MS + world.rng.randrange(200)
        if world.faults.strikes("final late"):
            delay_ms += world.rng.randint(500, 3500)
        world.at(words[-1][0] + delay_ms, self._final, self._stream, False)

    def finalize(self, fence: int) -> None:
        """The core asks for what there is."""
        world = self._world
        if fence != self._stream or self.dead or world.faults.strikes("finalize unanswered"):
            return
        delay_ms = world.rng.randint(*ANSWER_MS)
        if world.faults.strikes("final late"):
            delay_ms += world.rng.randint(500, 3000)
        world.at(world.now_ms + delay_ms, self._final, self._stream, True)

    def die(self) -> None:
        """Nobody recognises this caller any more."""
        if self._stream and not self.dead:
            self.dead = True
            self._words.clear()
            self._world.saw("recognition died")
            self._world.feed(ev.TranscriptionFailed())

    def _said(self) -> list[str]:
        heard_until_ms = self._world.now_ms - WORD_LATENCY_MS
        return [word for end_ms, word in self._words if end_ms <= heard_until_ms]

    def _interim(self, stream: int) -> None:
        words = self._said()
        if stream != self._stream or self.dead or not words:
            return
        world = self._world
        if world.faults.strikes("interim revised"):
            world.saw("interim revised")
            words = world.rng.choice((words[:-1], [*words[:-1], "perhaps"], [*words, words[-1]]))
        if words:
            world.feed(ev.TranscriptUpdated(" ".join(words)))

    def _final(self, stream: int, flushed: bool) -> None:
        if stream != self._stream or self.dead:
            return
        words = self._said()
        if not words and not flushed:
            return
        del self._words[: len(words)]
        world = self._world
        event = ev.TranscriptFinalized(" ".join(words), self._confidence if words else 1.0, flushed)
        world.feed(event)
        if words and world.faults.strikes("final twice"):
            world.saw("final twice")
            world.at(world.now_ms + world.rng.randint(10, 400), self._again, stream, event)

    def _again(self, stream: int, event: ev.TranscriptFinalized) -> None:
        if stream == self._stream and not self.dead:
            self._world.feed(event)
