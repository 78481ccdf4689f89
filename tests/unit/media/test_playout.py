"""What has been sent and what of it was heard. `media/playout.py`, against a far end that plays in real time.

One file, although long: the machine is one, and its laws are only meaningful against the same far end.
"""

import copy
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.media.playout import (
    AHEAD_MS,
    BLOCK_MS,
    BYTES_PER_MS,
    CLIP_BYTES_MAX,
    MARK_EVERY_MS,
    MARK_LATE_MS,
    ROUND_TRIP_MS_MAX,
    Audio,
    Failed,
    Finished,
    Mark,
    Playout,
    Progressed,
    Started,
)
from tests.unit.media.far_end import Line
from tests.unit.media.speech import TEXT, WORDS, audio_of

CLIP = st.integers(1, 3000)
"""Lengths of clips, in ms."""


def _tone(length_ms: int, number: int = 0) -> bytes:
    """Audio that shows where it comes from."""
    return bytes((number * 37 + index // BYTES_PER_MS) % 251 for index in range(length_ms * BYTES_PER_MS))


def _of(facts, kind):
    return [fact for fact in facts if isinstance(fact, kind)]


# -- Sending


def test_first_audio_goes_out_at_once():
    """The first audio of a clip is sent as soon as it is there, however little."""
    playout = Playout()
    playout.begin(1, "hello")
    playout.feed(1, _tone(30))

    assert [Audio(1, _tone(30))] == playout.pull(0)


def test_audio_goes_out_in_blocks_with_marks():
    """Audio travels in blocks, with a mark at least every `MARK_EVERY_MS` and one at the end."""
    playout = Playout()
    playout.begin(1, "hello")
    playout.feed(1, _tone(700))
    playout.complete(1)
    sent = playout.pull(0)

    assert [200, 200, "m1", 200, 100, "m2"] == [
        item.name if isinstance(item, Mark) else len(item.payload) // BYTES_PER_MS for item in sent
    ]


def test_block_size_is_a_choice():
    """With blocks as long as a clip, each clip is one message and one mark."""
    playout = Playout(ahead_ms=4000, block_ms=2000)
    playout.begin(1, "hello")
    playout.feed(1, _tone(1500))
    playout.complete(1)

    assert [Audio(1, _tone(1500)), Mark("m1")] == playout.pull(0)


def test_no_more_than_ahead_is_out():
    """A long clip waits here, not at the far end."""
    playout = Playout()
    playout.begin(1, "hello")
    playout.feed(1, _tone(5000))
    playout.complete(1)
    sent = sum(len(item.payload) for item in playout.pull(0) if isinstance(item, Audio))

    assert AHEAD_MS == sent // BYTES_PER_MS
    assert [] == playout.pull(BLOCK_MS - 1)
    assert 1 == len(_of(playout.pull(BLOCK_MS), Audio))


def test_small_chunks_are_collected():
    """While enough is out, little pieces of a running synthesis are collected to whole blocks."""
    playout = Playout()
    playout.begin(1, "hello")
    playout.feed(1, _tone(300))
    first = playout.pull(0)
    assert [Audio(1, _tone(200))] == first

    assert [] == playout.pull(0)
    assert [Audio(1, _tone(300)[200 * BYTES_PER_MS :])] == playout.pull(1)


def test_end_known_late_is_still_marked():
    """When a clip's end becomes known only after its last audio went out, a mark follows it."""
    line = Line()
    line.playout.begin(1, "hello")
    line.playout.feed(1, _tone(BLOCK_MS))
    line.pump()
    line.wait(100)
    assert [] == line.marks_sent

    line.playout.complete(1)
    line.pump()
    line.wait_for_silence()
    assert [Started(1), Finished(1)] == line.facts
    assert line.now_ms <= BLOCK_MS


def test_empty_clip_is_over_at_once():
    """A clip without any audio is over as soon as that is known."""
    playout = Playout()
    playout.begin(1, "...")
    playout.complete(1)

    assert [Started(1), Finished(1)] == playout.facts(0)
    assert playout.silent


def test_clips_play_in_order_even_when_audio_arrives_in_another():
    """A clip that is ready waits for the one before it."""
    line = Line()
    line.playout.begin(1, "one")
    line.playout.begin(2, "two")
    line.playout.feed(2, _tone(300, 2))
    line.playout.complete(2)
    line.pump()
    assert b"" == line.far.audio

    line.playout.feed(1, _tone(300, 1))
    line.playout.complete(1)
    line.pump()
    line.wait_for_silence()
    assert _tone(300, 1) + _tone(300, 2) == line.far.audio


def test_urgent_clip_overtakes_those_without_audio():
    """A stall phrase is heard before what has no audio yet, and after what has some."""
    line = Line()
    line.say(1, _tone(300, 1))
    line.playout.begin(2, "two")
    line.playout.begin(3, "moment", urgent=True)
    line.playout.feed(3, _tone(200, 3))
    line.playout.complete(3)
    line.playout.feed(2, _tone(300, 2))
    line.playout.complete(2)
    line.pump()
    line.wait_for_silence()

    assert _tone(300, 1) + _tone(200, 3) + _tone(300, 2) == line.far.audio
    assert [1, 3, 2] == [fact.say_id for fact in _of(line.facts, Finished)]


def test_failed_clip_plays_what_there_is():
    """A clip whose synthesis broke off plays to where it got, then reports what was heard and the failure."""
    line = Line()
    line.playout.begin(1, TEXT)
    line.playout.feed(1, _tone(400), [(200, WORDS[0][1]), (400, WORDS[1][1])])
    line.pump()
    line.playout.fail(1)
    line.pump()
    line.wait_for_silence()

    assert _tone(400) == line.far.audio
    assert [Started(1), Progressed(1, WORDS[1][1]), Failed(1)] == line.facts


def test_clip_that_failed_before_any_audio():
    """A clip that could not be spoken at all is reported at once and does not hold up the next."""
    line = Line()
    line.playout.begin(1, "one")
    line.playout.fail(1)
    line.say(2, _tone(100, 2))
    line.wait_for_silence()

    assert [Failed(1)] == _of(line.facts, Failed)
    assert _tone(100, 2) == line.far.audio


# -- Hearing


def test_started_when_the_first_audio_is_heard():
    """A clip has started once some of it has been heard, not when it was sent."""
    line = Line()
    line.say(1, _tone(1000))
    assert [] == line.facts

    line.wait(1)
    assert [Started(1)] == line.facts


def test_second_clip_starts_when_the_first_has_ended():
    """Clips out together start and finish one after the other."""
    line = Line()
    line.say(1, _tone(300, 1))
    line.say(2, _tone(300, 2))
    line.wait(299)
    assert [Started(1)] == line.facts

    line.wait_for_silence()
    assert [Started(1), Finished(1), Started(2), Finished(2)] == line.facts


def test_late_mark_corrects_the_estimate():
    """Marks are the truth: a far end that plays later than assumed is believed, but for what a network can add."""
    playout = Playout()
    playout.begin(1, TEXT)
    playout.feed(1, audio_of(WORDS), WORDS)
    playout.complete(1)
    (mark,) = _of(playout.pull(0)[:3], Mark)
    playout.mark_echoed(mark.name, 900)
    facts = playout.stop(900)

    assert Progressed(1, _chars_at(MARK_EVERY_MS + ROUND_TRIP_MS_MAX)) in facts


def test_unknown_mark_is_ignored():
    """A mark nobody sent says nothing."""
    playout = Playout()
    playout.begin(1, "hello")
    playout.feed(1, _tone(1000))

    assert [] == playout.mark_echoed("m99", 10)


def test_duplicate_mark_is_ignored():
    """A mark echoed twice says nothing new, and above all does not move the position."""
    line = Line()
    line.say(1, _tone(1000))
    line.wait(500)
    facts = len(line.facts)
    line.playout.mark_echoed("m1", 900)
    line.wait_for_silence()

    assert facts + 1 == len(line.facts)
    assert [Started(1), Finished(1)] == line.facts


def test_lost_mark_ends_after_a_while():
    """A mark that never comes back does not keep a clip open for ever."""
    line = Line(lost_marks=frozenset(["m1", "m2", "m3"]))
    line.say(1, _tone(1000))
    line.wait_for_silence()

    assert [Started(1), Finished(1)] == line.facts
    assert 1000 + MARK_LATE_MS == line.now_ms


def test_lost_mark_in_the_middle_is_made_up_by_the_next():
    """A later mark covers an earlier one that was lost."""
    line = Line(lost_marks=frozenset(["m1"]))
    line.say(1, _tone(1000))
    line.wait_for_silence()

    assert 1000 == line.now_ms


def test_marks_of_cleared_audio_are_not_hearing():
    """After a clear all marks come back at once; none of them counts as heard."""
    line = Line()
    line.say(1, audio_of(WORDS), WORDS, TEXT)
    line.wait(500)
    line.stop()
    line.wait(600)

    assert [] == _of(line.facts, Finished)
    assert Progressed(1, _chars_at(500)) == line.facts[-1]


def test_underrun():
    """When synthesis is slower than speech, playback stops and goes on; nothing heard is counted twice."""
    line = Line()
    line.playout.begin(1, "slow")
    for number in range(5):
        line.playout.feed(1, _tone(100, number))
        line.pump()
        line.wait(line.now_ms + 350)
    line.playout.complete(1)
    line.pump()
    line.wait_for_silence()

    assert b"".join(_tone(100, number) for number in range(5)) == line.far.audio
    assert [Started(1), Finished(1)] == line.facts
    assert 5 * 350 == line.now_ms


def test_position_after_an_underrun():
    """After a gap in synthesis the heard point follows the audio, not the clock."""
    line = Line()
    audio = audio_of(WORDS)
    line.playout.begin(1, TEXT)
    line.playout.feed(1, audio[: 400 * BYTES_PER_MS], WORDS)
    line.pump()
    line.wait(2000)
    line.playout.feed(1, audio[400 * BYTES_PER_MS :])
    line.pump()
    line.wait(2300)
    line.stop()

    assert Progressed(1, _chars_at(700)) == line.facts[-1]


# -- Pausing, resuming, stopping


def test_audio_after_stop_is_ignored():
    """What a cancelled synthesis still delivers is dropped."""
    line = Line()
    line.playout.begin(1, "hello")
    line.playout.feed(1, _tone(500))
    line.pump()
    line.wait(100)
    line.stop()
    line.playout.feed(1, _tone(500))
    line.playout.complete(1)
    line.pump()

    assert 100 * BYTES_PER_MS == len(line.far.audio)
    assert 0 == line.playout.buffered_bytes


def test_paused_sends_nothing():
    """During a pause audio is collected, not sent; nothing is due."""
    line = Line()
    line.say(1, _tone(2000))
    line.wait(300)
    line.pause()
    line.say(2, _tone(300, 2))
    line.wait(5000)

    assert line.playout.paused
    assert line.playout.deadline_ms is None
    assert 300 * BYTES_PER_MS == len(line.far.audio)


def test_pause_reports_the_heard_point():
    """A pause tells how far each clip was heard, so that an interruption can be remembered at once."""
    line = Line()
    line.say(1, audio_of(WORDS), WORDS, TEXT)
    line.wait(800)
    line.pause()

    assert Progressed(1, _chars_at(800)) == line.facts[-1]


def test_clip_that_ends_at_the_pause_is_finished():
    """A clip whose last audio has been heard at the pause is finished although its mark had not come back."""
    line = Line(delay_ms=0, lost_marks=frozenset(["m1", "m2"]))
    line.say(1, _tone(500))
    line.wait(501)
    line.pause()

    assert [Started(1), Finished(1)] == line.facts


def test_second_pause_changes_nothing():
    """A pause within a pause reports nothing."""
    line = Line()
    line.say(1, _tone(2000))
    line.wait(300)
    line.pause()

    assert [] == line.playout.pause(line.now_ms + 100)


@pytest.mark.parametrize("at_ms", range(1, 2600, 13))
def test_resume_loses_no_word(at_ms):
    """Going on begins at the word that the pause fell into: every word is heard whole at least once."""
    line = Line()
    line.say(1, audio_of(WORDS), WORDS, TEXT)
    line.wait(at_ms)
    line.pause()
    line.wait(at_ms + 700)
    line.resume()
    line.wait_for_silence()

    word_start = max([0, *(end for end, _ in WORDS if end <= at_ms)])
    heard = audio_of(WORDS)[: at_ms * BYTES_PER_MS] + audio_of(WORDS)[word_start * BYTES_PER_MS :]
    assert heard == line.far.audio
    assert [Finished(1)] == _of(line.facts, Finished)


def test_pause_before_anything_was_heard():
    """A pause before the first audio takes everything back and sends it again."""
    line = Line()
    line.say(1, _tone(1000))
    line.pause()
    line.wait(400)
    line.resume()
    line.wait_for_silence()

    assert _tone(1000) == line.far.audio


def test_stop_while_paused():
    """Stopping a paused playback forgets it; the heard point was reported at the pause."""
    line = Line()
    line.say(1, audio_of(WORDS), WORDS, TEXT)
    line.wait(800)
    line.pause()
    facts = len(line.facts)
    line.stop()
    line.say(2, _tone(100, 2))
    line.wait_for_silence()

    assert [Started(2), Finished(2)] == line.facts[facts:]
    assert not line.playout.paused


def test_memory_is_bounded():
    """A synthesizer that never stops fills no more than `CLIP_BYTES_MAX` and one chunk."""
    playout = Playout()
    playout.begin(1, "hello")
    chunk = _tone(1000)
    for _ in range(100):
        playout.feed(1, chunk)

    assert playout.buffered_bytes < CLIP_BYTES_MAX + len(chunk)


def test_audible_while_something_is_out():
    """There is a reason to send `clear` exactly while sent audio may be unheard."""
    line = Line()
    audible = [line.playout.audible]
    line.say(1, _tone(100))
    audible.append(line.playout.audible)
    line.wait_for_silence()
    audible.append(line.playout.audible)

    assert [False, True, False] == audible


# -- Laws


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(CLIP, min_size=1, max_size=5),
    delay_ms=st.sampled_from([0, 20, 150]),
    chunk_ms=st.integers(40, 700),
    gap_ms=st.integers(0, 900),
)
def test_everything_is_heard_once_and_in_order(lengths, delay_ms, chunk_ms, gap_ms):
    """However audio arrives, the caller hears all of it once, in order; each clip starts once and finishes once."""
    line = Line(delay_ms=delay_ms)
    clips = [_tone(length, number) for number, length in enumerate(lengths)]
    for number, audio in enumerate(clips):
        line.playout.begin(number, f"clip {number}")
        for start in range(0, len(audio), chunk_ms * BYTES_PER_MS):
            line.playout.feed(number, audio[start : start + chunk_ms * BYTES_PER_MS])
            line.pump()
            line.wait(line.now_ms + gap_ms)
        line.playout.complete(number)
        line.pump()
    line.wait_for_silence()

    assert b"".join(clips) == line.far.audio
    assert [fact for n in range(len(clips)) for fact in (Started(n), Finished(n))] == line.facts
    assert line.unmarked_ms_max < MARK_EVERY_MS + BLOCK_MS
    assert 0 == line.playout.buffered_bytes


STEP = st.one_of(
    st.tuples(st.just("wait"), st.integers(0, 1200)),
    st.tuples(st.just("say"), CLIP),
    st.tuples(st.just("begin"), st.just(0)),
    st.tuples(st.just("feed"), st.integers(1, 900)),
    st.tuples(st.just("complete"), st.just(0)),
    st.tuples(st.just("fail"), st.just(0)),
    st.tuples(st.just("pause"), st.just(0)),
    st.tuples(st.just("resume"), st.just(0)),
    st.tuples(st.just("stop"), st.just(0)),
    st.tuples(st.just("echo"), st.integers(0, 40)),
)


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(STEP, max_size=25), delay_ms=st.sampled_from([0, 60]))
def test_laws_hold_in_any_order_of_things(steps, delay_ms):
    """Whatever happens, what is out is bounded, heard never exceeds sent, and facts about a clip come in order."""
    line = Line(delay_ms=delay_ms)
    open_clips: list[int] = []
    for number, (verb, amount) in enumerate(steps):
        _perform(line, open_clips, number, verb, amount)
        playout = line.playout
        out_ms = playout._sent_ms - playout._position_ms(line.now_ms)
        assert 0 <= out_ms <= AHEAD_MS
        for clip in playout._clips:
            assert clip.heard_ms <= max(clip.sent_ms, clip.length_ms)
            assert clip.sent_ms <= clip.length_ms
    line.playout.resume(line.now_ms)
    for say_id in open_clips:
        line.playout.complete(say_id)
    line.pump()
    line.wait_for_silence()

    assert line.playout.silent
    _check_order(line.facts)


