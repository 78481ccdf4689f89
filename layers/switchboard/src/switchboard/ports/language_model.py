"""Text generation, streaming, with tools."""

from collections.abc import AsyncGenerator
from typing import Protocol

from msgspec import Struct

from switchboard.domain.messages import Message, ToolCall, ToolSpec


class GenerationRequest(Struct, frozen=True):
    """Everything the model sees. `system` and `tools` are the stable prefix that adapters let the vendor cache.

    `tool_required` names the one tool that the reply must call; empty leaves the choice to the model.
    """

    system: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    tokens_max: int = 400
    tool_required: str = ""


class TextDelta(Struct, frozen=True):
    """The next piece of text; pieces concatenate without separators."""

    text: str


class GenerationEnd(Struct, frozen=True):
    """The last item of every successful generation.

    `stop_reason` is one of end_turn, tool_use, max_tokens, refusal.
    """

    stop_reason: str
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0


GenerationItem = TextDelta | ToolCall | GenerationEnd


class LanguageModel(Protocol):
    """A vendor of generation; one per process, shared by all calls."""

    name: str

    def generate(self, request: GenerationRequest) -> AsyncGenerator[GenerationItem, None]:
        """Stream one reply: text and tool calls in order, then exactly one `GenerationEnd`.

        Closing the generator cancels the request at the vendor. Raises `ProviderError`; `ProviderTimeout` where
        the first item or the gap between two items exceeds the adapter's deadline.
        """

    async def probe(self) -> None:
        """Check the vendor without a live caller: returns when healthy, raises `ProviderError` if not."""

    async def close(self) -> None:
        """Release what all generations share."""
