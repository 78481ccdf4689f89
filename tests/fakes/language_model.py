"""A language model in memory that says what it was told to say."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable

from switchboard.domain.messages import ToolCall
from switchboard.ports.errors import (
    ProviderError,
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from switchboard.ports.language_model import GenerationEnd, GenerationItem, GenerationRequest, TextDelta
from tests.fakes.model_scripts import (
    BrokenToolCall,
    Cut,
    Drop,
    FailInStream,
    Failure,
    Pause,
    Refusal,
    Script,
    Stall,
    Step,
    Text,
    Wire,
)


class FakeLanguageModel:
    """Answers each request with the next script; `default` serves when none is left.

    `sleep` is awaited for every pause, so a test decides what time is: the default only yields to other tasks. A pause longer
    than the deadline, or a stall, sleeps for the deadline and raises `ProviderTimeout`. While `failure` is set, every
    request and probe fails with it.
    """

    def __init__(
        self,
        *scripts: Script,
        name: str = "fake",
        sleep: Callable[[float], Awaitable[object]] | None = None,
        default: Script | None = None,
        first_token_timeout_ms: int = 3000,
        inter_token_timeout_ms: int = 2500,
    ) -> None:
        self.name = name
        self.failure: Failure | None = None
        self.requests: list[GenerationRequest] = []
        self.cancellations = asyncio.Semaphore(0)
        self.cancellation_count = 0
        self.close_count = 0
        self._scripts = deque(scripts)
        self._default = default
        self._sleep = sleep or _instantly
        self._first_token_timeout_s = first_token_timeout_ms / 1000
        self._inter_token_timeout_s = inter_token_timeout_ms / 1000

    def script(self, *scripts: Script) -> None:
        self._scripts.extend(scripts)

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[GenerationItem, None]:
        self.requests.append(request)
        script = self._next()
        if isinstance(script, Refusal):
            raise self._error(script.failure)
        is_done = False
        deadline_s = self._first_token_timeout_s
        try:
            for step in script.steps:
                for item in await self._items(step, deadline_s):
                    yield item
                    deadline_s = self._inter_token_timeout_s
            is_done = True
            yield GenerationEnd(
                script.stop_reason, script.input_tokens, script.output_tokens, script.cached_tokens
            )
        except (GeneratorExit, asyncio.CancelledError):
            if not is_done:
                self.cancellation_count += 1
                self.cancellations.release()
            raise

    async def probe(self) -> None:
        """A refusal that is next in the script answers the probe; replies are left to generations."""
        script = self._scripts[0] if self._scripts else None
        if isinstance(script, Refusal):
            self._scripts.popleft()
            raise self._error(script.failure)
        if self.failure is not None:
            raise self._error(self.failure)

    async def close(self) -> None:
        self.close_count += 1

    def _next(self) -> Script:
        if self.failure is not None:
            return Refusal(self.failure)
        if self._scripts:
            return self._scripts.popleft()
        assert self._default is not None, "the model was asked more often than scripted"
        return self._default

    async def _items(self, step: Step, deadline_s: float) -> list[GenerationItem]:
        match step:
            case Text():
                return [TextDelta(step.text)]
            case ToolCall():
                return [step]
            case Pause() if step.duration_s <= deadline_s:
                await self._sleep(step.duration_s)
                return []
            case Pause() | Stall():
                await self._sleep(deadline_s)
                raise ProviderTimeout(self.name, f"no token within {deadline_s:g} s")
            case Drop() | Cut():
                raise ProviderUnavailable(self.name, "the stream ended before the reply did")
            case BrokenToolCall():
                raise ProviderProtocolError(self.name, "the input of a tool call is not a JSON object")
            case FailInStream():
                raise self._error(step.failure)
            case Wire():
                raise AssertionError("a fake in memory has no wire")

    def _error(self, failure: Failure) -> ProviderError:
        match failure:
            case Failure.OVERLOADED:
                return ProviderOverloaded(self.name, "told to be overloaded")
            case Failure.SERVER_ERROR:
                return ProviderUnavailable(self.name, "told to fail")
            case Failure.BAD_CREDENTIALS | Failure.BAD_REQUEST:
                return ProviderRejected(self.name, "told to reject")


async def _instantly(_: float) -> None:
    await asyncio.sleep(0)
