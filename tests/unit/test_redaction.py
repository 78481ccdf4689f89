"""Masking what identifies callers: rather too much than too little."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.domain.redaction import (
    EMAIL_MASK,
    NUMBER_MASK,
    WITHHELD,
    redact,
    redact_text,
    withhold,
)
from switchboard.domain.transcripts import TranscriptTurn

WORDS = "zero one two three four five six seven eight nine".split()
FILLERS = ("uh", "um", "and then", "sorry", "no wait", ",", "-", "")


def masked(text: str) -> str:
    return redact_text(text, language="en-US")


def test_written_numbers():
    """Cards, telephone numbers and ids in digits are masked whole; prices and times below three digits stay."""
    assert f"my card is {NUMBER_MASK} thanks" == masked("my card is 4111 1111-1111 1111 thanks")
    assert f"call {NUMBER_MASK}." == masked("call 415.555.0123.")
    assert f"order {NUMBER_MASK}" == masked("order AB12CD34")
    assert "35 dollars, and a technician comes before 9" == masked(
        "35 dollars, and a technician comes before 9"
    )


def test_spoken_numbers():
    """Digits in words, with multipliers, pairs, fillers, corrections and what recognisers mishear."""
    for spoken in (
        "four one one one",
        "four triple one",
        "forty-one eleven",
        "four uh one, sorry, um one one",
        "for one won ate",
        "double oh seven",
        "five oh five",
        "nineteen eighty",
        "one hundred and twenty three",
    ):
        assert f"it is {NUMBER_MASK} okay" == masked(f"it is {spoken} okay")


def test_plain_talk_stays():
    """Words that could be misheard digits are left alone where no number stands beside them."""
    for text in (
        "one moment please, I have to look for it",
        "I ate too much for free, oh well",
        "two of my lines are down since nine",
        "thank you for waiting",
    ):
        assert text == masked(text)


def test_emails():
    """Addresses are masked as written and as spelled out."""
    assert f"write to {EMAIL_MASK}" == masked("write to jane.doe@example.com")
    assert f"it is {EMAIL_MASK}" == masked("it is jane dot doe at example dot com")


def test_across_turns():
    """A number that goes on after the other side's "mm-hm" is one number."""
    turns = (
        TranscriptTurn("caller", "it starts with four one"),
        TranscriptTurn("agent", "mm-hm"),
        TranscriptTurn("caller", "one one and that's it"),
    )
    expected = (f"it starts with {NUMBER_MASK}", "mm-hm", f"{NUMBER_MASK} and that's it")
    assert expected == tuple(turn.text for turn in redact(turns, language="en"))


def test_agent_is_masked_too():
    """What the agent reads back is as protected as what the caller said."""
    turn = TranscriptTurn("agent", "I have five nine three six four two, right?", start_ms=7)
    assert redact((turn,), language="en") == (TranscriptTurn("agent", f"I have {NUMBER_MASK}, right?", 7),)


def test_unknown_language():
    """In a language whose numbers are not known nothing is let through."""
    turns = (TranscriptTurn("caller", "vier eins eins eins", 3),)
    assert (TranscriptTurn("caller", WITHHELD, 3),) == redact(turns, language="de-DE") == withhold(turns)


@st.composite
def spelled_numbers(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A number of three digits or more in any mixture of styles, within words; and its digits as they appear."""
    digits = draw(st.lists(st.integers(0, 9), min_size=3, max_size=19))
    said = [draw(st.sampled_from((WORDS[digit], str(digit)))) for digit in digits]
    gaps = [draw(st.sampled_from(FILLERS)) for _ in said]
    spelled = " ".join(f"{word} {gap}".strip() for word, gap in zip(said, gaps, strict=True))
    return f"well my number is {spelled} if you please", said


@given(spelled_numbers())
def test_no_spelled_number_survives(number: tuple[str, list[str]]):
    """Not one digit of a number of three or more is left, whatever stands between them."""
    text, _said = number
    left = masked(text).lower().replace(",", " ").replace("-", " ").split()
    assert not set(left) & {*WORDS, *map(str, range(10))}
    assert left[:4] == "well my number is".split()


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from(("caller", "agent")), st.text(max_size=60)), max_size=6))
def test_masking_is_final(said: list[Any]):
    """Any text can be masked; doing it twice changes nothing; order and speakers stay."""
    turns = tuple(TranscriptTurn(speaker, text) for speaker, text in said)
    once = redact(turns, language="en")
    assert once == redact(once, language="en")
    assert [turn.speaker for turn in turns] == [turn.speaker for turn in once]
