"""The benchmark's own arithmetic: a figure nobody checked is worse than none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.adapters.embedded.agent import BRIGHTLINE
from switchboard.conversation.policy import Policy
from switchboard.media import mulaw
from tests.bench import tags
from tests.bench.ear import ReferenceEar
from tests.bench.evaluate import Starvation
from tests.bench.plan import FRAME_BYTES, Interval, Measured, TurnFigures
from tests.bench.reference import Spoken, Vendors, latency, vendors_of
from tests.bench.rows import Floors, calls_per_core, percentile, row
from tests.bench.speech import SENTENCES, render
from tests.bench.vendor_messages import CLAUSE_TOKEN, CODE_TOKEN, REPLY
from tests.bench.vendor_speak import REPLY_ENDS_WITH, spoken

numbers = st.integers(0, 7999)
PROMISED_KEYS = [
    "calls",
    "cpu_ms_per_call_s",
    "floor_cpu_ms_per_call_s",
    "added_ms_p50",
    "added_ms_p99",
    "barge_in_clear_ms_p95",
    "outbound_gap_ms_max",
    "loop_lag_ms_p99",
    "rss_mb_per_call",
]


@given(numbers, numbers, st.integers(0, 255), st.binary(max_size=400))
def test_a_tag_is_found_wherever_it_lies_in_audio(caller, turn, detail, before):
    """Whatever voice comes before it, a tag is read back."""
    tag = tags.Tag(tags.REPLY_START, caller, turn, detail)
    audible = before.translate(None, b"\x7f\xff")
    assert [(len(audible), tag)] == list(tags.find(audible + tags.encode(tag) + audible))


def test_nobody_hears_a_tag():
    """A tag is one frame of digital silence."""
    frame = tags.encode(tags.Tag(tags.CALLER, 7, 3, 2))
    assert FRAME_BYTES == len(frame)
    assert not mulaw.decode(frame).any()


@given(numbers, numbers)
def test_a_code_word_names_its_turn(caller, turn):
    """The last code word of a prompt tells whose turn it is."""
    text = f"{tags.code_word(1, 2)} before {tags.code_word(caller, turn)} please"
    assert (caller, turn) == tags.last_code(text.encode())


def test_the_reply_starts_with_a_clause_that_carries_the_code():
    """The first clause names the turn, and only the last text of a reply ends it."""
    assert CODE_TOKEN < CLAUSE_TOKEN
    assert REPLY.endswith(REPLY_ENDS_WITH)
    assert 1 == REPLY.count(REPLY_ENDS_WITH)


def test_a_spoken_text_is_as_long_as_its_words_and_tagged_at_both_ends():
    """Sixteen characters a second, whole frames, nothing else that looks like a tag."""
    start, end = tags.Tag(tags.REPLY_START, 1, 2), tags.Tag(tags.REPLY_END, 1, 2, 1)
    audio = spoken("x" * 32, start, end, 16)
    assert 2 * 8000 == len(audio)
    assert [(0, start), (len(audio) - FRAME_BYTES, end)] == list(tags.find(audio))


async def test_each_sentence_is_one_utterance_for_the_ear():
    """A clip begins once and ends once, after its sound and before the clip is over."""
    clips = await render(SENTENCES[:2])
    for clip in clips.clips:
        stream = clips.noise + clip.audio + clips.noise
        frames = [stream[at : at + FRAME_BYTES] for at in range(0, len(stream), FRAME_BYTES)]
        began, ended = ReferenceEar().changes(frames)
        onset_ms = len(clips.noise) // 8
        assert (True, False) == (began.began, ended.began)
        assert onset_ms - 40 <= began.at_ms <= began.known_ms <= onset_ms + 200
        assert (
            onset_ms + clip.voice_ms - 100 <= ended.at_ms < ended.known_ms <= onset_ms + len(clip.audio) // 8
        )


SPOKEN = Spoken("zqaaaaaa", "what does it cost please", 10.0, 10.1, 10.34, 10.80)
VENDORS = Vendors(
    asr=Interval("asr", "zqaaaaaa", 10.35, 10.41),
    llm=Interval("llm", "zqaaaaaa", 10.42, 10.68),
    tts=Interval("tts", "zqaaaaaa", 10.69, 10.77),
)


def test_added_latency_is_what_no_vendor_and_no_policy_asked_for():
    """Every hand-over of 10 ms shows, the vendors' 60, 260 and 80 ms do not."""
    found = latency(SPOKEN, VENDORS, Policy(BRIGHTLINE))
    assert pytest.approx(60) == found.added_ms
    assert pytest.approx(800) == found.total_ms
    assert pytest.approx(130) == found.speculation_lead_ms
    assert pytest.approx({"ear": 10, "ask": 10, "say": 10, "out": 30}) == found.hops_ms


