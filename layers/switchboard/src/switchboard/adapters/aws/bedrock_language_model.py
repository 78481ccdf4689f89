"""Any model of Amazon Bedrock behind the language model port, by ConverseStream."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from functools import partial
from typing import Any, Final

import boto3
import msgspec
from botocore.config import Config
from botocore.eventstream import EventStream
from botocore.exceptions import ClientError

from switchboard.adapters.aws.bedrock_requests import (
    NAME,
    TransportErrors,
    client_error,
    converse_arguments,
    transport_error,
)
from switchboard.adapters.aws.event_pump import EventPump, JsonEvent
from switchboard.adapters.token_deadlines import TokenDeadlines, TokenTimeouts
from switchboard.domain.messages import Message, ToolCall
from switchboard.ports.errors import ProviderOverloaded, ProviderProtocolError, ProviderUnavailable
from switchboard.ports.language_model import GenerationEnd, GenerationItem, GenerationRequest, TextDelta

TOOL_INPUT_CHARS_MAX: Final = 65_536
"""Of one tool call. `tokens_max` bounds it in practice; this holds even if the vendor does not."""

_STOP_REASONS: Final = {
    "end_turn": "end_turn",
    "stop_sequence": "end_turn",
    "tool_use": "tool_use",
    "max_tokens": "max_tokens",
    "model_context_window_exceeded": "max_tokens",
    "guardrail_intervened": "refusal",
    "content_filtered": "refusal",
}
_MALFORMED: Final = {"malformed_model_output", "malformed_tool_use"}


class BedrockLanguageModel:
    """Generation by Bedrock; one client, and its connection pool, per process.

    `endpoint_url` None means the region's, or `AWS_ENDPOINT_URL`, which boto3 reads itself. boto3 blocks, so each running
    generation holds one of `generations_max` worker threads; one more is refused as overload rather than queued behind a
    live call. `has_prompt_caching` False is for models that refuse cache points. A generation that is cancelled before
    the response's head keeps its thread until that head or the read time-out (the longer of the two token deadlines).
    `GenerationEnd.input_tokens` counts what was not read from the cache.
    """

    name = NAME

    def __init__(
        self,
        *,
        region: str,
        model: str,
        endpoint_url: str | None = None,
        session: boto3.Session | None = None,
        has_prompt_caching: bool = True,
        generations_max: int = 128,
        connect_timeout_ms: int = 2000,
        first_token_timeout_ms: int = 3000,
        inter_token_timeout_ms: int = 2500,
        total_timeout_ms: int = 20_000,
    ) -> None:
        self._model = model
        self._has_prompt_caching = has_prompt_caching
        self._generations_max = generations_max
        self._generations = 0
        self._timeouts = TokenTimeouts(first_token_timeout_ms, inter_token_timeout_ms, total_timeout_ms)
        self._threads = ThreadPoolExecutor(generations_max, thread_name_prefix="bedrock")
        self._client = (session or boto3.Session()).client(
            "bedrock-runtime",
            region_name=region,
            endpoint_url=endpoint_url,
            config=Config(
                connect_timeout=connect_timeout_ms / 1000,
                read_timeout=max(first_token_timeout_ms, inter_token_timeout_ms) / 1000,
                max_pool_connections=generations_max,
                # A live caller is better served by the next provider than by a retry.
                retries={"mode": "standard", "total_max_attempts": 1},
            ),
        )

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[GenerationItem, None]:
        """Stream one reply; see `LanguageModel.generate`."""
        reply = _Reply()
        pump = self._start(request)
        try:
            with TokenDeadlines(NAME, self._timeouts) as deadlines:
                while (event := await deadlines.wait(pump.next())) is not None:
                    for item in reply.read(event):
                        yield item
                    if event.keys() & {"contentBlockStart", "contentBlockDelta"}:
                        deadlines.token_arrived()
        except ClientError as error:
            raise client_error(error) from None
        except TransportErrors as error:
            raise transport_error(error) from None
        finally:
            pump.cancel()
        yield reply.end()

    async def probe(self) -> None:
        """Generate one token: the only request that proves rights, model and capacity. Raises `ProviderError`."""
        async with aclosing(
            self.generate(GenerationRequest("", (Message("user", "ping"),), tokens_max=1))
        ) as items:
            async for _ in items:
                pass

    async def close(self) -> None:
        """Close the connection pool and wait for the worker threads. Idempotent.

        Takes at most the read time-out, for generations cancelled a moment ago.
        """
        await asyncio.to_thread(self._threads.shutdown)
        self._client.close()

    def _start(self, request: GenerationRequest) -> EventPump:
        if self._generations >= self._generations_max:
            raise ProviderOverloaded(NAME, f"all {self._generations_max} worker threads are busy")
        arguments = converse_arguments(
            request, model=self._model, has_prompt_caching=self._has_prompt_caching
        )
        pump = EventPump(partial(self._open, arguments), slot_timeout_s=self._timeouts.total_ms / 1000)
        worker = asyncio.get_running_loop().run_in_executor(self._threads, pump.run)
        self._generations += 1
        worker.add_done_callback(self._ended)
        return pump

    def _open(self, arguments: dict[str, Any]) -> "EventStream[Any]":
        stream: Any = self._client.converse_stream(**arguments)["stream"]
        assert isinstance(stream, EventStream)
        return stream

    def _ended(self, _: asyncio.Future[None]) -> None:
        self._generations -= 1


class _Reply:
    """One reply taking shape."""

    def __init__(self) -> None:
        self._call: tuple[str, str] | None = None
        self._input = ""
        self._stop_reason = ""
        self._usage: JsonEvent = {}

    def read(self, event: JsonEvent) -> Iterator[GenerationItem]:
        """Take one event in; yield what it completes. Raises `ProviderProtocolError`.

        Blocks come one after another; only blocks of tool calls have a start event.
        """
        match event:
            case {"contentBlockStart": {"start": {"toolUse": head}}}:
                self._call, self._input = (head["toolUseId"], head["name"]), ""
            case {"contentBlockDelta": {"delta": {"text": str(text)}}} if text:
                yield TextDelta(text)
            case {"contentBlockDelta": {"delta": {"toolUse": {"input": str(piece)}}}}:
                self._input += piece
                if len(self._input) > TOOL_INPUT_CHARS_MAX:
                    raise ProviderProtocolError(NAME, "an endless tool input")
            case {"contentBlockStop": _} if self._call is not None:
                call_id, name = self._call
                self._call = None
                yield ToolCall(call_id, name, _arguments(self._input))
            case {"messageStop": {"stopReason": reason}}:
                self._stop_reason = reason
            case {"metadata": {"usage": usage}}:
                self._usage = usage

    def end(self) -> GenerationEnd:
        """The summary of a complete reply. Raises `ProviderError` where it is not complete."""
        if not self._stop_reason:
            raise ProviderUnavailable(NAME, "the stream ended before the reply did")
        if self._stop_reason in _MALFORMED:
            raise ProviderProtocolError(NAME, "the model's output was malformed")
        usage = self._usage
        return GenerationEnd(
            # The list has grown before; a reply that is complete stays usable.
            stop_reason=_STOP_REASONS.get(self._stop_reason, "end_turn"),
            input_tokens=usage.get("inputTokens", 0) + usage.get("cacheWriteInputTokens", 0),
            output_tokens=usage.get("outputTokens", 0),
            cached_tokens=usage.get("cacheReadInputTokens", 0),
        )


def _arguments(json: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(json, type=dict[str, Any]) if json else {}
    except msgspec.DecodeError:
        raise ProviderProtocolError(NAME, "the input of a tool call is not a JSON object") from None
