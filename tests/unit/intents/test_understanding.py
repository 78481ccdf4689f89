"""How a model's structured answer is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.understanding import (
    MALFORMED,
    Entities,
    Intent,
    Sentiment,
    Understanding,
    parse_answer,
)
from tests.contracts.intent_classifier import ANSWER

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


def test_a_whole_answer():
    """Every field arrives."""
    known = parse_answer(ANSWER)
    assert (known.intent, known.confidence, known.sentiment) == (Intent.BILLING, 0.93, Sentiment.NEGATIVE)
    assert known.needs == (Intent.BILLING, Intent.TECHNICAL)
    assert known.entities == Entities(account_id="104417", dates=("yesterday",), times_called=2)


@pytest.mark.parametrize("field", ["intent", "confidence", "sentiment", "needs"])
def test_a_missing_field_is_malformed(field):
    """Each required field is required."""
    assert parse_answer({key: value for key, value in ANSWER.items() if key != field}) == MALFORMED


@pytest.mark.parametrize(
    "change",
    [
        {"intent": "BILLING"},
        {"confidence": 1.01},
        {"confidence": -0.1},
        {"confidence": float("nan")},
        {"confidence": "0.9"},
        {"sentiment": None},
        {"needs": ["pizza"]},
        {"entities": []},
    ],
)
def test_a_value_outside_its_set_is_malformed(change):
    """Nothing outside the closed sets and ranges passes."""
    assert parse_answer(ANSWER | change) == MALFORMED


def test_the_intent_is_always_the_first_need():
    """A model that orders its needs otherwise is put right, and none is lost or told twice."""
    answer = ANSWER | {"intent": "sales", "needs": ["billing", "sales", "billing"]}
    assert parse_answer(answer).needs == (Intent.SALES, Intent.BILLING)


def test_strange_entities_do_not_cost_the_intent():
    """Entities of the wrong kind are left out one by one."""
    strange = {
        "account_id": 5,
        "product": "x" * 999,
        "dates": "today",
        "times_called": True,
        "invoice_number": " 77 ",
    }
    known = parse_answer(ANSWER | {"entities": strange})
    assert known.entities == Entities(invoice_number="77")
    assert known.intent is Intent.BILLING


def test_a_model_never_sets_the_flags():
    """Only rules say that nothing may block a call."""
    known = parse_answer(ANSWER | {"wants_human": True, "is_emergency": True, "by_key": True})
    assert known != MALFORMED
    assert not known.is_certain


@given(st.dictionaries(st.sampled_from([*ANSWER, "other"]), JSON))
def test_no_answer_raises(arguments):
    """Whatever a model sends, an understanding comes back."""
    assert isinstance(parse_answer(arguments), Understanding)
