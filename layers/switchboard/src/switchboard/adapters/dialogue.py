"""A conversation's history in the strict shape that model vendors accept.

Anthropic Messages and Bedrock Converse share the rules: roles alternate, the first and the last turn are the user's, no
turn is empty, and every tool call is answered exactly once, in the turn right after it. A phone call keeps none of
them by itself: agents greet first, callers interrupt tools, trimmed histories begin anywhere.
"""

from collections.abc import Iterable, Sequence

from switchboard.domain.messages import Message, ToolCall, ToolResult

CONNECTED = "(call connected)"
"""Stands before an agent's greeting: nobody has spoken yet, and a made-up "hello" would put words in a mouth."""

SILENT = "(no answer)"
"""Stands where the agent must speak twice in a row: vendors refuse a dialogue that ends with the assistant."""

UNFINISHED = "No result: the conversation moved on before the tool finished."
"""The honest answer to a tool call whose result never came."""


def alternating(messages: Sequence[Message]) -> list[Message]:
    """Return the same dialogue as strictly alternating turns that start and end with the user.

    Messages of one role in a row become one. A tool result moves to the turn after its call; a call without a
    result gets `UNFINISHED` as an error; a result without a call (its call was trimmed away) is left out, as vendors refuse it.
    """
    results = {result.call_id: result for message in messages for result in message.tool_results}
    turns: list[Message] = []
    for message in messages:
        spoken = Message(message.role, message.text.strip(), message.tool_calls)
        if not spoken.text and not spoken.tool_calls:
            continue
        if turns and turns[-1].role == spoken.role:
            turns[-1] = _joined(turns[-1], spoken)
        else:
            turns += _between(turns, spoken, results)
    if not turns:
        return [Message("user", CONNECTED)]
    if turns[-1].role == "assistant":
        turns.append(_answer(turns[-1], results, Message("user")))
    return turns


def _between(turns: list[Message], spoken: Message, results: dict[str, ToolResult]) -> list[Message]:
    if not turns:
        return [spoken] if spoken.role == "user" else [Message("user", CONNECTED), spoken]
    return [_answer(turns[-1], results, spoken) if spoken.role == "user" else spoken]


def _joined(earlier: Message, later: Message) -> Message:
    text = "\n".join(text for text in (earlier.text, later.text) if text)
    return Message(earlier.role, text, earlier.tool_calls + later.tool_calls, earlier.tool_results)


def _answer(asked: Message, results: dict[str, ToolResult], spoken: Message) -> Message:
    """The user's turn after `asked`: first the results of its tool calls, then what was said."""
    answers = tuple(_results(asked.tool_calls, results))
    text = spoken.text or ("" if answers else SILENT)
    return Message("user", text, tool_results=answers)


def _results(calls: Iterable[ToolCall], results: dict[str, ToolResult]) -> Iterable[ToolResult]:
    for call in calls:
        yield results.get(call.id) or ToolResult(call.id, UNFINISHED, is_error=True)
