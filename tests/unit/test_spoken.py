"""R-SPOKEN: what is written for the eye becomes what is said to the ear."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from switchboard.domain import spoken
from switchboard.domain.spoken import for_the_ear
from switchboard.domain.spoken_numbers import cardinal, ordinal

_TOKENS = st.sampled_from(
    [
        *"*_`#~|>-+=&%$€°()[]!.,:;/\\\n 0123456789",
        "**", "```", "```python\n", "---", "\n\n", "- ", "1. ", "## ", "| a | b |", "|---|",
        "[x](http://a.com/b?c)", "https://www.brightline.com/pay", "help@brightline.com", "www.", "http://",
        "850-687-2085", "(850) ", "104417", "$42.50", "$1,042", " million", "-$5", "6:30 PM", "9:05am", "2026-11-20",
        "20th", "15%", "ending in 4417", "3–5", "🎉", "1️⃣", "👩‍💻", "é", "ß", "日本", "क्‍ष", "and", "PM", "x", "Hello",
    ]
)  # fmt: skip
_SCRIBBLES = st.lists(_TOKENS | st.text(max_size=4), max_size=14).map("".join)


def letters(text: str) -> list[str]:
    return [character for character in text.casefold() if character.isalpha()]


def is_within(needle: list[str], haystack: list[str]) -> bool:
    rest = iter(haystack)
    return all(character in rest for character in needle)


@given(_SCRIBBLES)
def test_speaking_twice_is_speaking_once(text):
    """The rewriting is idempotent for any input, markup cut in half included."""
    assert for_the_ear(text) == for_the_ear(for_the_ear(text))


@given(st.from_regex(spoken._PLAIN, fullmatch=True))
def test_the_short_cut_skips_nothing(text):
    """No rule would have changed the plain words that are returned untouched."""
    assert text == spoken._pass(text)


@given(_SCRIBBLES)
def test_no_letter_is_lost(text):
    """Every letter survives in order, web addresses and code fences aside."""
    assume(not any(mark in text.casefold() for mark in ("//", "www", "```", "~~~", "](")))
    assert is_within(letters(text), letters(for_the_ear(text)))


@given(_SCRIBBLES)
def test_no_markup_is_left(text):
    """Nothing that a synthesizer would read out as a symbol remains."""
    assert not set("*_`|[]{}<>\n") & set(for_the_ear(text))


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("850-687-2085", "eight-five-oh, six-eight-seven, two-zero-eight-five"),
        ("(850) 687-2085", "eight-five-oh, six-eight-seven, two-zero-eight-five"),
        ("850.687.2085", "eight-five-oh, six-eight-seven, two-zero-eight-five"),
        ("+1 850 687 2085", "plus one, eight-five-oh, six-eight-seven, two-zero-eight-five"),
        ("+18506872085", "plus one, eight-five-oh, six-eight-seven, two-zero-eight-five"),
        ("account 104417.", "account one-zero-four, four-one-seven."),
        (
            "4929 1234 5678 9012",
            "four-nine-two-nine, one-two-three-four, five-six-seven-eight, nine-zero-one-two",
        ),
        ("a card ending in 4417", "a card ending in four-four-one-seven"),
        ("2026-13-40", "two-zero-two-six, one-three, four-oh"),
        ("postcode 32507", "postcode three-two-five-zero-seven"),
        ("invoice BL104417", "invoice BL one-zero-four, four-one-seven"),
    ],
)
def test_digit_runs_are_read_digit_by_digit(written, spoken):
    """Phone, card and account numbers become digits in groups; the last zero of a group reads "oh"."""
    assert spoken == for_the_ear(written)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("$42.50", "forty-two dollars and fifty cents"),
        ("$42.5", "forty-two dollars and fifty cents"),
        ("It is $42.", "It is forty-two dollars."),
        ("$1,042.01", "one thousand forty-two dollars and one cent"),
        ("$0.99", "ninety-nine cents"),
        ("$0", "zero dollars"),
        ("a credit of -$5", "a credit of minus five dollars"),
        ("£1.01", "one pound and one penny"),
        ("€20", "twenty euros"),
        ("$2.5 million", "2.5 million dollars"),
        ("$1234567890", "1,234,567,890 dollars"),
        ("at 6:30 PM", "at six thirty PM"),
        ("at 9:05am", "at nine oh five am"),
        ("at 9:00", "at nine o'clock"),
        ("at 14:00", "at fourteen hundred"),
        ("15% off", "15 percent off"),
        ("on the 22nd", "on the twenty-second"),
        ("due 2026-11-20", "due November twentieth, 2026"),
        ("3–5 days", "3 to 5 days"),
        ("72°F", "72 degrees F"),
    ],
)
def test_amounts_times_and_dates_become_words(written, spoken):
    """Money, clock times, percents, ordinals and ISO dates are said as people say them."""
    assert spoken == for_the_ear(written)


@pytest.mark.parametrize(
    "text",
    [
        "You have 3 lines and 1,234,567 points.",
        "It was 12345.67 in 2026.",
        "We are here 24/7.",
        " and then ",
        "version 1.2.3",
        "",
    ],
)
def test_what_synthesizers_read_well_stays(text):
    """Plain numbers, years, decimals and the blanks at a fragment's ends are left alone."""
    assert text == for_the_ear(text)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("## Plans\n- **Fiber**\n- _Cable_\n\nWhich one?", "Plans. Fiber. Cable. Which one?"),
        ("one line\nand the next", "one line and the next"),
        ("| Plan | Price |\n|---|---|\n| Fiber | 5 |", "Plan, Price. Fiber, 5"),
        ("```python\nreboot\n```", "reboot"),
        ("[our site](https://www.brightline.com/help?x=1)", "our site"),
        ("the line is up [1].", "the line is up."),
        ("at https://www.brightline.com/pay/now?ref=7.", "at brightline dot com slash pay slash now."),
        ("mail help@brightline.com!", "mail help at brightline dot com!"),
        ("Done 🎉👩‍💻!", "Done!"),
        ("> quoted", "quoted"),
        ("use `account_number` & wait", "use account number and wait"),
        ("**half of a bold", "half of a bold"),
        ("press # now, option #2", "press pound now, option number 2"),
        ("less <5 min", "less less than 5 min"),
    ],
)
def test_markup_is_taken_off(written, spoken):
    """Markdown, links, tables, fences, citations and emoji leave only what is to be said."""
    assert spoken == for_the_ear(written)


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "zero"), (13, "thirteen"), (42, "forty-two"), (100, "one hundred"), (1_000_001, "one million one")],
)
def test_cardinals(number, words):
    """Whole numbers read as in American English, without "and"."""
    assert words == cardinal(number)


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "first"), (12, "twelfth"), (20, "twentieth"), (23, "twenty-third"), (100, "one hundredth")],
)
def test_ordinals(number, words):
    """Ordinals change only the last word."""
    assert words == ordinal(number)
