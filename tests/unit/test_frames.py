"""`media/frames.py`: sizes, and the laws of the inbound timeline."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.media.frames import (
    FRAME_BYTES,
    FRAME_MS,
    SILENCE,
    SILENCE_FILLED_MS_MAX,
    InboundTimeline,
    TimelineBroken,
    bytes_of,
    milliseconds_of,
    silence,
)

FRAMES_LOST_MAX = SILENCE_FILLED_MS_MAX // FRAME_MS


def _frame(number: int) -> bytes:
    return bytes([number % 250]) * FRAME_BYTES


def _message(number: int, start_ms: int = 0) -> tuple[int, int, bytes]:
    return number, start_ms + (number - 1) * FRAME_MS, _frame(number)


def test_sizes():
    """A frame is 20 ms and 160 bytes; conversions are each other's inverse; silence is 0xFF."""
    assert FRAME_MS == 20
    assert FRAME_BYTES == 160
    assert bytes_of(250) == 2_000
    assert milliseconds_of(2_000) == 250
    assert silence(20) == b"\xff" * 160


@given(
    count=st.integers(1, 60),
    start_ms=st.integers(0, 100_000),
    data=st.data(),
)
def test_loss_repetition_and_reordering_keep_the_timeline(count, start_ms, data):
    """However media is lost, repeated or reordered, the output is contiguous and every frame is at its place."""
    sent = data.draw(st.lists(st.integers(1, count), min_size=1, max_size=3 * count), label="arrivals")
    timeline = InboundTimeline()
    output = b""
    accepted = []
    for number in sent:
        audio = timeline.feed(*_message(number, start_ms))
        if audio:
            accepted.append(number)
            assert audio.endswith(_frame(number))
        output += audio
    first, last = accepted[0], accepted[-1]
    expected = b"".join(
        _frame(number) if number in accepted else SILENCE * FRAME_BYTES for number in range(first, last + 1)
    )
    assert expected == output
    assert accepted == sorted(set(accepted))
    assert timeline.start_ms == start_ms + (first - 1) * FRAME_MS
    assert timeline.end_ms == timeline.start_ms + milliseconds_of(len(output))
    assert timeline.dropped_count == len(sent) - len(accepted)
    assert timeline.filled_ms == (last - first + 1 - len(accepted)) * FRAME_MS


@given(st.lists(st.tuples(st.integers(1, 1_000), st.integers(0, 40)), min_size=1, max_size=50))
def test_length_follows_the_timestamps(media):
    """With payloads of any length and gaps of any size, the output ends where the last media ends, to a frame."""
    timeline = InboundTimeline()
    output = b""
    timestamp_ms = 0
    for chunk, (size_bytes, gap_ms) in enumerate(media, start=1):
        timestamp_ms += gap_ms
        output += timeline.feed(chunk, timestamp_ms, b"\x01" * size_bytes)
        end_byte = bytes_of(timestamp_ms) + size_bytes
        assert abs(bytes_of(timeline.start_ms) + len(output) - end_byte) < FRAME_BYTES
        timestamp_ms = milliseconds_of(end_byte)


def test_duplicates_and_late_media_are_counted():
    """A repeated chunk and one whose place was filled with silence are dropped and counted."""
    timeline = InboundTimeline()
    timeline.feed(*_message(1))
    assert timeline.feed(*_message(1)) == b""
    assert timeline.feed(*_message(3)) == silence(20) + _frame(3)
    assert timeline.feed(*_message(2)) == b""
    assert timeline.dropped_count == 2
    assert timeline.filled_ms == 20


def test_rounding_is_not_filled():
    """A timestamp a few milliseconds off is a rounding, not loss; it does not add up either."""
    timeline = InboundTimeline()
    timeline.feed(1, 0, _frame(1))
    assert timeline.feed(2, 23, _frame(2)) == _frame(2)
    assert timeline.feed(3, 38, _frame(3)) == _frame(3)
    assert timeline.end_ms == 60


def test_drift_is_filled_once_it_is_a_frame():
    """Small gaps that add up to a frame are filled then."""
    timeline = InboundTimeline()
    output = b"".join(timeline.feed(chunk, (chunk - 1) * 25, _frame(chunk)) for chunk in range(1, 9))
    assert abs(len(output) - bytes_of(7 * 25 + 20)) < FRAME_BYTES


def test_overlap_is_cut():
    """Media that begins before the last one ended gives only what is new."""
    timeline = InboundTimeline()
    timeline.feed(1, 0, b"\x01" * 800)
    assert timeline.feed(2, 60, b"\x02" * 800) == b"\x02" * 480
    assert timeline.feed(3, 80, b"\x03" * 160) == b""
    assert timeline.dropped_count == 1
    assert timeline.end_ms == 160


@pytest.mark.parametrize("timestamp_ms", [2_021, -2_000, 10**12])
def test_absurd_jumps_are_refused(timestamp_ms):
    """A jump of more than two seconds either way says what came and what was expected, and changes nothing."""
    timeline = InboundTimeline()
    timeline.feed(*_message(1))
    with pytest.raises(TimelineBroken) as broken:
        timeline.feed(2, timestamp_ms, _frame(2))
    assert str(broken.value) == (
        f"media chunk 2 at {timestamp_ms} ms cannot follow: expected chunk 2 at 20 ms"
    )
    assert isinstance(broken.value, ValueError)
    assert timeline.feed(*_message(2)) == _frame(2)


def test_the_longest_gap_is_filled():
    """Two seconds missing at once are still filled."""
    timeline = InboundTimeline()
    timeline.feed(*_message(1))
    assert timeline.feed(*_message(2 + FRAMES_LOST_MAX)) == silence(2_000) + _frame(2 + FRAMES_LOST_MAX)


def test_time_before_the_stream_is_refused():
    """The first media cannot be before the start of its stream."""
    with pytest.raises(TimelineBroken):
        InboundTimeline().feed(1, -20, _frame(1))
