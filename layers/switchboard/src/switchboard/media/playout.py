"""What has been sent to the far end, and what of it the caller has heard.

The far end buffers what we send and echoes a mark when everything before it has been played. A mark also comes back when
`clear` dropped its audio (Twilio, "mark" and "clear" messages), so echoes of cleared marks are not taken for hearing.
Between marks the position is estimated from the time since the last known point. Positions are milliseconds of audio
since the call began, what was cleared left out.

Laws: at most `ahead_ms` of audio is out and unheard; a mark at least every `MARK_EVERY_MS`; heard never exceeds sent and
never goes backwards; clips play in order, each is started once and finished at most once.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from switchboard.media.heard import heard_chars, resume_point_ms

AHEAD_MS = 1000
"""Audio at the far end that has not been heard: enough to ride out a stall of ours, little enough to clear cheaply."""
BLOCK_MS = 200
"""Audio in one message: five messages a second instead of fifty cost the event loop a tenth."""
MARK_EVERY_MS = 400
MARK_LATE_MS = 1000
"""A mark this overdue is taken for lost. Longer than any jitter, and short enough that the end of our speech, learnt this
late, still leaves time to break the silence (invariants M4 and M8)."""
ROUND_TRIP_MS_MAX = 200
"""An echo later than this is not the network's delay but a far end that began to play later."""
CLIP_BYTES_MAX = 60_000 * 8
"""A minute of speech in one clause is a synthesizer gone mad."""
BYTES_PER_MS = 8
SILENCE = 0xFF


@dataclass(frozen=True, slots=True)
class Started:
    """The first audio of a clip is being heard."""

    say_id: int


@dataclass(frozen=True, slots=True)
class Progressed:
    """The first `heard_chars` characters of a clip have been heard."""

    say_id: int
    heard_chars: int


@dataclass(frozen=True, slots=True)
class Finished:
    """A clip has been heard to its end."""

    say_id: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A clip's audio ended before its text did; `Progressed` for it came just before."""

    say_id: int


Fact = Started | Progressed | Finished | Failed


@dataclass(frozen=True, slots=True)
class Audio:
    """Send this mu-law audio now; it belongs to `say_id`."""

    say_id: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """Send a mark with this name now."""

    name: str


@dataclass(slots=True)
class Clip:
    """One utterance's audio, 8 kHz mu-law."""

    say_id: int
    text: str
    audio: bytearray = field(default_factory=bytearray)
    words: list[tuple[int, int]] = field(default_factory=list)
    complete: bool = False
    failed: bool = False
    sent_ms: int = 0
    heard_ms: int = 0
    started: bool = False

    @property
    def length_ms(self) -> int:
        """What has arrived so far."""
        return len(self.audio) // BYTES_PER_MS

    @property
    def ended(self) -> bool:
        """Whether no more audio comes."""
        return self.complete or self.failed

    @property
    def sent(self) -> bool:
        """Whether all of it is out."""
        return self.ended and self.sent_ms >= self.length_ms


@dataclass(slots=True)
class _Block:
    """A stretch of a clip that is out, by its place among all audio sent."""

    clip: Clip
    clip_from_ms: int
    start_ms: int
    end_ms: int
    mark: str = ""
    due_ms: int = 0


