"""A caller's recent audio, kept until some recogniser has answered for it, and the watch on unanswered speech.

Positions are ms of audio since the stream was opened. Source of the bound: F1 in the failure table asks for the last
3 s to be replayed; 10 s also covers a long sentence without a final result.
"""

from collections import deque

from switchboard.media import mulaw

REPLAY_MAX_MS = 10_000
"""80 KB a call. Audio older than this is not worth recognising late: the caller has been waiting for an answer."""

SPEECH_AMPLITUDE_MIN = 1_000
"""About -30 dBFS: above the noise of a telephone line, below quiet speech's peaks."""
SPEECH_MS_MIN = 40
"""Loud samples in all that make speech of a stretch; clicks and line noise have fewer."""

SPEECH_ONSET_MS = 200
"""Speech that has only just begun is looked at again in the next check, together with what follows it."""

_QUIET_CODES = mulaw.codes_up_to(SPEECH_AMPLITUDE_MIN)


def has_speech(audio: bytes) -> bool:
    """Cheap evidence of speech in mu-law audio: enough loud samples. Not a voice-activity detector."""
    return len(audio.translate(None, _QUIET_CODES)) >= SPEECH_MS_MIN * mulaw.SAMPLES_PER_MS


class ReplayBuffer:
    """The audio sent since the last final result, oldest dropped beyond `capacity_ms`."""

    __slots__ = ("_capacity", "_chunks", "_covered", "_end", "_start")

    def __init__(self, capacity_ms: int = REPLAY_MAX_MS) -> None:
        assert capacity_ms > 0, capacity_ms
        self._capacity = capacity_ms * mulaw.SAMPLES_PER_MS
        self._chunks: deque[bytes] = deque()
        self._start = 0
        self._end = 0
        self._covered = 0

    @property
    def start_ms(self) -> int:
        """Position of the oldest audio kept."""
        return self._start // mulaw.SAMPLES_PER_MS

    @property
    def end_ms(self) -> int:
        """Position of the newest audio: the length of the stream so far."""
        return self._end // mulaw.SAMPLES_PER_MS

    @property
    def gap_ms(self) -> int:
        """Audio that no final result covers and that is no longer here to be replayed."""
        return max(0, self._start - self._covered) // mulaw.SAMPLES_PER_MS

    def append(self, audio: bytes) -> None:
        """Keep one more piece of the stream."""
        self._chunks.append(audio)
        self._end += len(audio)
        while self._end - self._start > self._capacity and len(self._chunks) > 1:
            self._start += len(self._chunks.popleft())

    def forget(self, until_ms: int) -> None:
        """Drop what a final result covers. The next replay starts exactly there."""
        until = min(until_ms * mulaw.SAMPLES_PER_MS, self._end)
        self._covered = max(self._covered, until)
        while self._chunks and self._start + len(self._chunks[0]) <= until:
            self._start += len(self._chunks.popleft())
        if self._chunks and self._start < until:
            self._chunks[0] = self._chunks[0][until - self._start :]
            self._start = until

    def chunks(self) -> tuple[bytes, ...]:
        """What to replay, in order."""
        return tuple(self._chunks)

    def since(self, position_ms: int) -> bytes:
        """The audio from `position_ms` on, as far as it is still here."""
        wanted = min(self._end - position_ms * mulaw.SAMPLES_PER_MS, self._end - self._start)
        tail: deque[bytes] = deque()
        size = 0
        for chunk in reversed(self._chunks):
            if size >= wanted:
                break
            tail.appendleft(chunk)
            size += len(chunk)
        return b"".join(tail)[size - wanted :] if wanted > 0 else b""


class AnswerWatch:
    """How long speech has gone unanswered.

    Silence need not be answered - some vendors say nothing then - so the wait starts with the first check that finds
    speech, and rests while no audio is sent at all.
    """

    __slots__ = ("_audio", "_checked_end_ms", "_since_ms", "_until_ms")

    def __init__(self, audio: ReplayBuffer, now_ms: int) -> None:
        self._audio = audio
        self._since_ms = now_ms
        self._until_ms = audio.start_ms
        self._checked_end_ms = audio.end_ms

    def answered(self, now_ms: int) -> int:
        """The vendor said something. Returns how long speech had waited for it (at most)."""
        waited_ms = now_ms - self._since_ms
        self._since_ms = now_ms
        self._until_ms = self._audio.end_ms
        return waited_ms

    def check(self, now_ms: int) -> int:
        """Call a few times per deadline. Returns for how many ms speech has been waiting; 0 where there is none."""
        end_ms = self._audio.end_ms
        sending = end_ms != self._checked_end_ms
        self._checked_end_ms = end_ms
        if sending and has_speech(self._audio.since(self._until_ms)):
            return now_ms - self._since_ms
        self._since_ms = now_ms
        if sending:
            self._until_ms = max(self._until_ms, end_ms - SPEECH_ONSET_MS)
        return 0
