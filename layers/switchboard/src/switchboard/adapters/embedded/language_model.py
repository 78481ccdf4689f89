"""A language model without a model: rules, retrieval and templates behind the same port, for demo and tests."""

import asyncio
import re
from collections.abc import AsyncGenerator
from itertools import chain
from uuid import uuid4

from switchboard.adapters.embedded import dialogue
from switchboard.adapters.embedded.knowledge import brightline_knowledge
from switchboard.domain.messages import ToolCall
from switchboard.ports.language_model import GenerationEnd, GenerationItem, GenerationRequest, TextDelta

NAME = "embedded"


class EmbeddedLanguageModel:
    """Answers as Brightline's agent; keeps nothing between requests.

    The first item takes `first_item_ms`, each further one `item_ms`: about the pace of a small hosted model, so that what is
    built around it meets a stream and not a block. Tokens are counted as words.
    """

    name = NAME

    def __init__(self, *, first_item_ms: int = 120, item_ms: int = 15) -> None:
        assert first_item_ms >= 0
        assert item_ms >= 0
        self._first_item_s = first_item_ms / 1000
        self._item_s = item_ms / 1000

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[GenerationItem, None]:
        """Stream the reply word by word, then its tool call, then the end. Raises nothing of its own."""
        reply = dialogue.reply_to(request)
        await asyncio.sleep(self._first_item_s)
        # A blank goes with the word before it: what is spoken first is a whole word.
        words = re.findall(r"\S+\s*", reply.text)
        for word in words[: request.tokens_max]:
            yield TextDelta(word)
            await asyncio.sleep(self._item_s)
        input_words = _input_words(request)
        if len(words) > request.tokens_max:
            yield GenerationEnd("max_tokens", input_words, request.tokens_max)
            return
        if reply.tool:
            yield ToolCall(f"call_{uuid4().hex}", reply.tool, dict(reply.arguments))
        yield GenerationEnd("tool_use" if reply.tool else "end_turn", input_words, len(words))

    async def probe(self) -> None:
        """Load the knowledge, all that could be missing."""
        brightline_knowledge()

    async def close(self) -> None:
        """Nothing is shared."""


def _input_words(request: GenerationRequest) -> int:
    texts = chain([request.system], (message.text for message in request.messages))
    return sum(len(text.split()) for text in texts)
