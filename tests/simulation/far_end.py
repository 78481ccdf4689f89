"""The telephone network and the caller's ear: plays audio in real time, echoes marks, forgets on `clear`."""

from bisect import bisect_right
from typing import TYPE_CHECKING

from tests.simulation import speech
from tests.simulation.observations import AudioRefused, Cleared, Sounded

if TYPE_CHECKING:
    from tests.simulation.world import World

Key = tuple[int, int]
"""An utterance: the fence of the task that said it, and its id there."""
MARK_LATE_MS = (150, 900)
ECHO_JITTER_MS = 30


class FarEnd:
    """One call's line. `stream` is the fence of the task whose socket it listens to."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.latency_ms = world.rng.choice((5, 20, 40, 60, 80))
        self.stream = 0
        self.play_end_ms = 0
        self._blocks: dict[Key, list[tuple[int, int, int]]] = {}
        """By utterance: `(start_ms, end_ms, position_ms)` of what was or will be played."""
        self._pending_marks: dict[str, int] = {}
        self._last_echo_ms = 0
        self._silence_due = False

    def receive(self, fence: int, say_id: int, payload: bytes) -> None:
        """Audio from a task."""
        world = self._world
        if fence != self.stream:
            world.saw("stale owner's audio refused")
            world.note(AudioRefused(fence))
            return
        arrival_ms = world.now_ms + self.latency_ms
        start_ms = max(arrival_ms, self.play_end_ms)
        length_ms = len(payload) // 8
        position_ms = speech.position_ms(payload)
        self._blocks.setdefault((fence, say_id), []).append((start_ms, start_ms + length_ms, position_ms))
        if start_ms > self.play_end_ms or not self._silence_due:
            world.at(start_ms, world.caller.agent_started)
        self.play_end_ms = start_ms + length_ms
        if not self._silence_due:
            self._silence_due = True
            world.at(self.play_end_ms, self._maybe_silent)
        world.note(Sounded(fence, say_id, position_ms, length_ms, start_ms))

    def mark(self, fence: int, name: str) -> None:
        """A mark from a task; echoed when everything before it has been played."""
        world = self._world
        if fence != self.stream:
            return
        if world.faults.strikes("mark lost"):
            world.saw("mark lost")
            return
        delay_ms = self.latency_ms + world.rng.randrange(ECHO_JITTER_MS)
        if world.faults.strikes("mark late"):
            delay_ms += world.rng.randint(*MARK_LATE_MS)
        self._schedule_echo(name, self.play_end_ms + delay_ms)

    def clear(self, fence: int) -> None:
        """Drop what has not been played; every waiting mark comes back at once."""
        if fence != self.stream:
            return
        cut_ms = self._world.now_ms + self.latency_ms
        self._cut(cut_ms)
        self._last_echo_ms = 0
        for name in list(self._pending_marks):
            self._schedule_echo(name, cut_ms + self.latency_ms)
        self._world.note(Cleared(cut_ms))

    def lose(self) -> None:
        """The socket is gone, and with it what was still to be played."""
        self.stream = 0
        self._cut(self._world.now_ms)
        self._pending_marks.clear()

    @property
    def audible(self) -> bool:
        """Whether the agent is to be heard at this moment."""
        return self.play_end_ms > self._world.now_ms + self.latency_ms

    def heard_words(self, key: Key, text: str) -> int:
        """How many words of an utterance have reached the ear by now; a word counts when half of it sounded."""
        return bisect_right(speech.render(text).middles_ms, self.heard_ms(key, self._world.now_ms))

    def heard_whole(self, key: Key, text: str) -> bool:
        """Whether an utterance has reached the ear to the end of its last word."""
        words = speech.render(text).words
        return not words or self.heard_ms(key, self._world.now_ms) >= words[-1][0]

    def heard_ms(self, key: Key, at_ms: int) -> int:
        """How far into an utterance the ear has got at `at_ms`, its leading silence left out."""
        positions = [
            position + min(at_ms, end) - start
            for start, end, position in self._blocks.get(key, ())
            if start < at_ms
        ]
        lead_ms = 0 if key in self._world.fixed_keys else self._world.lead_ms
        return max(positions, default=0) - lead_ms

    def _cut(self, cut_ms: int) -> None:
        if self.play_end_ms <= cut_ms:
            return
        for key, blocks in self._blocks.items():
            if blocks and blocks[-1][1] > cut_ms:
                self._blocks[key] = [(s, min(e, cut_ms), p) for s, e, p in blocks if s < cut_ms]
        self.play_end_ms = cut_ms

    def _schedule_echo(self, name: str, at_ms: int) -> None:
        at_ms = self._last_echo_ms = max(at_ms, self._last_echo_ms)  # one TCP stream keeps its order
        self._pending_marks[name] = at_ms
        self._world.at(at_ms, self._echo, name, at_ms)

    def _echo(self, name: str, at_ms: int) -> None:
        if self._pending_marks.get(name) == at_ms:
            del self._pending_marks[name]
            if self._world.task:
                self._world.task.mark_echoed(name)

    def _maybe_silent(self) -> None:
        if self.play_end_ms > self._world.now_ms:
            self._world.at(self.play_end_ms, self._maybe_silent)
        else:
            self._silence_due = False
            self._world.caller.agent_silent()
