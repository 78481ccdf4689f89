"""Words, patterns and clauses, below the rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.intents.clauses import clauses_of
from switchboard.domain.intents.patterns import GAP_MAX, Lexicon, best_cover
from switchboard.domain.intents.words import UTTERANCE_CHARS_MAX, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I can't, uh, log in.", "i can not log in ."),
        ("i cant login", "i can not log in"),
        ("It’s my my Wi-Fi", "it is my wifi"),
        ("Où est l'agence ?", "ou est l agence ?"),
        ("Straße, señal", "strasse , senal"),
        ("1 1 1", "1 1 1"),
        ("won't won’t wont", "will not will not will not"),
        ("", ""),
    ],
)
def test_words(text, words):
    """Contractions, hesitations, stutters, accents and hyphens are all one."""
    assert " ".join(words_of(text)) == words


@given(st.text(max_size=300))
def test_words_are_stable(text):
    """Words of words are the same words: nothing is left to normalise."""
    once = words_of(text)
    assert all(word == word.lower() or not word.isascii() for word in once)
    assert "" not in once


def test_very_long_speech_is_cut():
    """What lies beyond the limit is not read."""
    assert len(words_of("abcd " * UTTERANCE_CHARS_MAX)) == 1
    assert "end" not in words_of("a b " * UTTERANCE_CHARS_MAX + "end")


def lexicon(*phrases: str) -> Lexicon[str]:
    made: Lexicon[str] = Lexicon({"pet": "cat dog*"})
    for phrase in phrases:
        made.add(phrase, f"1: {phrase}")
    return made


@pytest.mark.parametrize(
    ("phrase", "text", "is_found"),
    [
        ("pay my bill", "i pay my bill", True),
        ("pay my bill", "i pay the bill", False),
        ("pay my|the bill", "pay the bill", True),
        ("invoic*", "two invoices", True),
        ("invoic*", "in voice", False),
        ("feed @pet", "feed dogs", True),
        ("feed @pet", "feed cats", False),
        ("pay my? bill", "pay bill", True),
        ("pay ~ bill", "pay the whole open bill", True),
        ("pay ~ bill", "pay a b c d bill", False),
        ("pay ~ bill", "pay . bill", False),
        ("pay ~ bill", "pay , bill", True),
        ("pay ~ now?", "pay", True),
    ],
)
def test_patterns(phrase, text, is_found):
    """Each element of the pattern language does what it says."""
    assert is_found is bool(lexicon(phrase).matches(text.split()))


def test_a_gap_is_short():
    """A gap spans three words, not four."""
    words = ["pay", *["x"] * GAP_MAX, "bill"]
    assert lexicon("pay ~ bill").matches(words)
    assert not lexicon("pay ~ bill").matches(["pay", "x", *words[1:]])


def test_the_heavier_phrase_stands():
    """Where phrases overlap the heavier one counts, and each word counts once."""
    made: Lexicon[str] = Lexicon()
    made.add("fee", "6: upgrade fee")
    made.add("upgrade", "4: upgrade")
    made.add("bill", "4: bill")
    found = best_cover(made.matches("upgrade fee on my bill".split()))
    assert ["fee", "bill"] == [match.label for match in found]


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("my bill is wrong and my wifi is slow", ["my bill is wrong", "my wifi is slow"]),
        ("my wifi is so slow today i want a refund", ["my wifi is", "so slow today", "i want a refund"]),
        ("i want to know what i owe", ["i want to know what i owe"]),
        ("cancel it because it is slow", ["cancel it", "because it is slow"]),
        (", . and", []),
    ],
)
def test_clauses(text, clauses):
    """Clauses end at punctuation and connectors, and where a recogniser runs on."""
    words = text.split()
    assert clauses == [" ".join(words[clause.start : clause.end]) for clause in clauses_of(words)]


@given(st.lists(st.sampled_from("i want and , . because my bill so".split()), max_size=40))
def test_clauses_never_overlap(words):
    """Clauses are in order, apart and not empty."""
    at = 0
    for clause in clauses_of(words):
        assert at <= clause.start < clause.end <= len(words)
        at = clause.end
