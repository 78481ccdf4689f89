"""W3C trace context: what comes from outside names a parent within the call's own trace, or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.trace_context import TraceContext, parse_traceparent, trace_id_of

CALL = "CA" + "1" * 32
TRACE = trace_id_of(CALL)
SPAN = "00f067aa0ba902b7"


def test_round_trip():
    """What one side writes the other reads, sampled or not."""
    for sampled in (True, False):
        context = TraceContext(TRACE, SPAN, sampled=sampled)
        assert context == parse_traceparent(context.traceparent, call_id=CALL)


def test_the_documented_form():
    """Version, trace id, parent id, flags (W3C Trace Context, section 3.2.2)."""
    assert f"00-{TRACE}-{SPAN}-01" == TraceContext(TRACE, SPAN).traceparent


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"00-{TRACE}-{SPAN}",
        f"01-{TRACE}-{SPAN}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01\n",
        f" 00-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{trace_id_of('CA' + '2' * 32)}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-0g",
        f"00-{TRACE}-{SPAN}-\u0661\u0661",
        "4111 1111 1111 1111",
    ],
)
def test_anything_else_is_nothing(text: str):
    """Malformed, of a version we do not know, or of another call's trace: the call starts its own."""
    assert parse_traceparent(text, call_id=CALL) is None


@given(st.text())
def test_never_raises(text: str):
    """It is untrusted text."""
    assert parse_traceparent(text, call_id=CALL) is None


def test_a_calls_trace_is_its_own():
    """The id is 16 bytes, the same wherever it is computed, and says nothing about the call's id."""
    assert 32 == len(TRACE)
    assert bytes.fromhex(TRACE)
    assert trace_id_of(CALL) == TRACE
    assert trace_id_of("CA" + "2" * 32) != TRACE
