"""Histories in the shape that vendors accept."""

from hypothesis import given
from hypothesis import strategies as st

from switchboard.adapters.dialogue import CONNECTED, SILENT, UNFINISHED, alternating
from switchboard.domain.messages import Message, ToolCall, ToolResult

CALL = ToolCall("t1", "check_outage", {"postcode": "32507"})
RESULT = ToolResult("t1", "an outage")

_ids = st.sampled_from(["t1", "t2", "t3", "t4"])
_texts = st.sampled_from(["", "  ", "hello", "yes"])
_messages = st.lists(
    st.builds(
        Message,
        st.just("user"),
        _texts,
        tool_results=st.lists(st.builds(ToolResult, _ids, st.just("found")), max_size=2).map(tuple),
    )
    | st.builds(
        Message,
        st.just("assistant"),
        _texts,
        st.lists(
            st.builds(ToolCall, _ids, st.just("check"), st.just({})), max_size=2, unique_by=lambda c: c.id
        ).map(tuple),
    ),
    max_size=8,
)


@given(_messages)
def test_any_history_becomes_a_valid_dialogue(messages):
    """Roles alternate from the user to the user, no turn is empty, and each call is answered right after it."""
    turns = alternating(messages)
    assert ["user", "assistant"] * (len(turns) // 2) + ["user"] == [turn.role for turn in turns]
    assert all(turn.text.strip() or turn.tool_calls or turn.tool_results for turn in turns)
    asked: tuple[str, ...] = ()
    for turn in turns:
        assert asked == tuple(result.call_id for result in turn.tool_results)
        asked = tuple(call.id for call in turn.tool_calls)


@given(_messages)
def test_a_valid_dialogue_stays_as_it_is(messages):
    """Shaping twice is shaping once."""
    turns = alternating(messages)
    assert turns == alternating(turns)


def test_a_greeting_gets_a_neutral_turn_before_it():
    """An agent that speaks first speaks to a call that connected, not to invented words."""
    greeting = Message("assistant", "Brightline, hello!")
    expected = [Message("user", CONNECTED), greeting, Message("user", "Hi.")]
    assert expected == alternating([greeting, Message("user", "Hi.")])


def test_an_empty_history_is_a_call_that_connected():
    """The model can open the conversation."""
    assert [Message("user", CONNECTED)] == alternating([])


def test_messages_of_one_role_become_one_turn():
    """Two utterances without an answer between them are one turn, a line each."""
    assert [Message("user", "Hello?\nAnyone there?")] == alternating(
        [Message("user", "Hello?"), Message("user", "Anyone there?")]
    )


def test_a_dialogue_that_ends_with_the_assistant_gets_a_silent_turn():
    """Speaking again into silence says so."""
    turns = [Message("user", "Hi."), Message("assistant", "How can I help?")]
    assert [*turns, Message("user", SILENT)] == alternating(turns)


def test_results_come_before_what_was_said_meanwhile():
    """A result that arrives after the caller spoke again still answers its call, and comes first in the turn."""
    turns = alternating(
        [
            Message("user", "Is it down?"),
            Message("assistant", "", (CALL,)),
            Message("user", "Hello?"),
            Message("user", tool_results=(RESULT,)),
        ]
    )
    assert Message("user", "Hello?", tool_results=(RESULT,)) == turns[-1]


def test_an_abandoned_call_is_answered_honestly():
    """A call whose result never came has an error as its answer."""
    turns = alternating(
        [Message("user", "Is it down?"), Message("assistant", "", (CALL,)), Message("user", "Never mind.")]
    )
    unfinished = ToolResult("t1", UNFINISHED, is_error=True)
    assert Message("user", "Never mind.", tool_results=(unfinished,)) == turns[-1]


def test_a_result_without_its_call_is_left_out():
    """A trimmed history does not keep the second half of a pair."""
    assert [Message("user", "And now?")] == alternating(
        [Message("user", tool_results=(RESULT,)), Message("user", "And now?")]
    )
