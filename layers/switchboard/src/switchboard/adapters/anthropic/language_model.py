"""Claude behind the language model port, on Anthropic's own API."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, aclosing, suppress
from typing import Final

import anthropic
import httpx2

from switchboard.adapters.anthropic.messages import (
    ContentBlock,
    Event,
    EventDecoder,
    Usage,
    request_body,
    tool_arguments,
)
from switchboard.adapters.keys import Key, reader
from switchboard.adapters.token_deadlines import TokenDeadlines, TokenTimeouts
from switchboard.domain.messages import Message, ToolCall
from switchboard.ports.errors import (
    ProviderError,
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from switchboard.ports.language_model import GenerationEnd, GenerationItem, GenerationRequest, TextDelta

NAME: Final = "anthropic"

TOOL_INPUT_CHARS_MAX: Final = 65_536
"""Of one tool call. `tokens_max` bounds it in practice; this holds even if the vendor does not."""

DRAIN_TIMEOUT_S: Final = 0.1
"""How long the end of a complete reply may wait for the connection to become reusable."""

CONNECTIONS: Final = httpx2.Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=50.0)
"""Callers speak every few seconds: a connection that outlives their pauses saves each turn a TLS handshake."""

_STOP_REASONS: Final = {
    "end_turn": "end_turn",
    "stop_sequence": "end_turn",
    "tool_use": "tool_use",
    "max_tokens": "max_tokens",
    "model_context_window_exceeded": "max_tokens",
    "refusal": "refusal",
}


class AnthropicLanguageModel:
    """Generation by the Messages API; one client, and its connection pool, per process.

    `base_url` None means the vendor's. The SDK never retries: the caller of a phone call is better served by the next
    provider. `first_token_timeout_ms` runs from the request; keep-alive pings do not extend it. Errors carry the HTTP
    status or the vendor's error type, never its message, which may quote the prompt. `GenerationEnd.input_tokens`
    counts what was not read from the cache.
    """

    name = NAME

    def __init__(
        self,
        *,
        api_key: Key,
        base_url: str | None = None,
        model: str = "claude-haiku-5-5",
        connect_timeout_ms: int = 2000,
        first_token_timeout_ms: int = 3000,
        inter_token_timeout_ms: int = 2500,
        total_timeout_ms: int = 20_000,
    ) -> None:
        self._model = model
        self._timeouts = TokenTimeouts(first_token_timeout_ms, inter_token_timeout_ms, total_timeout_ms)
        self._key = reader(api_key)
        self._client = anthropic.AsyncAnthropic(
            api_key=self._key(),
            base_url=base_url,
            max_retries=0,
            timeout=anthropic.Timeout(total_timeout_ms / 1000, connect=connect_timeout_ms / 1000),
            # The SDK's own client on aiohttp, whose parser is C, takes half the CPU a token of its default.
            http_client=anthropic.DefaultAioHttpClient(limits=CONNECTIONS),
            # Spans could carry prompts to wherever the environment points them.
            open_telemetry=False,
        )

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[GenerationItem, None]:
        """Stream one reply; see `LanguageModel.generate`."""
        reply = _Reply()
        try:
            with TokenDeadlines(NAME, self._timeouts) as deadlines:
                async with AsyncExitStack() as stack:
                    chunks = await deadlines.wait(self._open(request, stack))
                    while not reply.is_complete:
                        chunk = await deadlines.wait(anext(chunks, b""))
                        if not chunk:
                            raise ProviderUnavailable(NAME, "the stream ended before the reply did")
                        for item in reply.read(chunk):
                            yield item
                        if reply.take_progress():
                            deadlines.token_arrived()
                    await _drain(chunks)
        except (anthropic.APIError, httpx2.HTTPError) as error:
            raise _port_error(error) from None
        yield reply.end()

    async def probe(self) -> None:
        """Generate one token: the only request that proves key, model and capacity. Raises `ProviderError`."""
        async with aclosing(
            self.generate(GenerationRequest("", (Message("user", "ping"),), tokens_max=1))
        ) as items:
            async for _ in items:
                pass

    async def close(self) -> None:
        """Close the connection pool. Idempotent."""
        await self._client.close()

    async def _open(self, request: GenerationRequest, stack: AsyncExitStack) -> AsyncGenerator[bytes, None]:
        body = request_body(request)
        self._client.api_key = self._key()
        response = await stack.enter_async_context(
            self._client.messages.with_streaming_response.create(
                model=self._model,
                max_tokens=body["max_tokens"],
                messages=body["messages"],
                system=body["system"] or anthropic.omit,
                tools=body["tools"] or anthropic.omit,
                tool_choice=body["tool_choice"] or anthropic.omit,
                stream=True,
                # Compression would hold tokens back.
                extra_headers={"Accept-Encoding": "identity"},
            )
        )
        return await stack.enter_async_context(aclosing(response.http_response.aiter_raw()))


class _Reply:
    """One reply taking shape."""

    def __init__(self) -> None:
        self.is_complete = False
        self._decoder = EventDecoder()
        self._has_progressed = False
        self._calls: dict[int, _OpenCall] = {}
        self._usage = Usage()
        self._output_tokens = 0
        self._stop_reason: str | None = None

    def take_progress(self) -> bool:
        """Whether output arrived since the last question, be it only a part of a tool call."""
        has_progressed, self._has_progressed = self._has_progressed, False
        return has_progressed

    def read(self, chunk: bytes) -> Iterator[GenerationItem]:
        """Take bytes in; yield what they complete, pieces of text that come together as one. Raises `ProviderError`."""
        text = ""
        failure: ProviderError | None = None
        try:
            for event in self._decoder.feed(chunk):
                for item in self._items(event):
                    if isinstance(item, TextDelta):
                        text += item.text
                        continue
                    if text:
                        yield TextDelta(text)
                        text = ""
                    yield item
        except ProviderError as error:
            failure = error
        except ValueError:
            failure = ProviderProtocolError(NAME, "an event is not what the API documents")
        if text:
            yield TextDelta(text)
        if failure is not None:
            raise failure

    def end(self) -> GenerationEnd:
        """The summary of a complete reply. Raises `ProviderProtocolError` where the vendor gave no reason to stop."""
        if self._stop_reason is None:
            raise ProviderProtocolError(NAME, "the reply has no stop reason")
        return GenerationEnd(
            # The list has grown before; a reply that is complete stays usable.
            stop_reason=_STOP_REASONS.get(self._stop_reason, "end_turn"),
            input_tokens=(self._usage.input_tokens or 0) + (self._usage.cache_creation_input_tokens or 0),
            output_tokens=self._output_tokens,
            cached_tokens=self._usage.cache_read_input_tokens or 0,
        )

    def _items(self, event: Event) -> Iterator[GenerationItem]:
        match event.type:
            case "message_start":
                self._usage = event.message.usage
            case "content_block_start":
                yield from self._started(event.index, event.content_block)
            case "content_block_delta":
                yield from self._grown(event)
            case "content_block_stop":
                if (call := self._calls.pop(event.index, None)) is not None:
                    yield call.parsed()
            case "message_delta":
                self._stop_reason = event.delta.stop_reason or self._stop_reason
                self._output_tokens = event.usage.output_tokens or self._output_tokens
            case "message_stop":
                self.is_complete = True
            case "error":
                raise _error_in_stream(event.error.type)
            case _:
                pass  # ping, and kinds added later, which the API asks clients to ignore

    def _started(self, index: int, block: ContentBlock | None) -> Iterator[GenerationItem]:
        if block is None:
            raise ValueError("a block without a head")
        self._has_progressed = True
        if block.type == "tool_use":
            self._calls[index] = _OpenCall(block.id, block.name)
        elif block.type == "text" and block.text:
            yield TextDelta(block.text)

    def _grown(self, event: Event) -> Iterator[GenerationItem]:
        self._has_progressed = True
        if event.delta.type == "text_delta" and event.delta.text:
            yield TextDelta(event.delta.text)
        elif event.delta.type == "input_json_delta" and event.index in self._calls:
            self._calls[event.index].add(event.delta.partial_json)


class _OpenCall:
    """A tool call whose input is still arriving."""

    def __init__(self, call_id: str, name: str) -> None:
        self._id = call_id
        self._name = name
        self._input = ""

    def add(self, piece: str) -> None:
        """Append a piece of the input's JSON. Raises `ValueError` past `TOOL_INPUT_CHARS_MAX`."""
        self._input += piece
        if len(self._input) > TOOL_INPUT_CHARS_MAX:
            raise ValueError("an endless tool input")

    def parsed(self) -> ToolCall:
        """Return the finished call. Raises `ValueError` where its input is not a JSON object."""
        return ToolCall(self._id, self._name, tool_arguments(self._input))


