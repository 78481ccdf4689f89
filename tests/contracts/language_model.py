"""What every language model must do, whatever the vendor.

`LanguageModelContract` needs only a model that answers; subclasses override `running_model`. A scripted vendor, real wire or not,
also takes `ScriptedLanguageModelContract`, which needs a `ScriptedVendor`.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Protocol

import pytest

from switchboard.domain.messages import Message, ToolCall, ToolSpec
from switchboard.ports.errors import (
    ProviderError,
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from switchboard.ports.language_model import (
    GenerationEnd,
    GenerationItem,
    GenerationRequest,
    LanguageModel,
    TextDelta,
)
from tests.fakes.model_scripts import (
    BrokenToolCall,
    Cut,
    Drop,
    FailInStream,
    Failure,
    Pause,
    Refusal,
    Reply,
    Script,
    Stall,
    Text,
)

SECRET = "4929-1234-5678"
HASTE_MS = 60
PATIENCE_MS = 3000
PATIENCE_S = 5

LOOK_UP = ToolSpec(
    name="look_up_invoice",
    description="Find the latest invoice of an account.",
    parameters={
        "type": "object",
        "properties": {"account_number": {"type": "string"}},
        "required": ["account_number"],
    },
)
REQUEST = GenerationRequest(
    system="You answer the phone of Brightline.",
    messages=(Message("user", f"What does my invoice say? My card is {SECRET}."),),
    tools=(LOOK_UP,),
)
CALL = ToolCall("toolu_1", "look_up_invoice", {"account_number": "104417"})
STOP_REASONS = {"end_turn", "tool_use", "max_tokens", "refusal"}


async def collect(model: LanguageModel, request: GenerationRequest = REQUEST) -> list[GenerationItem]:
    async with asyncio.timeout(PATIENCE_S), aclosing(model.generate(request)) as items:
        return [item async for item in items]


def end_of(items: list[GenerationItem]) -> GenerationEnd:
    assert isinstance(items[-1], GenerationEnd)
    return items[-1]


def text_of(items: list[GenerationItem]) -> str:
    return "".join(item.text for item in items if isinstance(item, TextDelta))


class LanguageModelContract:
    """For any model that answers `request`."""

    request_ = REQUEST

    def running_model(self) -> AbstractAsyncContextManager[LanguageModel]:
        """A model ready to answer several requests; closed afterwards."""
        raise NotImplementedError

    @pytest.fixture
    async def model(self) -> AsyncGenerator[LanguageModel, None]:
        async with self.running_model() as model:
            yield model

    async def test_exactly_one_end_comes_last(self, model):
        """A generation is text and tool calls, then exactly one end with a known reason."""
        *items, end = await collect(model, self.request_)
        assert isinstance(end, GenerationEnd)
        assert end.stop_reason in STOP_REASONS
        assert items
        assert [item for item in items if not isinstance(item, TextDelta | ToolCall)] == []

    async def test_text_arrives_in_pieces_that_say_something(self, model):
        """No text piece is empty."""
        items = await collect(model, self.request_)
        assert all(item.text for item in items if isinstance(item, TextDelta))

    async def test_generations_do_not_disturb_each_other(self, model):
        """Several generations at once each get a whole reply."""
        replies = await asyncio.gather(*(collect(model, self.request_) for _ in range(3)))
        assert [GenerationEnd] * 3 == [type(reply[-1]) for reply in replies]

    async def test_an_early_close_does_no_harm(self, model):
        """A generation closed after its first item leaves the model able to answer the next."""
        async with aclosing(model.generate(self.request_)) as items:
            await anext(items)
        reply = await collect(model, self.request_)
        assert isinstance(reply[-1], GenerationEnd)

    async def test_a_generation_that_is_never_started_costs_nothing(self, model):
        """Closing a generator before its first item is allowed."""
        await model.generate(self.request_).aclose()

    async def test_a_healthy_model_passes_the_probe(self, model):
        """The probe of a healthy model returns."""
        async with asyncio.timeout(PATIENCE_S):
            await model.probe()

    async def test_closing_twice_is_closing_once(self, model):
        """Close is idempotent."""
        await model.close()
        await model.close()

    async def test_it_has_a_name(self, model):
        """A model names itself for metrics and fail-over."""
        assert model.name


class ScriptedVendor(Protocol):
    """A model together with the vendor that it talks to."""

    model: LanguageModel

    def script(self, *scripts: Script) -> None:
        """Queue what the vendor answers next."""

    async def cancelled(self) -> None:
        """Return once the vendor has noticed that a request was abandoned."""


class ScriptedLanguageModelContract:
    """For a model whose vendor can be told what to answer."""

    def running_vendor(
        self, *, first_token_timeout_ms: int, inter_token_timeout_ms: int
    ) -> AbstractAsyncContextManager[ScriptedVendor]:
        """A vendor and its model with these deadlines; closed afterwards."""
        raise NotImplementedError

    @pytest.fixture
    async def vendor(self) -> AsyncGenerator[ScriptedVendor, None]:
        async with self.running_vendor(
            first_token_timeout_ms=PATIENCE_MS, inter_token_timeout_ms=PATIENCE_MS
        ) as vendor:
            yield vendor

    async def test_pieces_concatenate_to_the_whole_text(self, vendor):
        """Text pieces concatenate, without separators and in any script, to what the vendor said."""
        vendor.script(Reply((Text("Your in"), Text("voice is "), Text("€42 – día 3 ☎️."))))
        items = await collect(vendor.model)
        assert text_of(items) == "Your invoice is €42 – día 3 ☎️."

    async def test_usage_and_reason_are_reported(self, vendor):
        """The end says why the model stopped and what it cost."""
        vendor.script(Reply((Text("Hello."),), "max_tokens", 40, 12, 900))
        assert GenerationEnd("max_tokens", 40, 12, 900) == (await collect(vendor.model))[-1]

    async def test_a_tool_call_is_parsed(self, vendor):
        """A tool call arrives whole, with its arguments parsed, after the text before it."""
        vendor.script(Reply((Text("Let me look."), CALL), "tool_use"))
        items = await collect(vendor.model)
        assert [TextDelta("Let me look."), CALL] == items[:-1]
        assert end_of(items).stop_reason == "tool_use"

    async def test_two_tool_calls_keep_their_order(self, vendor):
        """Several tool calls of one reply arrive in the model's order."""
        second = ToolCall(
            "toolu_2", "look_up_invoice", {"account_number": "220918", "deep": {"list": [1, None]}}
        )
        vendor.script(Reply((CALL, second), "tool_use"))
        assert [CALL, second] == (await collect(vendor.model))[:-1]

    async def test_a_tool_call_without_input_has_no_arguments(self, vendor):
        """No input at all means empty arguments."""
        call = ToolCall("toolu_1", "hang_up", {})
        vendor.script(Reply((call,), "tool_use"))
        assert [call] == (await collect(vendor.model))[:-1]

    @pytest.mark.parametrize("text", ['{"account_number": ', "[1, 2]", '"104417"'])
    async def test_a_malformed_tool_call_is_a_protocol_error(self, vendor, text):
        """Tool input that is not a JSON object is the vendor's failure, never half a call."""
        vendor.script(Reply((BrokenToolCall("toolu_1", "look_up_invoice", text),), "tool_use"))
        with pytest.raises(ProviderProtocolError):
            await collect(vendor.model)

    async def test_closing_the_generator_cancels_at_the_vendor(self, vendor):
        """Closing the generator in the middle of a reply abandons the request at the vendor at once."""
        vendor.script(Reply((Text("Once upon a time"), Pause(PATIENCE_S), Text("no one heard this"))))
        async with asyncio.timeout(PATIENCE_S / 2):
            async with aclosing(vendor.model.generate(REQUEST)) as items:
                assert TextDelta("Once upon a time") == await anext(items)
            await vendor.cancelled()

    async def test_cancelling_the_task_cancels_at_the_vendor(self, vendor):
        """Cancelling the task that waits for the next piece abandons the request at the vendor."""
        heard = asyncio.Event()

        async def listen() -> None:
            async with aclosing(vendor.model.generate(REQUEST)) as items:
                async for _ in items:
                    heard.set()

        vendor.script(Reply((Text("Once upon a time"), Stall())))
        async with asyncio.timeout(PATIENCE_S):
            task = asyncio.create_task(listen())
            await heard.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await vendor.cancelled()

    async def test_a_silent_start_times_out(self):
        """No first token within the deadline is a time-out."""
        async with self.running_vendor(
            first_token_timeout_ms=HASTE_MS, inter_token_timeout_ms=PATIENCE_MS
        ) as vendor:
            vendor.script(Reply((Stall(),)))
            with pytest.raises(ProviderTimeout):
                await collect(vendor.model)

    async def test_a_stall_in_the_middle_times_out(self):
        """No further token within the deadline is a time-out, after the pieces that did arrive."""
        async with self.running_vendor(
            first_token_timeout_ms=PATIENCE_MS, inter_token_timeout_ms=HASTE_MS
        ) as vendor:
            vendor.script(Reply((Text("Your invoice "), Stall())))
            async with asyncio.timeout(PATIENCE_S), aclosing(vendor.model.generate(REQUEST)) as items:
                assert TextDelta("Your invoice ") == await anext(items)
                with pytest.raises(ProviderTimeout):
                    await anext(items)

    @pytest.mark.parametrize("ending", [Drop(), Cut()])
    async def test_a_broken_stream_is_unavailability(self, vendor, ending):
        """A stream that ends before the reply does, politely or not, is a failure, not a short reply."""
        vendor.script(Reply((Text("Your invoice "), ending)))
        with pytest.raises(ProviderUnavailable):
            await collect(vendor.model)

    @pytest.mark.parametrize(
        ("failure", "kind"),
        [
            (Failure.OVERLOADED, ProviderOverloaded),
            (Failure.SERVER_ERROR, ProviderUnavailable),
            (Failure.BAD_CREDENTIALS, ProviderRejected),
            (Failure.BAD_REQUEST, ProviderRejected),
        ],
    )
    async def test_a_refusal_has_the_right_type_and_no_personal_text(self, vendor, failure, kind):
        """Each refusal maps to its error; neither text nor cause repeats what the vendor quoted."""
        vendor.script(Refusal(failure, detail=f"messages.0: {SECRET} is invalid"))
        with pytest.raises(ProviderError) as caught:
            await collect(vendor.model)
        assert kind is type(caught.value)
        assert (kind is not ProviderRejected) == caught.value.retryable
        assert vendor.model.name == caught.value.provider
        assert SECRET not in f"{caught.value!r} {caught.value}"
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__ or caught.value.__context__ is None

    @pytest.mark.parametrize(
        ("failure", "kind"),
        [(Failure.OVERLOADED, ProviderOverloaded), (Failure.SERVER_ERROR, ProviderUnavailable)],
    )
    async def test_an_error_in_the_middle_of_a_stream_has_the_right_type(self, vendor, failure, kind):
        """An error after a successful start maps like one before it."""
        vendor.script(Reply((Text("Your invoice "), FailInStream(failure))))
        with pytest.raises(kind):
            await collect(vendor.model)

    async def test_a_failure_does_not_outlive_its_request(self, vendor):
        """After a failed generation the next one works."""
        vendor.script(Refusal(Failure.SERVER_ERROR), Reply((Text("Hello."),)))
        with pytest.raises(ProviderUnavailable):
            await collect(vendor.model)
        assert text_of(await collect(vendor.model)) == "Hello."

    async def test_a_sick_vendor_fails_the_probe(self, vendor):
        """The probe raises what a generation would."""
        vendor.script(Refusal(Failure.OVERLOADED))
        with pytest.raises(ProviderOverloaded):
            await vendor.model.probe()
