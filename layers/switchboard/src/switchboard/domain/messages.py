"""What a language model reads and writes: messages, tool specifications, tool calls."""

from typing import Any, Literal

from msgspec import Struct, field

JsonObject = dict[str, Any]


class ToolSpec(Struct, frozen=True):
    """A tool the model may ask for.

    `parameters` is a JSON Schema of type object. `has_effects` is true where running the tool
    changes the world (a booking, a payment): such a call is never run speculatively and never
    cancelled half-way.
    """

    name: str
    description: str
    parameters: JsonObject
    has_effects: bool = False


class ToolCall(Struct, frozen=True):
    """The model's request to run one tool; `id` is the provider's, unique in the conversation."""

    id: str
    name: str
    arguments: JsonObject


class ToolResult(Struct, frozen=True):
    """The answer to one `ToolCall`. `content` is text or JSON text for the model to read."""

    call_id: str
    content: str
    is_error: bool = False


class Message(Struct, frozen=True):
    """One entry of the dialogue.

    A user message holds text or the results of the preceding assistant message's tool calls;
    an assistant message holds what the caller heard and the tools it asked for.
    """

    role: Literal["user", "assistant"]
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_results: tuple[ToolResult, ...] = field(default=())