async def _drain(chunks: AsyncGenerator[bytes, None]) -> None:
    # The reply is complete; reading to the end only lets the next one reuse the connection.
    with suppress(TimeoutError, httpx2.HTTPError):
        async with asyncio.timeout(DRAIN_TIMEOUT_S):
            async for _ in chunks:
                pass


def _port_error(error: anthropic.APIError | httpx2.HTTPError) -> ProviderError:
    if isinstance(error, anthropic.APIStatusError):
        return _status_error(error)
    if isinstance(error, anthropic.APITimeoutError | httpx2.TimeoutException):
        return ProviderTimeout(NAME, "the connection timed out")
    return ProviderUnavailable(NAME, "no connection, or it broke")


def _status_error(error: anthropic.APIStatusError) -> ProviderError:
    reason = f"HTTP {error.status_code}"
    match error.status_code:
        case 429 if error.error_code == "enforced_spend_limit_reached":
            return ProviderRejected(NAME, f"{reason}, spend limit reached")
        case 429 | 529:
            return ProviderOverloaded(NAME, reason, _retry_after_ms(error.response.headers))
        case 408:
            return ProviderTimeout(NAME, reason)
        case 409:
            return ProviderUnavailable(NAME, reason)
        case status if status >= 500:
            return ProviderUnavailable(NAME, reason)
        case _:
            return ProviderRejected(NAME, reason)


def _retry_after_ms(headers: httpx2.Headers) -> int | None:
    try:
        if "retry-after-ms" in headers:
            return round(float(headers["retry-after-ms"]))
        return round(float(headers["retry-after"]) * 1000)
    except (KeyError, ValueError, OverflowError):
        return None  # absent, or the date form, which needs a clock we do not trust to agree with theirs


def _error_in_stream(kind: str) -> ProviderError:
    match kind:
        case "overloaded_error" | "rate_limit_error":
            return ProviderOverloaded(NAME, f"{kind} in the stream")
        case "timeout_error":
            return ProviderTimeout(NAME, f"{kind} in the stream")
        case "invalid_request_error" | "authentication_error" | "permission_error" | "billing_error":
            return ProviderRejected(NAME, f"{kind} in the stream")
        case _:
            return ProviderUnavailable(NAME, "an error in the stream")
