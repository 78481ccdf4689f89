"""The dialogue memory: what the caller said, what the caller heard (law 9), which tools ran."""

from switchboard.conversation.state import DialogueState, Entry, Utterance
from switchboard.domain.messages import Message, ToolResult

CONTINUE_HINT = "(Your reply broke off here. Go on from this point without repeating what you said.)"


def heard_text(utterance: Utterance) -> str:
    """The part of an utterance that reached the caller's ear."""
    return utterance.text[: utterance.heard_chars].strip()


def commit(state: DialogueState, utterance: Utterance) -> None:
    """Move an utterance's heard words into the memory and forget the rest."""
    state.utterances.remove(utterance)
    entry = find(state, utterance.entry_id)
    if entry:
        entry.text = join(entry.text, heard_text(utterance))


def find(state: DialogueState, entry_id: int | None) -> Entry | None:
    """The entry with this id, if it is still remembered."""
    return next((entry for entry in state.entries if entry.id == entry_id), None)


def messages(state: DialogueState, *, user_text: str = "", keep_planned: bool = False) -> tuple[Message, ...]:
    """The memory as the model reads it.

    `user_text` is appended as the caller's newest words (a speculation is not in the memory yet). With `keep_planned`, the
    words that are still on their way to the caller count as said: the model is in the middle of its own reply.
    """
    planned: dict[int | None, str] = {}
    if keep_planned:
        for utterance in state.utterances:
            if not utterance.cut:
                planned[utterance.entry_id] = join(planned.get(utterance.entry_id, ""), utterance.text)
    result = [
        Message(
            entry.role,
            join(entry.text, planned.get(entry.id, "")),
            tuple(entry.tool_calls),
            tuple(entry.tool_results),
        )
        for entry in state.entries
    ]
    if user_text:
        result.append(Message("user", user_text))
    return tuple(m for m in result if m.text or m.tool_calls or m.tool_results)


def history(state: DialogueState) -> tuple[Message, ...]:
    """What has really been said and heard so far, the sentence in progress included."""
    heard: dict[int | None, str] = {}
    for utterance in state.utterances:
        heard[utterance.entry_id] = join(heard.get(utterance.entry_id, ""), heard_text(utterance))
    result = [
        Message(
            entry.role,
            join(entry.text, heard.get(entry.id, "")),
            tuple(entry.tool_calls),
            tuple(entry.tool_results),
        )
        for entry in state.entries
    ]
    return tuple(m for m in result if m.text or m.tool_calls or m.tool_results)


def set_result(state: DialogueState, entry_id: int, result: ToolResult) -> None:
    """Fill in one tool's answer, in the place its call reserved."""
    entry = find(state, entry_id)
    if entry:
        entry.tool_results = [result if r.call_id == result.call_id else r for r in entry.tool_results]


def has_call(state: DialogueState, call_id: str) -> bool:
    """Whether a remembered tool call has this id."""
    return any(call.id == call_id for entry in state.entries for call in entry.tool_calls)


def trim(state: DialogueState, entries_max: int) -> None:
    """Forget the oldest entries, whole turns at a time, so that no tool result loses its call."""
    while len(state.entries) > entries_max:
        del state.entries[0]
        while state.entries and not (state.entries[0].role == "user" and state.entries[0].text):
            del state.entries[0]


def join(left: str, right: str) -> str:
    """Two stretches of text with one space between."""
    return f"{left} {right}" if left and right else left or right
