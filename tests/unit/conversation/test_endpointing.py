"""Does it sound finished? `conversation/endpointing.py`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.conversation.endpointing import completeness, count_digits, digits_expected_after

COMPLETE = """
Yes.
yes
No, thanks.
okay
that's correct
stop
goodbye
hello
What are your opening hours?
when do you open tomorrow
I need help with my bill
I'd like to speak to someone about an invoice
can you send me a copy please
Thank you very much.
I lost my password.
my order never arrived
Cancel it!
the red one looks better
Could you repeat that?
I want to cancel my contract
my number is on the letter
there were two people waiting
I paid five dollars yesterday
Book a table for two.
I need a table for two
""".strip().splitlines()

NEUTRAL = """
billing
technical support
my dishwasher leaks
Monday morning
not really
tomorrow at five
let's say ten
and then
""".strip().splitlines()

UNFINISHED = """
I would like to
I want a
um
well um
I was thinking uh
my number is
my account number is
the code is
my name is
it's for the
because
I called yesterday and
my dishwasher, it's
the problem is that my
can you tell me when
I'd like to book a table for
so
so, like
it starts with,
I tried to call the...
I tried to call the…
do you have
I don't know if
My phone number
with
My number is.
""".strip().splitlines()

DIGITS = """
eight
eight five oh
8 5 0
850
my number is eight
my number is eight five oh
it's four two
one two three four
double nine
nine triple
oh eight hundred
my code is 4711
5 5 5 1 2 3
zero
four seven one one
it's five
the number's 85
""".strip().splitlines()


@pytest.mark.parametrize("text", COMPLETE)
def test_complete(text):
    """A finished sentence or a short answer sounds complete."""
    assert "complete" == completeness(text)


@pytest.mark.parametrize("text", NEUTRAL)
def test_neutral(text):
    """A few words that may be all or a beginning are neither."""
    assert "neutral" == completeness(text)


@pytest.mark.parametrize("text", UNFINISHED)
def test_unfinished(text):
    """Words that ask for more to follow sound unfinished, whatever punctuation recognition put behind them."""
    assert "unfinished" == completeness(text)


@pytest.mark.parametrize("text", DIGITS)
def test_digits(text):
    """A string of digits, or the first of one, may go on."""
    assert "digits" == completeness(text)


@pytest.mark.parametrize(
    ("text", "expected", "judged"),
    [
        ("one two three four", 4, "complete"),
        ("1 2 3 4", 4, "complete"),
        ("It's 1234.", 4, "complete"),
        ("one two three four five", 4, "complete"),
        ("double one double two", 4, "complete"),
        ("one two three", 4, "digits"),
        ("One, two, three.", 4, "digits"),
        ("it is", 4, "unfinished"),
        ("I don't have it with me", 4, "complete"),
        ("two", 0, "digits"),
        ("let's say two", 0, "digits"),
    ],
)
def test_expected_digits(text, expected, judged):
    """When the agent asked for a number, its digits decide; for words, the ordinary rules hold."""
    assert judged == completeness(text, digits_expected=expected)


def test_nothing_said():
    """No words are neither finished nor unfinished."""
    assert "neutral" == completeness("")
    assert "neutral" == completeness(" … ")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("four two seven", 3),
        ("four two 7", 3),
        ("427", 3),
        ("double nine", 2),
        ("triple oh", 3),
        ("double 42", 2),
        ("no digits here", 0),
        ("oh one two", 3),
    ],
)
def test_count_digits(text, count):
    """Digits are counted as words and as figures; "double" and "triple" multiply the next one."""
    assert count == count_digits(text.split())


@pytest.mark.parametrize(
    ("agent_text", "expected"),
    [
        ("Could you tell me your 4-digit code?", 4),
        ("Please key in your six-digit account number.", 6),
        ("What is your order number?", 0),
        ("Can I have your phone number, please?", 0),
        ("Thanks. And your ten digit customer number?", 10),
        ("Please enter the code.", 0),
        ("How can I help?", None),
        ("Your order number is 4711.", None),
        ("Shall I book it?", None),
        ("Did you get the code? I can book it now.", None),
        ("", None),
    ],
)
def test_digits_expected(agent_text, expected):
    """The agent's last sentence tells whether, and how many, digits are to come."""
    assert expected == digits_expected_after(agent_text)


@given(text=st.text(max_size=80), expected=st.one_of(st.none(), st.integers(0, 20)))
def test_any_text_is_judged(text, expected):
    """Whatever recognition writes gets one of the four answers."""
    assert completeness(text, digits_expected=expected) in ("complete", "neutral", "unfinished", "digits")
    digits_expected_after(text)