def _perform(line, open_clips, number, verb, amount):
    match verb:
        case "wait":
            line.wait(line.now_ms + amount)
        case "say":
            line.say(number, _tone(amount, number))
        case "begin":
            line.playout.begin(number, "some words to say")
            open_clips.append(number)
        case "feed":
            for say_id in open_clips[-1:]:
                line.playout.feed(say_id, _tone(amount, say_id))
        case "complete" | "fail":
            for say_id in open_clips[:1]:
                line.playout.complete(say_id) if verb == "complete" else line.playout.fail(say_id)
            del open_clips[:1]
        case "pause":
            line.pause()
        case "resume":
            line.resume()
        case "stop":
            line.stop()
        case "echo":
            line.facts += line.playout.mark_echoed(f"m{amount}", line.now_ms)
    line.pump()


def _check_order(facts):
    for say_id in {fact.say_id for fact in facts}:
        own = [type(fact) for fact in facts if fact.say_id == say_id]
        assert own.count(Started) <= 1
        assert own.count(Finished) + own.count(Failed) <= 1
        if Finished in own or Failed in own:
            assert own[-1] in (Finished, Failed)
        if Finished in own:
            assert Started in own
    ends = [fact.say_id for fact in facts if isinstance(fact, Finished | Failed)]
    assert all(earlier < later for earlier, later in pairwise(ends))


