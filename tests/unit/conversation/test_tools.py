"""Tools: run once, never in advance, never half-way. `conversation/dialogue.py`."""

from msgspec.structs import replace

from switchboard.conversation.actions import (
    CallTool,
    CancelTool,
    Generate,
)
from switchboard.domain.messages import Message, ToolCall, ToolResult
from tests.unit.conversation.driver import PHRASES, POLICY, Call, kinds


def test_tool_round_trip(asked):
    """A tool's answer goes back to the model, which then speaks."""
    asked.model_asks_for("look_up", order="47").model_finishes()
    assert [CallTool(ToolCall("c1", "look_up", {"order": "47"}))] == asked.all(CallTool)

    asked.tool_answers("opens at nine")
    assert Message("user", tool_results=(ToolResult("c1", "opens at nine"),)) == asked.generation.messages[-1]
    assert ("look_up",) == tuple(c.name for c in asked.generation.messages[-2].tool_calls)

    asked.model_replies("At nine.")
    assert ["At nine."] == asked.says_now


def test_words_before_a_tool_are_spoken(asked):
    """What the model says before a tool is heard while the tool runs, and stays one assistant message with the call."""
    asked.model_writes("Let me look.").model_asks_for("look_up").model_finishes()
    assert ["Let me look."] == asked.says_now

    asked.tool_answers("nine")
    assert "Let me look." == asked.generation.messages[-2].text
    assert 1 == len(asked.generation.messages[-2].tool_calls)


def test_several_tools_are_awaited_together(asked):
    """The model goes on when the last of its tools has answered."""
    asked.model_asks_for("look_up", call_id="a").model_asks_for("look_up", call_id="b").model_finishes()
    assert ["a", "b"] == [order.call.id for order in asked.all(CallTool)]

    asked.tool_answers("two", call_id="b")
    assert [] == kinds(asked.new)
    asked.tool_answers("one", call_id="a")
    assert [ToolResult("a", "one"), ToolResult("b", "two")] == list(
        asked.generation.messages[-1].tool_results
    )


def test_tool_runs_only_when_the_reply_is_complete(asked):
    """A reply that breaks off asks for nothing."""
    asked.model_asks_for("book")
    assert [] == asked.all(CallTool)

    asked.model_fails().model_replies("Sorry.")
    assert [] == asked.all(CallTool)


def test_unknown_outcome_is_told(asked):
    """When a tool gives no answer, the model learns that the outcome is unknown, not that nothing happened."""
    asked.model_asks_for("book").model_finishes().tool_fails()
    (result,) = asked.generation.messages[-1].tool_results

    assert result.is_error
    assert "unknown" in result.content


def test_slow_tool_times_out():
    """A tool that never answers is given up at its deadline; the model is told that the outcome is unknown."""
    call = Call(replace(POLICY, tool_max_ms=4000)).connects_and_listens().caller_says("When do you open?")
    call.model_asks_for("look_up").model_finishes()
    start_ms = call.now_ms
    while not call.all(CancelTool):
        call.silence_until_next_deadline().agent_finishes()

    assert [start_ms + 4000] == call.when(CancelTool)
    assert "unknown" in call.generation.messages[-1].tool_results[0].content


def test_effectful_tool_is_never_cancelled(asked):
    """A booking that is under way is not stopped half-way; its late answer is still remembered."""
    asked.model_asks_for("book").model_finishes()
    asked.caller_says("Actually, what about Sunday?")
    assert [] == asked.all(CancelTool)
    assert "Still running." == asked.generation.messages[-2].tool_results[0].content

    before = len(asked.all(Generate))
    asked.tool_answers("Booked.")
    assert before == len(asked.all(Generate))
    asked.model_replies("Closed.").agent_finishes().caller_says("Is it booked now?")
    assert ToolResult("c1", "Booked.") in [r for m in asked.generation.messages for r in m.tool_results]


def test_harmless_tool_is_cancelled_by_an_interruption(asked):
    """A look-up whose answer nobody waits for any more is cancelled, and the model is told so."""
    asked.model_asks_for("look_up").model_finishes()
    asked.caller_says("Never mind, what about Sunday?")

    assert ["c1"] == [order.call_id for order in asked.all(CancelTool)]
    assert asked.generation.messages[-2].tool_results[0].is_error


def test_late_answer_of_a_cancelled_tool_is_ignored(asked):
    """The answer to a cancelled call changes nothing (law 7)."""
    asked.model_asks_for("look_up").model_finishes()
    asked.caller_says("Never mind, what about Sunday?")
    before = asked.core.snapshot()
    asked.tool_answers("nine")

    assert before == asked.core.snapshot()


def test_same_call_twice_runs_once(asked):
    """A tool call that is delivered twice is one call: no booking is made twice."""
    asked.model_asks_for("book").model_asks_for("book").model_finishes()

    assert 1 == len(asked.all(CallTool))


def test_tool_calls_are_bounded(asked):
    """One reply runs at most `tool_calls_max` tools."""
    for number in range(POLICY.tool_calls_max + 3):
        asked.model_asks_for("look_up", call_id=f"c{number}")
    asked.model_finishes()

    assert POLICY.tool_calls_max == len(asked.all(CallTool))


def test_tool_rounds_are_bounded(asked):
    """A model that only ever asks for tools counts as failing; the caller hears an apology."""
    number = 0
    while PHRASES.apology not in asked.said:
        number += 1
        assert number < 20
        asked.model_asks_for("look_up", call_id=f"c{number}").model_finishes()
        if asked.core.state.dialogue.tools:
            asked.tool_answers("?", call_id=f"c{number}")

    assert POLICY.tool_rounds_max == len(asked.all(CallTool))


def test_unknown_tool_is_not_invented(asked):
    """A call to a tool that does not exist is passed on to be refused there, like any other."""
    asked.model_asks_for("fly_to_the_moon").model_finishes()

    assert ["fly_to_the_moon"] == [order.call.name for order in asked.all(CallTool)]
