"""The replay buffer against the plain stream it keeps a window of, and the watch on unanswered speech."""

from hypothesis import given
from hypothesis import strategies as st

from switchboard.media import mulaw
from switchboard.media.replay import AnswerWatch, ReplayBuffer, has_speech

CAPACITY_MS = 50
FRAME_MS = 20
SPEECH_FRAME = bytes([0x05]) * 160
SILENT_FRAME = bytes([mulaw.SILENCE]) * 160


@given(
    st.lists(
        st.one_of(st.binary(min_size=1, max_size=300), st.integers(0, 200).map(lambda ms: -ms)), max_size=40
    )
)
def test_keeps_the_end_of_the_stream(steps):
    """Whatever is appended and forgotten, the chunks are the stream from `start_ms` on, within the capacity."""
    buffer = ReplayBuffer(CAPACITY_MS)
    stream = b""
    for step in steps:
        if isinstance(step, bytes):
            stream += step
            buffer.append(step)
        else:
            buffer.forget(-step)
        kept = b"".join(buffer.chunks())
        assert stream[len(stream) - len(kept) :] == kept
        assert len(kept) <= max(CAPACITY_MS * 8, 300)
        assert (len(stream) - len(kept)) // 8 == buffer.start_ms
        assert len(stream) // 8 == buffer.end_ms


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=20), st.integers(-10, 400))
def test_since_is_the_tail_from_a_position(chunks, position_ms):
    """`since` gives the audio from a position on, as far as it is kept."""
    buffer = ReplayBuffer(CAPACITY_MS)
    for chunk in chunks:
        buffer.append(chunk)
    stream, kept = b"".join(chunks), b"".join(buffer.chunks())
    first = max(position_ms * 8, len(stream) - len(kept))
    assert stream[first:] == buffer.since(position_ms)


def test_forgets_exactly_up_to_a_position():
    """A final result in the middle of a chunk leaves the rest of that chunk."""
    buffer = ReplayBuffer()
    buffer.append(bytes(range(160)))
    buffer.forget(5)
    assert (5, (bytes(range(40, 160)),)) == (buffer.start_ms, buffer.chunks())


def test_gap_is_what_no_final_covers_and_nobody_can_replay():
    """Audio dropped for its age counts as a gap; audio dropped because it is recognised does not."""
    buffer = ReplayBuffer(CAPACITY_MS)
    for _ in range(5):
        buffer.append(SPEECH_FRAME)
    assert buffer.gap_ms == 60
    buffer.forget(40)
    assert buffer.gap_ms == 20
    buffer.forget(80)
    assert buffer.gap_ms == 0


def test_speech_is_told_from_silence():
    """Loud audio is speech; silence, line noise and a click are not."""
    noise = bytes([0xF8, 0x78]) * 400
    click = SILENT_FRAME + bytes([0x05]) * 8 + SILENT_FRAME
    assert [has_speech(audio) for audio in (SPEECH_FRAME * 2, SILENT_FRAME, noise, click)] == [
        True,
        False,
        False,
        False,
    ]


def sent(buffer: ReplayBuffer, frame: bytes, count: int) -> None:
    for _ in range(count):
        buffer.append(frame)


def test_silence_needs_no_answer():
    """However long the silence, nothing is overdue, and the wait starts with the speech that follows it."""
    buffer = ReplayBuffer()
    watch = AnswerWatch(buffer, 0)
    for now_ms in range(1_000, 60_000, 1_000):
        sent(buffer, SILENT_FRAME, 50)
        assert watch.check(now_ms) == 0
    sent(buffer, SPEECH_FRAME, 50)
    assert watch.check(60_000) == 1_000
    sent(buffer, SPEECH_FRAME, 50)
    assert watch.check(61_000) == 2_000


def test_an_answer_restarts_the_wait():
    """Speech before an answer is answered; the answer tells how long it had waited."""
    buffer = ReplayBuffer()
    watch = AnswerWatch(buffer, 0)
    sent(buffer, SPEECH_FRAME, 50)
    assert watch.check(1_000) == 1_000
    assert watch.answered(1_200) == 1_200
    sent(buffer, SILENT_FRAME, 50)
    assert watch.check(2_000) == 0


def test_a_pause_in_sending_stops_the_wait():
    """While no audio is sent, nothing is expected."""
    buffer = ReplayBuffer()
    watch = AnswerWatch(buffer, 0)
    sent(buffer, SPEECH_FRAME, 50)
    watch.check(1_000)
    assert watch.check(9_000) == 0