class Playout:
    """One call's outgoing audio. Time is an argument, in integer milliseconds."""

    def __init__(self, *, ahead_ms: int = AHEAD_MS, block_ms: int = BLOCK_MS) -> None:
        assert ahead_ms >= 2 * block_ms, "one block plays while the next is on its way"
        self._ahead_ms = ahead_ms
        self._block_ms = block_ms
        self._clips: deque[Clip] = deque()
        self._out: deque[_Block] = deque()
        self._sent_ms = 0
        self._certain_ms = 0
        self._base_ms = 0
        self._base_at_ms = 0
        self._round_trip_ms: int | None = None
        """Shortest delay between a mark's expected and its real echo: what the network adds."""
        self._marks = 0
        self._unmarked_ms = 0
        self._paused = False

    def begin(self, say_id: int, text: str, *, urgent: bool = False) -> None:
        """Open a clip behind all others; an urgent one overtakes those without any audio yet."""
        waiting = [index for index, clip in enumerate(self._clips) if not clip.audio] if urgent else []
        self._clips.insert(waiting[0] if waiting else len(self._clips), Clip(say_id, text))

    def feed(self, say_id: int, audio: bytes, words: Sequence[tuple[int, int]] = ()) -> None:
        """Append audio to a clip; `words` are `(end_ms, end_char)` counted from the clip's start.

        Audio for a clip that was stopped meanwhile is ignored.
        """
        clip = self._find(say_id)
        if clip and len(clip.audio) < CLIP_BYTES_MAX:
            clip.audio += audio
            clip.words.extend(words)

    def complete(self, say_id: int) -> None:
        """No more audio comes for this clip."""
        clip = self._find(say_id)
        if clip:
            clip.audio += bytes([SILENCE]) * (-len(clip.audio) % BYTES_PER_MS)
            clip.complete = True

    def fail(self, say_id: int) -> None:
        """No more audio comes although the text goes on: what there is still plays."""
        clip = self._find(say_id)
        if clip:
            clip.failed = True

    def pull(self, now_ms: int) -> list[Audio | Mark]:
        """Everything to be sent now, in order."""
        out: list[Audio | Mark] = []
        if self._paused:
            return out
        for clip in self._clips:
            while take_ms := self._take_ms(clip, now_ms):
                out.append(self._send(clip, take_ms, now_ms))
                if self._unmarked_ms >= MARK_EVERY_MS:
                    out.append(self._mark(now_ms))
            if not clip.sent:
                break
            # The end may become known only after the last audio went out.
            if self._unmarked_ms and self._out and self._out[-1].clip is clip:
                out.append(self._mark(now_ms))
        return out

    def facts(self, now_ms: int) -> list[Fact]:
        """What the caller has begun or finished hearing since the last call."""
        for block in self._out:
            if block.mark and now_ms >= block.due_ms + MARK_LATE_MS:
                self._certain_ms = block.end_ms
        self._advance(now_ms)
        return self._drain_facts()

    def mark_echoed(self, name: str, now_ms: int) -> list[Fact]:
        """The far end reports that everything before this mark has been played."""
        block = next((block for block in self._out if block.mark == name), None)
        if block is None:
            return []  # unknown, repeated, or dropped by a clear
        self._certain_ms = block.end_ms
        # An echo is a round trip old, and a `clear` sent now takes half of one to arrive.
        late_ms = min(max(0, now_ms - block.due_ms), ROUND_TRIP_MS_MAX)
        self._round_trip_ms = late_ms if self._round_trip_ms is None else min(self._round_trip_ms, late_ms)
        self._base_ms, self._base_at_ms = block.end_ms, now_ms - self._round_trip_ms
        self._advance(now_ms)
        return self._drain_facts()

    @property
    def deadline_ms(self) -> int | None:
        """When `pull` and `facts` are next worth calling; None while only events can change anything."""
        if self._paused or not self._clips:
            return None
        first = self._clips[0]
        times = [block.due_ms + MARK_LATE_MS for block in self._out if block.mark][:1]
        if not first.started:
            times += [self._reached_at_ms(b.start_ms + 1) for b in self._out if b.clip is first][:1]
        sending = next((clip for clip in self._clips if not clip.sent), None)
        if sending and sending.sent_ms < sending.length_ms:
            times.append(self._reached_at_ms(self._room_from_ms(sending)))
        return min(times, default=None)

    def pause(self, now_ms: int) -> list[Fact]:
        """Silence now (the caller of this sends `clear`): take back what was not heard, report what was."""
        if self._paused:
            return []
        self._advance(now_ms)
        for block in self._out:
            block.clip.sent_ms = min(block.clip.sent_ms, block.clip.heard_ms)
        self._out.clear()
        self._sent_ms = self._certain_ms = self._base_ms = 0
        self._base_at_ms = now_ms
        self._unmarked_ms = 0
        self._paused = True
        facts = self._drain_facts()
        facts += [Progressed(clip.say_id, heard_chars(clip)) for clip in self._clips if clip.heard_ms]
        return facts

    def resume(self, now_ms: int) -> None:
        """Go on from the heard point, at the beginning of the word it fell into."""
        if not self._paused:
            return
        self._paused = False
        self._base_at_ms = now_ms
        for clip in self._clips:
            if clip.heard_ms:
                clip.sent_ms = clip.heard_ms = resume_point_ms(clip)

    def stop(self, now_ms: int) -> list[Fact]:
        """Silence now, report what was heard and forget the rest."""
        facts = self.pause(now_ms)
        self._clips.clear()
        self._paused = False
        return facts

    @property
    def audible(self) -> bool:
        """Whether audio is out that the caller has not heard: a reason to send `clear`."""
        return bool(self._out)

    @property
    def paused(self) -> bool:
        """Whether playback waits for `resume` or `stop`."""
        return self._paused

    @property
    def silent(self) -> bool:
        """Whether nothing is out or waiting."""
        return not self._clips

    @property
    def buffered_bytes(self) -> int:
        """Audio held in memory."""
        return sum(len(clip.audio) for clip in self._clips)

    def _take_ms(self, clip: Clip, now_ms: int) -> int:
        """How much of the clip to send next: whole blocks, unless it is the end or the far end runs dry."""
        waiting_ms = clip.length_ms - clip.sent_ms
        if waiting_ms <= 0 or self._position_ms(now_ms) < self._room_from_ms(clip):
            return 0
        return min(self._block_ms, waiting_ms)

    def _room_from_ms(self, clip: Clip) -> int:
        """The playback position from which on the clip's next stretch may go out."""
        waiting_ms = clip.length_ms - clip.sent_ms
        if waiting_ms < self._block_ms and not clip.ended:
            return self._sent_ms - self._block_ms + 1
        return self._sent_ms + min(self._block_ms, waiting_ms) - self._ahead_ms

    def _reached_at_ms(self, position_ms: int) -> int:
        """When playback will be there, going by the last known point."""
        return self._base_at_ms + position_ms - self._base_ms

    def _send(self, clip: Clip, take_ms: int, now_ms: int) -> Audio:
        if self._position_ms(now_ms) >= self._sent_ms:
            self._base_ms, self._base_at_ms = self._sent_ms, now_ms  # the far end had run dry
        start = clip.sent_ms * BYTES_PER_MS
        self._out.append(_Block(clip, clip.sent_ms, self._sent_ms, self._sent_ms + take_ms))
        clip.sent_ms += take_ms
        self._sent_ms += take_ms
        self._unmarked_ms += take_ms
        return Audio(clip.say_id, bytes(clip.audio[start : start + take_ms * BYTES_PER_MS]))

    def _mark(self, now_ms: int) -> Mark:
        self._marks += 1
        self._unmarked_ms = 0
        block = self._out[-1]
        block.mark = f"m{self._marks}"
        block.due_ms = now_ms + self._sent_ms - self._position_ms(now_ms)
        return Mark(block.mark)

    def _position_ms(self, now_ms: int) -> int:
        """Where playback is: the last known point plus the time since, within what was sent."""
        return min(self._sent_ms, self._base_ms + max(0, now_ms - self._base_at_ms))

    def _advance(self, now_ms: int) -> None:
        """Note what has been heard; a block leaves when that is certain."""
        position_ms = max(self._certain_ms, self._position_ms(now_ms))
        for block in self._out:
            if position_ms <= block.start_ms:
                break
            heard_ms = block.clip_from_ms + min(position_ms, block.end_ms) - block.start_ms
            block.clip.heard_ms = max(block.clip.heard_ms, heard_ms)
        while self._out and self._out[0].end_ms <= self._certain_ms:
            self._out.popleft()

    def _drain_facts(self) -> list[Fact]:
        facts: list[Fact] = []
        while self._clips:
            clip = self._clips[0]
            over = clip.sent and not any(b.clip is clip for b in self._out)
            if (clip.heard_ms or (over and not clip.failed)) and not clip.started:
                clip.started = True
                facts.append(Started(clip.say_id))
            if not over:
                break
            if clip.failed:
                facts += [Progressed(clip.say_id, heard_chars(clip)), Failed(clip.say_id)]
            else:
                facts.append(Finished(clip.say_id))
            self._clips.popleft()
        return facts

    def _find(self, say_id: int) -> Clip | None:
        return next((clip for clip in self._clips if clip.say_id == say_id), None)