def test_waiting_for_the_end_of_a_turn_is_the_policys():
    """A fast model's clause waits for the prescribed silence, and that is not added latency."""
    vendors = Vendors(
        asr=VENDORS.asr,
        llm=Interval("llm", "zqaaaaaa", 10.41, 10.45),
        tts=Interval("tts", "zqaaaaaa", 10.55, 10.63),
    )
    turn = Spoken("zqaaaaaa", SPOKEN.text, 10.0, 10.1, 10.34, 10.63)
    assert pytest.approx(0, abs=1e-6) == latency(turn, vendors, Policy(BRIGHTLINE)).added_ms


def test_the_work_that_led_to_the_answer_counts():
    """A speculation that was thrown away and work after the answer are left out."""
    early = Interval("llm", "zqaaaaaa", 10.0, 10.2)
    late = Interval("tts", "zqaaaaaa", 10.9, 11.0)
    log = [early, VENDORS.asr, VENDORS.llm, VENDORS.tts, late]
    assert VENDORS == vendors_of(SPOKEN, log)
    assert vendors_of(SPOKEN, [VENDORS.asr, VENDORS.llm]) is None


def test_starvation_is_counted_between_two_times():
    """Readings of a growing counter are subtracted."""
    starvation = Starvation()
    for when_s, waited_s in ((1.0, 0.0), (2.0, 0.5), (3.0, 0.6)):
        starvation.note(when_s, waited_s)
    assert pytest.approx(0.6) == starvation.between(1.5, 3.5)
    assert pytest.approx(0.1) == starvation.between(2.0, 3.0)


def test_percentiles_are_values_that_occurred():
    """Nearest rank; nothing at all counts as 0."""
    assert [50, 99, 100] == [percentile(range(1, 101), percent) for percent in (50, 99, 100)]
    assert 3 == percentile([3], 99)
    assert 0.0 == percentile([], 99)


def test_a_row_has_the_promised_keys_first_and_the_ratio():
    """What other tools read from build/bench.json."""
    figures = row(_measured(50, added_ms=20.0), Floors(plain=5.0))
    assert PROMISED_KEYS == list(figures)[: len(PROMISED_KEYS)]
    assert 1.2 == figures["ratio"]


def test_calls_per_core_is_the_largest_load_that_was_carried_well():
    """Late answers, a gap or a lost call disqualify a row."""
    rows = [
        row(_measured(50, added_ms=20.0), Floors()),
        row(_measured(100, added_ms=20.0), Floors()),
        row(_measured(150, added_ms=120.0), Floors()),
        row(_measured(200, added_ms=20.0, gap_ms=41.0), Floors()),
        row(_measured(250, added_ms=20.0, lost_calls=1), Floors()),
    ]
    assert 100 == calls_per_core(rows)
    assert 0 == calls_per_core(rows[2:])


def _measured(calls: int, *, added_ms: float, gap_ms: float = 0.0, lost_calls: int = 0) -> Measured:
    turns = TurnFigures(turns=200, added_ms=[added_ms] * 200, gaps_ms=[gap_ms])
    return Measured(
        calls=calls,
        seconds=10.0,
        cpu_ms_per_call_s=6.0,
        cpu_share=0.3,
        starved_share=0.0,
        setup_cpu_ms=5.0,
        rss_mb_per_call=0.3,
        audio_out_share=0.7,
        messages_out_per_call_s=5.0,
        ready_lag_ms_max=1.0,
        generator_lag_ms_p99=1.0,
        lost_calls=lost_calls,
        refusals=0,
        problems=[],
        turns=turns,
    )