def test_barge_in_at_every_ms_with_word_timings():
    """Wherever the caller cuts in, what is reported as heard is within one word of what was (M6)."""
    line = Line()
    line.say(1, audio_of(WORDS), WORDS, TEXT)
    for now_ms in range(1, WORDS[-1][0]):
        line.wait(now_ms)
        facts = copy.deepcopy(line.playout).stop(now_ms)
        reported = [fact.heard_chars for fact in facts if isinstance(fact, Progressed)]
        truth = line.far.heard_ms(1, now_ms)
        assert abs(_words_in(reported[-1]) - _words_at(truth)) <= 1


@pytest.mark.parametrize("delay_ms", [20, 50, 100, 150])
def test_barge_in_with_network_delay(delay_ms):
    """With a delay both ways the report is still within one word."""
    line = Line(delay_ms=delay_ms)
    line.say(1, audio_of(WORDS), WORDS, TEXT)
    for now_ms in range(delay_ms + 1, WORDS[-1][0], 7):
        line.wait(now_ms)
        facts = copy.deepcopy(line.playout).stop(now_ms)
        reported = [fact.heard_chars for fact in facts if isinstance(fact, Progressed)]
        truth = line.far.heard_ms(1, now_ms + delay_ms)  # the clear takes as long as the audio did
        assert abs(_words_in((reported or [0])[-1]) - _words_at(truth)) <= 1


def _words_in(chars: int) -> int:
    return len(TEXT[:chars].split())


def _words_at(heard_ms: int) -> int:
    return sum(end_ms <= heard_ms for end_ms, _ in WORDS)


def _chars_at(heard_ms: int) -> int:
    """Whole words, one that was half heard included."""
    starts = [0, *(end for end, _ in WORDS)]
    middles = [(start + end) / 2 for start, (end, _) in zip(starts, WORDS, strict=False)]
    return max([0, *(char for middle, (_, char) in zip(middles, WORDS, strict=True) if heard_ms >= middle)])
