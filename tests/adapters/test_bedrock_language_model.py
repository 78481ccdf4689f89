"""What is particular to Bedrock; the rest is in the contract."""

import asyncio
import json
import threading
from contextlib import aclosing

import pytest
from msgspec.structs import replace

from switchboard.adapters.aws import bedrock_language_model, event_pump
from switchboard.adapters.aws.bedrock_language_model import BedrockLanguageModel
from switchboard.adapters.aws.bedrock_requests import converse_arguments
from switchboard.domain.messages import Message, ToolResult
from switchboard.ports.errors import (
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from switchboard.ports.language_model import GenerationRequest, TextDelta
from tests.contracts.language_model import CALL, LOOK_UP, REQUEST, SECRET, collect, end_of, text_of
from tests.fakes.bedrock_runtime import event, exception
from tests.fakes.model_scripts import BrokenToolCall, Failure, Pause, Refusal, Reply, Stall, Text, Wire
from tests.fakes.model_vendors import aws_session, bedrock_vendor

CACHE_POINT = {"cachePoint": {"type": "default"}}


@pytest.fixture
async def vendor():
    async with bedrock_vendor() as vendor:
        yield vendor


def test_the_stable_prefix_is_cached_and_the_history_is_not():
    """Cache points end the system text and the tools; the history has none, and nothing sets a temperature."""
    arguments = converse_arguments(REQUEST, model="m", has_prompt_caching=True)
    assert [{"text": REQUEST.system}, CACHE_POINT] == arguments["system"]
    assert arguments["toolConfig"]["tools"][-1] == CACHE_POINT
    assert "cachePoint" not in json.dumps(arguments["messages"])
    assert arguments["inferenceConfig"] == {"maxTokens": 400}


def test_caching_can_be_left_out():
    """Models that refuse cache points get none."""
    arguments = converse_arguments(REQUEST, model="m", has_prompt_caching=False)
    assert "cachePoint" not in json.dumps(arguments)


def test_an_empty_prefix_is_not_sent():
    """Without system text and tools the request has neither field."""
    arguments = converse_arguments(
        GenerationRequest("", (Message("user", "Hi."),)), model="m", has_prompt_caching=True
    )
    assert {"modelId", "messages", "inferenceConfig"} == set(arguments)


def test_tool_calls_and_results_take_their_places():
    """Calls follow the text of an assistant's turn; results stand first in the user's."""
    result = ToolResult("toolu_1", "no such account", is_error=True)
    history = (
        Message("user", "Check it."),
        Message("assistant", "One moment.", (CALL,)),
        Message("user", "Thanks.", tool_results=(result,)),
    )
    arguments = converse_arguments(
        GenerationRequest("", history, (LOOK_UP,)), model="m", has_prompt_caching=True
    )
    _, assistant, user = arguments["messages"]
    call = {"toolUseId": "toolu_1", "name": "look_up_invoice", "input": {"account_number": "104417"}}
    assert [{"text": "One moment."}, {"toolUse": call}] == assistant["content"]
    answer = {"toolUseId": "toolu_1", "content": [{"text": "no such account"}], "status": "error"}
    assert [{"toolResult": answer}, {"text": "Thanks."}] == user["content"]


@pytest.mark.wire
class TestOnTheWire:
    async def test_the_request_is_what_the_api_expects(self, vendor):
        """One signed POST to the model's stream, without sampling parameters."""
        vendor.script(Reply((Text("Hi."),)))
        await collect(vendor.model)
        (request,) = vendor.server.requests
        path = "/model/us.anthropic.claude-haiku-5-5-v1%3A0/converse-stream"
        assert ("POST", path) == (request.method, request.path)
        assert request.headers["authorization"].startswith("AWS4-HMAC-SHA256 ")
        assert {"messages", "system", "toolConfig", "inferenceConfig"} == set(request.body)

    async def test_the_probe_costs_one_token(self, vendor):
        """The probe is a real request for a single token."""
        vendor.script(Reply((Text("pong"),), "max_tokens"))
        await vendor.model.probe()
        assert vendor.server.requests[0].body["inferenceConfig"] == {"maxTokens": 1}

    async def test_generations_share_a_connection(self, vendor):
        """A finished reply leaves its connection to the next one."""
        vendor.script(*[Reply((Text("Hi."),))] * 3)
        for _ in range(3):
            await collect(vendor.model)
        assert vendor.server.connection_count == 1

    @pytest.mark.parametrize(
        ("theirs", "ours"),
        [
            ("stop_sequence", "end_turn"),
            ("model_context_window_exceeded", "max_tokens"),
            ("guardrail_intervened", "refusal"),
            ("content_filtered", "refusal"),
            ("something_new", "end_turn"),
        ],
    )
    async def test_stop_reasons_are_mapped(self, vendor, theirs, ours):
        """Every stop reason becomes one of the port's four; an unknown one ends the turn."""
        vendor.script(Reply((Text("Hi."),), theirs))
        assert ours == end_of(await collect(vendor.model)).stop_reason

    @pytest.mark.parametrize("reason", ["malformed_model_output", "malformed_tool_use"])
    async def test_malformed_output_is_a_protocol_error(self, vendor, reason):
        """Output that Bedrock itself calls malformed fails the reply."""
        vendor.script(Reply((Text("Hi."),), reason))
        with pytest.raises(ProviderProtocolError):
            await collect(vendor.model)

    @pytest.mark.parametrize(
        ("status", "code", "kind"),
        [
            (429, "ThrottlingException", ProviderOverloaded),
            (429, "ModelNotReadyException", ProviderOverloaded),
            (400, "ServiceQuotaExceededException", ProviderOverloaded),
            (408, "ModelTimeoutException", ProviderTimeout),
            (424, "ModelErrorException", ProviderUnavailable),
            (503, "ServiceUnavailableException", ProviderUnavailable),
            (502, "Unheard", ProviderUnavailable),
            (403, "AccessDeniedException", ProviderRejected),
            (404, "ResourceNotFoundException", ProviderRejected),
            (400, "ValidationException", ProviderRejected),
        ],
    )
    async def test_each_code_has_its_error(self, vendor, status, code, kind):
        """Each error code maps to one error of the port, after a single request, without the vendor's words."""
        vendor.server.error = (status, code)
        vendor.script(Refusal(Failure.BAD_REQUEST, detail=SECRET))
        with pytest.raises(kind) as caught:
            await collect(vendor.model)
        assert f"bedrock: {code} (HTTP {status})" == str(caught.value)
        assert len(vendor.server.requests) == 1

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("throttlingException", ProviderOverloaded),
            ("serviceUnavailableException", ProviderUnavailable),
            ("internalServerException", ProviderUnavailable),
            ("modelStreamErrorException", ProviderUnavailable),
            ("validationException", ProviderRejected),
        ],
    )
    async def test_exceptions_in_the_stream_are_mapped(self, vendor, name, kind):
        """An exception event after HTTP 200 maps like an error response, after the text before it."""
        vendor.script(Reply((Text("Your invoice "), Wire(exception(name, message=SECRET)))))
        async with aclosing(vendor.model.generate(REQUEST)) as items:
            assert TextDelta("Your invoice ") == await anext(items)
            with pytest.raises(kind) as caught:
                await anext(items)
        assert SECRET not in str(caught.value)

    async def test_a_damaged_frame_is_a_protocol_error(self, vendor):
        """A frame whose checksum is wrong fails the reply."""
        frame = event("contentBlockDelta", delta={"text": "hello"}, contentBlockIndex=0)
        vendor.script(Reply((Wire(frame.replace(b"hello", b"jello")), Stall())))
        with pytest.raises(ProviderProtocolError):
            await collect(vendor.model)

    async def test_an_endless_tool_input_is_refused(self, vendor, monkeypatch):
        """The input of a tool call is bounded."""
        monkeypatch.setattr(bedrock_language_model, "TOOL_INPUT_CHARS_MAX", 10)
        vendor.script(Reply((BrokenToolCall("t1", "f", '{"a": "' + "x" * 20),)))
        with pytest.raises(ProviderProtocolError):
            await collect(vendor.model)

    async def test_a_slow_consumer_holds_the_worker_back(self, vendor, monkeypatch):
        """With the buffer full the worker waits; nothing is lost and nothing times out."""
        monkeypatch.setattr(event_pump, "EVENTS_BUFFERED_MAX", 2)
        vendor.script(Reply((Text("and "),) * 50))
        heard = ""
        async with aclosing(vendor.model.generate(REQUEST)) as items:
            async for item in items:
                await asyncio.sleep(0.001)
                heard += item.text if isinstance(item, TextDelta) else ""
        assert heard == "and " * 50

    async def test_a_full_house_refuses_at_once(self):
        """One generation more than there are worker threads is overload, and leaves the others alone."""
        async with bedrock_vendor(generations_max=1) as vendor:
            vendor.script(Reply((Text("one "), Pause(0.05), Text("two"))))
            async with aclosing(vendor.model.generate(REQUEST)) as items:
                first = await anext(items)
                with pytest.raises(ProviderOverloaded):
                    await collect(vendor.model)
                rest = [item async for item in items]
            assert text_of([first, *rest]) == "one two"

    async def test_a_time_out_before_the_head_frees_the_thread_soon(self):
        """A request that never gets a head times out; its thread ends with the read time-out, not later."""
        async with bedrock_vendor(first_token_timeout_ms=50, inter_token_timeout_ms=50) as vendor:
            vendor.script(Reply(is_headless=True))
            with pytest.raises(ProviderTimeout):
                await collect(vendor.model)
            async with asyncio.timeout(2):
                await vendor.cancelled()
                await vendor.model.close()

    async def test_no_thread_outlives_the_model(self, vendor):
        """After close no worker is left, even one that was reading from a silent vendor."""
        vendor.script(Reply((Text("Once"), Stall())))
        async with aclosing(vendor.model.generate(REQUEST)) as items:
            await anext(items)
        async with asyncio.timeout(2):
            await vendor.model.close()
        assert [thread for thread in threading.enumerate() if thread.name.startswith("bedrock")] == []

    async def test_a_dropped_generator_does_not_keep_its_worker(self):
        """A consumer that never comes back costs one worker at most the total deadline."""
        async with bedrock_vendor(total_timeout_ms=50) as vendor:
            vendor.script(Reply((Text("and "),) * 600))
            items = vendor.model.generate(REQUEST)
            await anext(items)
            async with asyncio.timeout(2):
                await vendor.cancelled()
            await items.aclose()

    async def test_no_server_is_unavailability(self):
        """A refused connection is unavailability."""
        model = BedrockLanguageModel(
            region="us-east-1", model="m", endpoint_url="http://127.0.0.1:1", session=aws_session()
        )
        with pytest.raises(ProviderUnavailable):
            await collect(model)
        await model.close()

    async def test_a_request_that_boto_refuses_is_a_rejection(self, vendor):
        """A request that does not fit the API's shape never leaves the machine."""
        with pytest.raises(ProviderRejected):
            await collect(vendor.model, replace(REQUEST, tokens_max="many"))
