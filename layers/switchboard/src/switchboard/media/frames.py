"""8 kHz mu-law: sizes, and inbound media put back on its timeline.

Laws of `InboundTimeline`: what it yields is contiguous; its length is the media time it covers, to within one frame;
duplicates and late media change nothing. Positions come from media timestamps, never from arrival.

Sources: ITU-T G.711; Twilio Media Streams, "WebSocket messages" (chunk, timestamp).
"""

SAMPLE_RATE_HZ = 8_000
FRAME_MS = 20
BYTES_PER_MS = SAMPLE_RATE_HZ // 1_000
FRAME_BYTES = FRAME_MS * BYTES_PER_MS

SILENCE = b"\xff"
"""Mu-law for zero (0x7F is minus zero)."""

SILENCE_FILLED_MS_MAX = 2_000
"""More than this missing at once is not loss on the way but another clock, or a call that stood still."""

_SILENCE_FILLED_BYTES_MAX = SILENCE_FILLED_MS_MAX * BYTES_PER_MS


def bytes_of(duration_ms: int) -> int:
    """How many bytes play for this long."""
    return duration_ms * BYTES_PER_MS


def milliseconds_of(size_bytes: int) -> int:
    """How long this many bytes play, whole milliseconds."""
    return size_bytes // BYTES_PER_MS


def silence(duration_ms: int) -> bytes:
    """Mu-law silence of this length."""
    return SILENCE * bytes_of(duration_ms)


class TimelineBroken(ValueError):
    """Inbound media does not continue what came before; a new `InboundTimeline` has to be started."""

    def __init__(self, *, chunk: int, timestamp_ms: int, expected_chunk: int, expected_ms: int) -> None:
        super().__init__(
            f"media chunk {chunk} at {timestamp_ms} ms cannot follow: "
            f"expected chunk {expected_chunk} at {expected_ms} ms"
        )
        self.chunk = chunk
        self.timestamp_ms = timestamp_ms
        self.expected_chunk = expected_chunk
        self.expected_ms = expected_ms


class InboundTimeline:
    """One caller's media, made contiguous.

    The first media message sets the start; nothing is filled in before it. Timestamps are milliseconds of the
    stream; `chunk` counts the track's media messages.
    """

    def __init__(self) -> None:
        self._started = False
        self._next_chunk = 0
        self._start_byte = 0
        # Counted in stream time: byte 0 is timestamp 0.
        self._end_byte = 0
        self.dropped_count = 0
        """Media messages thrown away as duplicate or late."""
        self.filled_ms = 0
        """Silence put in for media that never came."""

    @property
    def start_ms(self) -> int:
        """Stream time of the first byte yielded."""
        return milliseconds_of(self._start_byte)

    @property
    def end_ms(self) -> int:
        """Stream time up to which audio has been yielded."""
        return self._end_byte // BYTES_PER_MS

    def feed(self, chunk: int, timestamp_ms: int, payload: bytes) -> bytes:
        """The audio that now follows: the payload, after silence for what is missing, or nothing.

        Raises `TimelineBroken` for a jump of more than `SILENCE_FILLED_MS_MAX` in either direction; the timeline is
        unchanged then.
        """
        if chunk == self._next_chunk and timestamp_ms * BYTES_PER_MS == self._end_byte and self._started:
            self._next_chunk = chunk + 1
            self._end_byte += len(payload)
            return payload
        return self._feed_slowly(chunk, timestamp_ms, payload)

    def _feed_slowly(self, chunk: int, timestamp_ms: int, payload: bytes) -> bytes:
        offset = bytes_of(timestamp_ms)
        if not self._started:
            if timestamp_ms < 0:
                raise self._broken(chunk, timestamp_ms)
            self._started = True
            self._start_byte = self._end_byte = offset
        elif chunk < self._next_chunk:
            # Its place has been taken, by itself or by silence.
            self.dropped_count += 1
            return b""
        gap = offset - self._end_byte
        if abs(gap) > _SILENCE_FILLED_BYTES_MAX:
            raise self._broken(chunk, timestamp_ms)
        audio = self._placed(gap, payload)
        self._next_chunk = chunk + 1
        self._end_byte += len(audio)
        return audio

    def _placed(self, gap: int, payload: bytes) -> bytes:
        if gap >= FRAME_BYTES:
            self.filled_ms += milliseconds_of(gap)
            return SILENCE * gap + payload
        if gap <= -FRAME_BYTES:
            if -gap >= len(payload):
                self.dropped_count += 1
            return payload[-gap:]
        # Less than a frame is a sender's rounding; silence for it would be heard as a click.
        return payload

    def _broken(self, chunk: int, timestamp_ms: int) -> TimelineBroken:
        return TimelineBroken(
            chunk=chunk,
            timestamp_ms=timestamp_ms,
            expected_chunk=self._next_chunk,
            expected_ms=self.end_ms,
        )
