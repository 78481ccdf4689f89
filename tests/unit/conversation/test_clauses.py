"""Cutting a growing reply into pieces worth speaking. `conversation/clauses.py`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.conversation.clauses import CLAUSE_CHARS_MAX, FIRST_CLAUSE_CHARS_MIN, take_clauses

WORDS = st.lists(
    st.one_of(
        st.text("abcdefghij'", min_size=1, max_size=30),
        st.sampled_from(
            ["$1,234.50", "3.5", "Dr.", "e.g.", "Yes,", "no;", "Sure!", "-", "10:30", "St.", "a.m."]
        ),
        st.text("xyz", min_size=1, max_size=12).map(lambda word: word + "."),
        st.text("xyz", min_size=1, max_size=12).map(lambda word: word + ","),
    ),
    max_size=120,
)


def _clauses(text: str, *, pieces: int = 1) -> list[str]:
    """All clauses of a reply that arrives in `pieces`-character pieces."""
    clauses: list[str] = []
    buffer = ""
    for start in range(0, len(text), pieces):
        taken, buffer = take_clauses(buffer + text[start : start + pieces], first=not clauses, final=False)
        clauses += taken
    taken, rest = take_clauses(buffer, first=not clauses, final=True)
    assert "" == rest
    return clauses + taken


@given(words=WORDS, pieces=st.integers(1, 50))
def test_no_word_is_lost_or_changed(words, pieces):
    """The clauses put together are the reply, word for word, however it arrived."""
    text = " ".join(words)

    assert text.split() == " ".join(_clauses(text, pieces=pieces)).split()


@given(words=WORDS, pieces=st.integers(1, 50))
def test_clauses_are_bounded(words, pieces):
    """No clause is empty or longer than the bound, even without any punctuation."""
    assert all(0 < len(clause) <= CLAUSE_CHARS_MAX for clause in _clauses(" ".join(words), pieces=pieces))


@given(text=st.text(max_size=1000), pieces=st.integers(1, 50))
def test_any_text_is_cut(text, pieces):
    """Whatever a model writes, every visible character of it comes out once and in order."""
    assert "".join(text.split()) == "".join("".join(_clauses(text, pieces=pieces)).split())


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("We open at nine. We close at five.", ["We open at nine.", "We close at five."]),
        ("Yes. Really!", ["Yes.", "Really!"]),
        ("Is it you? It is.", ["Is it you?", "It is."]),
        ("That costs $1,234.50 a year. Fine?", ["That costs $1,234.50 a year.", "Fine?"]),
        ("It takes 3.5 hours on average. Bye.", ["It takes 3.5 hours on average.", "Bye."]),
        ("Please ask Dr. Smith about it. Bye.", ["Please ask Dr. Smith about it.", "Bye."]),
        ("Bring something, e.g. this letter. Bye.", ["Bring something,", "e.g. this letter.", "Bye."]),
        ("We open at 9 a.m. on Mondays. Bye.", ["We open at 9 a.m. on Mondays.", "Bye."]),
        ("Go to 12 Main St. Louis now. Bye.", ["Go to 12 Main St. Louis now.", "Bye."]),
        ("Come at 10:30 sharp. Bye.", ["Come at 10:30 sharp.", "Bye."]),
        ('He said "no." Then he left.', ['He said "no."', "Then he left."]),
        ("Wait... I see.", ["Wait...", "I see."]),
        ("one\ntwo", ["one", "two"]),
    ],
)
def test_sentences(text, clauses):
    """Clauses end at sentences; numbers, abbreviations and times stay whole."""
    assert clauses == _clauses(text)
    assert clauses == _clauses(text, pieces=len(text))


def test_first_clause_is_short():
    """The reply's first clause ends at a comma, so that speech starts early."""
    text = "Of course I can, we have tables at seven, at eight, and at nine tonight."

    assert "Of course I can," == _clauses(text)[0]
    assert [text[17:]] == _clauses(text)[1:]


def test_first_clause_is_not_tiny():
    """A comma after one short word is no place to stop: the synthesizer would run dry."""
    text = "Yes, we have a table at seven, for two. Shall I book it?"

    assert "Yes, we have a table at seven," == _clauses(text)[0]
    assert len(_clauses(text)[0]) >= FIRST_CLAUSE_CHARS_MIN


def test_later_clauses_are_sentences():
    """After the first clause, commas in ordinary sentences do not cut: prosody needs the whole."""
    clauses = _clauses("We do. There are tables at seven, at eight, and at nine. Which one?")

    assert ["We do.", "There are tables at seven, at eight, and at nine.", "Which one?"] == clauses


def test_long_sentences_are_cut_at_commas():
    """A sentence that goes on and on is cut at a comma past a breath's length."""
    long = "it goes on and on " * 5
    clauses = _clauses(f"Hi. First {long}, then {long}, and that is all.")

    assert 4 == len(clauses)
    assert clauses[1].endswith(",")


def test_end_of_a_sentence_needs_what_follows():
    """A full stop at the very end may be a decimal point: it counts once a blank follows."""
    assert ([], "It takes 3.") == take_clauses("It takes 3.", first=True, final=False)
    assert (["It takes 3."], " ") == take_clauses("It takes 3. ", first=True, final=False)


def test_rest_is_kept_until_it_is_final():
    """What is no clause yet waits."""
    assert (["We open at nine."], " And on") == take_clauses(
        "We open at nine. And on", first=True, final=False
    )
    assert (["We open at nine.", "And on"], "") == take_clauses(
        "We open at nine. And on", first=True, final=True
    )
