"""The other end of an outgoing stream, as Twilio documents it: plays in real time, echoes a mark when everything before it
has been played, and on `clear` drops what it has and returns all its marks at once.
"""

from dataclasses import dataclass, field

from switchboard.media.playout import BYTES_PER_MS, Audio, Fact, Mark, Playout

TIMERS_AT_ONCE_MAX = 3
"""A deadline that stays due is a hot loop."""


@dataclass
class Heard:
    """A stretch of one clip in the caller's ear."""

    say_id: int
    payload: bytes
    start_ms: int

    @property
    def end_ms(self) -> int:
        return self.start_ms + len(self.payload) // BYTES_PER_MS


@dataclass
class FarEnd:
    """Everything that is sent arrives `delay_ms` later, and so do echoes."""

    delay_ms: int = 0
    lost_marks: frozenset[str] = frozenset()
    played: list[Heard] = field(default_factory=list)
    marks: list[tuple[int, str]] = field(default_factory=list)
    """Echoes on their way: when they reach us, and which."""
    end_ms: int = 0

    def receive(self, item: Audio | Mark, now_ms: int) -> None:
        start_ms = max(now_ms + self.delay_ms, self.end_ms)
        if isinstance(item, Audio):
            heard = Heard(item.say_id, item.payload, start_ms)
            self.played.append(heard)
            self.end_ms = heard.end_ms
        elif item.name not in self.lost_marks:
            self.marks.append((start_ms + self.delay_ms, item.name))

    def clear(self, now_ms: int) -> None:
        at_ms = now_ms + self.delay_ms
        for heard in self.played:
            heard.payload = heard.payload[: max(0, at_ms - heard.start_ms) * BYTES_PER_MS]
        self.played = [heard for heard in self.played if heard.payload]
        self.marks = [(min(when, at_ms + self.delay_ms), name) for when, name in self.marks]
        self.end_ms = min(self.end_ms, at_ms)

    def heard_ms(self, say_id: int, at_ms: int) -> int:
        """How much of a clip the caller has heard by then."""
        return sum(
            max(0, min(at_ms, heard.end_ms) - heard.start_ms)
            for heard in self.played
            if heard.say_id == say_id
        )

    @property
    def audio(self) -> bytes:
        """All the caller ever heard."""
        return b"".join(heard.payload for heard in self.played)


class Line:
    """A playout and its far end under virtual time, driven as the gateway drives it; watches the laws."""

    def __init__(self, *, delay_ms: int = 0, lost_marks: frozenset[str] = frozenset()) -> None:
        self.playout = Playout()
        self.far = FarEnd(delay_ms, lost_marks)
        self.now_ms = 0
        self.facts: list[Fact] = []
        self.marks_sent: list[str] = []
        self.unmarked_ms_max = 0
        self._unmarked_ms = 0

    def say(
        self, say_id: int, audio: bytes, words: list[tuple[int, int]] | None = None, text: str = ""
    ) -> None:
        """A clip whose audio is all there."""
        self.playout.begin(say_id, text or f"clip {say_id}")
        self.playout.feed(say_id, audio, words or [])
        self.playout.complete(say_id)
        self.pump()

    def pump(self) -> None:
        for item in self.playout.pull(self.now_ms):
            self._watch(item)
            self.far.receive(item, self.now_ms)
        self.facts += self.playout.facts(self.now_ms)

    def wait(self, until_ms: int) -> None:
        at_once = 0
        while (due := self._due()) is not None and due <= until_ms:
            at_once = at_once + 1 if due <= self.now_ms else 0
            assert at_once <= TIMERS_AT_ONCE_MAX + len(self.far.marks), f"a hot loop at {self.now_ms}"
            self.now_ms = max(self.now_ms, due)
            self._deliver_marks()
            self.pump()
        self.now_ms = max(self.now_ms, until_ms)

    def wait_for_silence(self) -> None:
        limit_ms = self.now_ms + 120_000
        while not self.playout.silent and self.now_ms < limit_ms:
            due = self._due()
            assert due is not None, "something is left, and nothing is due"
            self.wait(due)

    def pause(self) -> None:
        if self.playout.audible:
            self.far.clear(self.now_ms)
        self.facts += self.playout.pause(self.now_ms)
        self._unmarked_ms = 0

    def resume(self) -> None:
        self.playout.resume(self.now_ms)
        self.pump()

    def stop(self) -> None:
        if self.playout.audible:
            self.far.clear(self.now_ms)
        self.facts += self.playout.stop(self.now_ms)
        self._unmarked_ms = 0

    def _due(self) -> int | None:
        times = [when for when, _ in self.far.marks]
        if self.playout.deadline_ms is not None:
            times.append(self.playout.deadline_ms)
        return min(times, default=None)

    def _deliver_marks(self) -> None:
        due = [name for when, name in self.far.marks if when <= self.now_ms]
        self.far.marks = [(when, name) for when, name in self.far.marks if when > self.now_ms]
        for name in due:
            self.facts += self.playout.mark_echoed(name, self.now_ms)

    def _watch(self, item: Audio | Mark) -> None:
        if isinstance(item, Mark):
            assert item.name not in self.marks_sent, "mark names are unique"
            self.marks_sent.append(item.name)
            self._unmarked_ms = 0
        else:
            self._unmarked_ms += len(item.payload) // BYTES_PER_MS
        self.unmarked_ms_max = max(self.unmarked_ms_max, self._unmarked_ms)
