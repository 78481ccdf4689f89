"""The demo agent's side of a dialogue, decided by rules over the request alone: the same request gets the same reply.

What is being done, and with which numbers, is read from the messages each time; nothing is remembered in between, so any process
can answer the next turn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec import Struct

from switchboard.adapters.embedded.intents import Intent, intent_of
from switchboard.adapters.embedded.knowledge import brightline_knowledge
from switchboard.adapters.embedded.spoken import (
    day_of,
    digit_runs,
    dollars,
    is_no,
    is_yes,
    spell,
    spoken_date,
)
from switchboard.domain.messages import JsonObject, Message, ToolCall, ToolResult
from switchboard.ports.language_model import GenerationRequest

ACCOUNT_DIGITS: Final = 6
POSTCODE_DIGITS: Final = 5

_TOOL_OF_TASK: Final = {
    Intent.BILLING: "look_up_invoice",
    Intent.OUTAGE: "check_outage",
    Intent.TECHNICIAN: "schedule_technician",
}
_MORE: Final = " Is there anything else I can help you with?"
_CONFIRM: Final = "Is that right?"
_OFFER_TECHNICIAN: Final = "Shall I send a technician?"
_OFFER_PERSON: Final = "hall I put you through"  # with either case of its first letter
_UNKNOWN: Final = "Sorry, I didn't catch that. Is it about your bill, your internet connection or a new plan?"
_UNKNOWN_AGAIN: Final = "I'm sorry, I still didn't understand. Shall I put you through to a colleague?"
_FAILED: Final = "I'm sorry, that did not work just now. Shall I put you through to a colleague?"


class Reply(Struct, frozen=True):
    """What to say, and then at most one tool to run with these arguments."""

    text: str
    tool: str = ""
    arguments: JsonObject = {}


@dataclass(slots=True)
class _State:
    """What the messages add up to."""

    task: Intent | None = None
    account: str = ""
    postcode: str = ""
    day: str = ""
    loose_digits: str = ""
    """Digits of the last message that are too few for what was asked: the caller may still be reading them out."""


def reply_to(request: GenerationRequest) -> Reply:
    """Decide the reply to the last message."""
    if not request.messages or request.messages[-1].role != "user":
        return Reply("Hello, this is Brightline's AI assistant. How can I help you today?")
    last = request.messages[-1]
    if last.tool_results:
        return _report(request.messages, last.tool_results[-1])
    reply = _respond(request, last.text)
    if reply.tool and reply.tool not in {tool.name for tool in request.tools}:
        return Reply("I'm sorry, I can't do that on this line. Is there anything else I can help you with?")
    return reply


def _respond(request: GenerationRequest, text: str) -> Reply:
    state = _read(request.messages)
    asked = _last_said(request.messages)
    match intent_of(text):
        case Intent.IDENTITY:
            return Reply(
                "I'm an AI assistant, not a person. I can put you through to a colleague at any time. How can I help?"
            )
        case Intent.PERSON:
            return _transfer("The caller asked for a person.")
        case Intent.REPEAT:
            return Reply(asked or "How can I help you today?")
        case Intent.WAIT:
            return Reply("Sure, take your time.")
        case Intent.GOODBYE:
            return _goodbye()
        case Intent.DONE if not _is_confirming(asked):
            return _goodbye()
        case Intent.THANKS if state.task is None:
            return Reply("You're welcome." + _MORE)
        case Intent.GREETING:
            return Reply("Hello! How can I help you today?")
        case _:
            return _continue(request.messages, state, text, asked)


def _continue(messages: Sequence[Message], state: _State, text: str, asked: str) -> Reply:
    if _OFFER_PERSON in asked and is_yes(text):
        return _transfer("The caller accepted to be put through.")
    if state.task is not None and (_moves_on(text) or intent_of(text) in _TOOL_OF_TASK):
        return _advance(state, text, asked)
    if answer := brightline_knowledge().find(text):
        return Reply(answer)
    if state.task is not None:
        return _advance(state, text, asked)
    if is_no(text):
        return _goodbye() if "anything else" in asked else Reply("All right." + _MORE)
    if is_yes(text):
        return Reply("Good. What can I do for you?" if "anything else" in asked else "All right." + _MORE)
    if digit_runs(text):
        return Reply("Thanks for the number. What can I do for you: your bill, an outage or a technician?")
    misses = sum(message.role == "assistant" and _UNKNOWN in message.text for message in messages[-3:])
    return Reply(_UNKNOWN_AGAIN if misses else _UNKNOWN)


def _moves_on(text: str) -> bool:
    """Whether the message answers a question of ours rather than asking one."""
    return bool(digit_runs(text)) or day_of(text) is not None or is_yes(text) or is_no(text)


# ---- tasks: ask for what is missing, then call the tool ----------------------------------------


def _advance(state: _State, text: str, asked: str) -> Reply:
    match state.task:
        case Intent.BILLING:
            if not state.account:
                return _ask_account(state, "Sure, let me look at that.")
            return Reply(
                "One moment, I'm looking that up.", "look_up_invoice", {"account_number": state.account}
            )
        case Intent.OUTAGE:
            if not state.postcode:
                return _ask_postcode(state)
            return Reply("One moment, I'm checking your area.", "check_outage", {"postcode": state.postcode})
        case Intent.TECHNICIAN:
            return _book(state, text, asked)
        case _:
            raise AssertionError("only tasks are advanced")


def _book(state: _State, text: str, asked: str) -> Reply:
    if not state.account:
        return _ask_account(state, "I can book that for you.")
    if state.day == "sunday":
        return Reply("I'm sorry, not on Sundays. Which other day suits you?")
    if not state.day:
        if _is_confirming(asked):
            return Reply("No problem. Which day would you like instead?")
        return Reply("Of course. Which day suits you, Monday to Saturday?")
    read_back = f"A technician on {state.day.capitalize()}, for account {spell(state.account)}. {_CONFIRM}"
    # Booked is only what was read back in full: a yes that also corrects something gets a new read-back.
    if asked.rstrip().endswith(read_back) and is_yes(text):
        arguments = {"account_number": state.account, "day": state.day}
        return Reply("Great, I'm booking it now.", "schedule_technician", arguments)
    return Reply(f"Let me read that back. {read_back}")


def _ask_account(state: _State, opening: str) -> Reply:
    if state.loose_digits:
        return Reply(
            f"I have {spell(state.loose_digits)}. Please tell me all six digits of the account number."
        )
    return Reply(f"{opening} What's your six-digit account number?")


def _ask_postcode(state: _State) -> Reply:
    if state.loose_digits:
        return Reply(f"I have {spell(state.loose_digits)}. Please tell me all five digits of the postcode.")
    return Reply("I'm sorry about that. Let me check for an outage. What's your five-digit postcode?")


def _transfer(reason: str) -> Reply:
    return Reply("Of course, I'll put you through to a colleague.", "transfer_to_human", {"reason": reason})


def _goodbye() -> Reply:
    return Reply("Thank you for calling Brightline. Goodbye!", "end_call", {"reason": "The caller is done."})


def _is_confirming(asked: str) -> bool:
    return asked.rstrip().endswith(_CONFIRM)


# ---- reading the messages ----------------------------------------------------------------------


def _read(messages: Sequence[Message]) -> _State:
    state = _State()
    asked = ""
    calls: dict[str, ToolCall] = {}
    for message in messages:
        calls |= {call.id: call for call in message.tool_calls}
        if message.role == "assistant":
            asked = message.text or asked
            continue
        for result in message.tool_results:
            _settle(state, calls.get(result.call_id), result)
        if message.text:
            _listen(state, message.text, asked)
    return state


def _settle(state: _State, call: ToolCall | None, result: ToolResult) -> None:
    """A task ends with its result; a number that was refused is forgotten."""
    if call is None or call.name not in _TOOL_OF_TASK.values():
        return
    if result.is_error:
        state.account = state.postcode = ""
    else:
        state.task, state.day = None, ""


def _listen(state: _State, text: str, asked: str) -> None:
    intent = intent_of(text)
    if intent in _TOOL_OF_TASK:
        if intent is not state.task:
            state.day = ""
        state.task = intent
    elif _OFFER_TECHNICIAN in asked and (is_yes(text) or is_no(text)):
        state.task = Intent.TECHNICIAN if is_yes(text) else None
    elif is_no(text) and _is_confirming(asked):
        state.day = ""
    _take_digits(state, text)
    if day := day_of(text):
        state.day = day


def _take_digits(state: _State, text: str) -> None:
    runs = digit_runs(text)
    if not runs:
        state.loose_digits = ""
        return
    wanted = POSTCODE_DIGITS if state.task is Intent.OUTAGE else ACCOUNT_DIGITS
    joined = state.loose_digits + runs[-1]
    if not any(len(run) in {ACCOUNT_DIGITS, POSTCODE_DIGITS} for run in runs) and len(joined) == wanted:
        runs = [joined]
    state.loose_digits = ""
    for run in runs:
        if len(run) == ACCOUNT_DIGITS:
            state.account = run
        elif len(run) == POSTCODE_DIGITS and wanted == POSTCODE_DIGITS:
            state.postcode = run
        else:
            state.loose_digits = run


def _last_said(messages: Sequence[Message]) -> str:
    return next((m.text for m in reversed(messages) if m.role == "assistant" and m.text), "")


# ---- telling results ---------------------------------------------------------------------------


def _report(messages: Sequence[Message], result: ToolResult) -> Reply:
    calls = {call.id: call.name for message in messages for call in message.tool_calls}
    name = calls.get(result.call_id, "")
    if result.is_error:
        return Reply(_report_error(name))
    content = _json(result.content)
    match name:
        case "look_up_invoice":
            return Reply(_tell_invoice(content))
        case "check_outage":
            return Reply(_tell_outage(content))
        case "schedule_technician":
            return Reply(_tell_booking(content))
        case "transfer_to_human":
            return Reply("I'm connecting you now.")
        case "end_call":
            return Reply("Goodbye!")
        case _:
            return Reply(_FAILED)


def _report_error(name: str) -> str:
    if name in {"look_up_invoice", "schedule_technician"}:
        return "I can't find that account. Please tell me the six digits once more, one by one."
    if name == "check_outage":
        return "I can't find that postcode. Please tell me the five digits once more."
    if name == "transfer_to_human":
        return "I'm sorry, I can't reach a colleague right now." + _MORE
    return _FAILED


def _json(content: str) -> Mapping[str, object]:
    try:
        value = msgspec.json.decode(content)
    except msgspec.DecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _tell_invoice(content: Mapping[str, object]) -> str:
    if "amount_usd" not in content:
        return "I found your account. There is no invoice on it yet." + _MORE
    text = f"I found it. Your latest invoice is {dollars(content['amount_usd'])}"
    if "due_on" in content:
        text += f", due on {spoken_date(content['due_on'])}"
    if status := content.get("status"):
        text += f", and it is {'still open' if status == 'open' else status}"
    items = content.get("items")
    if isinstance(items, list) and items:
        text += f". It covers {_list(items)}"
    return f"{text}.{_MORE}"


def _tell_outage(content: Mapping[str, object]) -> str:
    outage = content.get("outage")
    if not content.get("has_outage") or not isinstance(outage, dict):
        return f"There is no outage in your area, so it must be the line to your home. {_OFFER_TECHNICIAN}"
    text = f"Yes, there is an outage in your area. It affects {outage.get('service', 'your service')}"
    if cause := outage.get("cause"):
        text += f", because of {cause}"
    if back := outage.get("expected_back"):
        text += f", and we expect it back by {back}"
    return f"{text}.{_MORE}"


def _tell_booking(content: Mapping[str, object]) -> str:
    text = f"Done. The technician comes on {str(content.get('day', 'the day you chose')).capitalize()}"
    if window := content.get("window"):
        text += f", {window}"
    if confirmation := content.get("confirmation"):
        text += f". Your confirmation number is {spell(str(confirmation))}"
    return f"{text}.{_MORE}"


def _list(items: Sequence[object]) -> str:
    names = [str(item).replace(",", " for", 1) for item in items]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
