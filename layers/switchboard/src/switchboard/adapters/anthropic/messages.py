"""The Messages API on the wire: requests out, server-sent events in (API version 2026-10-21).

Source: Anthropic API reference, "Messages", "Streaming messages" and "Prompt caching".
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, TypedDict, cast

import msgspec
from msgspec import Struct

from switchboard.adapters.dialogue import alternating
from switchboard.domain.messages import JsonObject, Message, ToolSpec
from switchboard.ports.language_model import GenerationRequest

if TYPE_CHECKING:
    from anthropic.types import MessageParam, TextBlockParam, ToolChoiceToolParam, ToolParam

EVENT_SIZE_BYTES_MAX = 1 << 20
"""Of one event. Real ones are below a few kB; more means that the other side does not speak this protocol."""

_CACHED = {"type": "ephemeral"}


class RequestBody(TypedDict):
    """What one generation asks of the API. `temperature` and `top_p` no longer exist in this version (400)."""

    max_tokens: int
    system: "list[TextBlockParam]"
    messages: "list[MessageParam]"
    tools: "list[ToolParam]"
    tool_choice: "ToolChoiceToolParam | None"


class Delta(Struct, frozen=True):
    """The changing part of an event; each `type` fills its own field, unknown ones none."""

    type: str = ""
    text: str = ""
    partial_json: str = ""
    stop_reason: str | None = None


class ContentBlock(Struct, frozen=True):
    """The head of a block of text or of a tool call."""

    type: str
    id: str = ""
    name: str = ""
    text: str = ""


class Usage(Struct, frozen=True):
    """Tokens so far. `input_tokens` excludes those read from or written to the cache."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None


class MessageHead(Struct, frozen=True):
    """What `message_start` says about the message to come."""

    usage: Usage = Usage()


class ErrorDetail(Struct, frozen=True):
    """An error in the middle of a stream. Its message is not read: it may quote the prompt."""

    type: str = ""


class Event(Struct, frozen=True):
    """Any event of the stream: one permissive shape decodes at once what a tagged union would decode twice."""

    type: str
    index: int = 0
    message: MessageHead = MessageHead()
    content_block: ContentBlock | None = None
    delta: Delta = Delta()
    usage: Usage = Usage()
    error: ErrorDetail = ErrorDetail()


class EventKind(Struct, frozen=True):
    """All that every event has."""

    type: str


KNOWN_EVENTS: Final = frozenset(
    {
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
        "error",
        "ping",
    }
)

_event_decoder = msgspec.json.Decoder(Event)
_kind_decoder = msgspec.json.Decoder(EventKind)


def request_body(request: GenerationRequest) -> RequestBody:
    """Translate a request; the stable prefix (tools, then system) ends in cache breakpoints, the history has none."""
    tools: list[JsonObject] = [_tool(spec) for spec in request.tools]
    if tools:
        tools[-1]["cache_control"] = _CACHED
    system = (
        [{"type": "text", "text": request.system, "cache_control": _CACHED}] if request.system.strip() else []
    )
    return RequestBody(
        max_tokens=request.tokens_max,
        system=cast("list[TextBlockParam]", system),
        messages=cast("list[MessageParam]", [_message(turn) for turn in alternating(request.messages)]),
        tools=cast("list[ToolParam]", tools),
        tool_choice={"type": "tool", "name": request.tool_required} if request.tool_required else None,
    )


def _tool(spec: ToolSpec) -> JsonObject:
    return {"name": spec.name, "description": spec.description, "input_schema": spec.parameters}


def _message(turn: Message) -> JsonObject:
    # Results must stand before text in a user's turn; calls follow text in the assistant's.
    content: list[JsonObject] = [
        {
            "type": "tool_result",
            "tool_use_id": result.call_id,
            "content": result.content,
            "is_error": result.is_error,
        }
        for result in turn.tool_results
    ]
    if turn.text:
        content.append({"type": "text", "text": turn.text})
    content += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments}
        for call in turn.tool_calls
    ]
    return {"role": turn.role, "content": content}


class EventDecoder:
    """Cuts a byte stream into events. Pure; raises `ValueError` for what is not this protocol.

    It replaces the SDK's own decoding and models, which cost 2.3 times the CPU per token (25 against 11 us measured,
    the SDK's `messages.stream` helper 54 us).
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Event]:
        """Yield the events completed by `data`."""
        # The event-stream format allows three line ends; this vendor sends \n, a proxy may not.
        *blocks, self._rest = (self._rest + data).replace(b"\r\n", b"\n").split(b"\n\n")
        if len(self._rest) > EVENT_SIZE_BYTES_MAX:
            raise ValueError("an event without an end")
        for block in blocks:
            fields = b"".join(line[5:] for line in block.split(b"\n") if line.startswith(b"data:"))
            if fields:
                yield _event(fields)


def _event(data: bytes) -> Event:
    try:
        return _event_decoder.decode(data)
    except msgspec.ValidationError:
        # A kind of event we do not know may use our field names otherwise; such events are to be ignored.
        kind = _kind_decoder.decode(data).type
        if kind in KNOWN_EVENTS:
            raise
        return Event(kind)


def tool_arguments(json: str) -> JsonObject:
    """Parse a tool call's concatenated input; no input at all is `{}`. Raises `ValueError`."""
    return msgspec.json.decode(json, type=JsonObject) if json else {}
