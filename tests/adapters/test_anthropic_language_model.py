"""What is particular to Anthropic's API; the rest is in the contract."""

import asyncio
import json
from contextlib import aclosing
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.adapters.anthropic import messages
from switchboard.adapters.anthropic.language_model import AnthropicLanguageModel
from switchboard.adapters.anthropic.messages import EventDecoder, request_body, tool_arguments
from switchboard.domain.messages import Message, ToolCall, ToolResult, ToolSpec
from switchboard.ports.errors import (
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from switchboard.ports.language_model import GenerationEnd, GenerationRequest, TextDelta
from tests.contracts.language_model import CALL, LOOK_UP, REQUEST, SECRET, collect, end_of, text_of
from tests.fakes.anthropic_messages import sse
from tests.fakes.model_scripts import Failure, Pause, Refusal, Reply, Stall, Text, Wire
from tests.fakes.model_vendors import anthropic_vendor

EPHEMERAL = {"type": "ephemeral"}


@pytest.fixture
async def vendor():
    async with anthropic_vendor() as vendor:
        yield vendor


def test_the_stable_prefix_is_cached_and_the_history_is_not():
    """Cache breakpoints stand on the system block and on the last tool, nowhere else."""
    other = ToolSpec("hang_up", "End the call.", {"type": "object"})
    body = request_body(GenerationRequest("Be brief.", (Message("user", "Hi."),), (LOOK_UP, other)))
    assert body["system"] == [{"type": "text", "text": "Be brief.", "cache_control": EPHEMERAL}]
    assert [tool.get("cache_control") for tool in body["tools"]] == [None, EPHEMERAL]
    assert "cache_control" not in json.dumps(body["messages"])


def test_tool_calls_and_results_take_their_places():
    """Calls follow the text of an assistant's turn; results stand first in the user's."""
    history = (
        Message("user", "Check it."),
        Message("assistant", "One moment.", (CALL,)),
        Message("user", "Thanks.", tool_results=(ToolResult("toolu_1", "42.50"),)),
    )
    _, assistant, user = request_body(GenerationRequest("", history))["messages"]
    assert assistant["content"] == [
        {"type": "text", "text": "One moment."},
        {
            "type": "tool_use",
            "id": "toolu_1",
            "name": "look_up_invoice",
            "input": {"account_number": "104417"},
        },
    ]
    assert user["content"] == [
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": "42.50", "is_error": False},
        {"type": "text", "text": "Thanks."},
    ]


def test_no_tool_input_is_empty_arguments():
    """The API sends an empty string for a tool without parameters."""
    assert tool_arguments("") == {}


STREAM = (
    sse("message_start", message={"usage": {"input_tokens": 1}})
    + sse("ping")
    + b": a comment\n\n"
    + b'event: content_block_delta\r\ndata: {"type":"content_block_delta",\r\ndata: "index":0}\r\n\r\n'
    + sse("content_block_delta", index=0, delta={"type": "text_delta", "text": "día"})
    + sse("shape_of_tomorrow", delta="not an object", index=[])
    + sse("message_stop")
)
KINDS = [
    "message_start",
    "ping",
    "content_block_delta",
    "content_block_delta",
    "shape_of_tomorrow",
    "message_stop",
]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_events_do_not_depend_on_packets(cuts):
    """However the network cuts the stream, the same events come out, unknown kinds and both line ends included."""
    decoder = EventDecoder()
    edges = [0, *sorted(cuts), len(STREAM)]
    events = [event for start, end in pairwise(edges) for event in decoder.feed(STREAM[start:end])]
    assert [event.type for event in events] == KINDS
    assert events[3].delta.text == "día"


@pytest.mark.wire
class TestOnTheWire:
    async def test_the_request_is_what_the_api_expects(self, vendor):
        """One POST with bearer key and version, streamed, without sampling parameters."""
        vendor.script(Reply((Text("Hi."),)))
        await collect(vendor.model)
        (request,) = vendor.server.requests
        assert (request.method, request.path) == ("POST", "/v1/messages")
        assert request.headers["authorization"] == "Bearer test-key"
        assert request.headers["anthropic-version"] == "2026-10-21"
        assert {"model", "max_tokens", "messages", "system", "tools", "stream"} == set(request.body)
        assert tuple(request.body[key] for key in ("model", "max_tokens", "stream")) == (
            "claude-haiku-5-5",
            400,
            True,
        )
        assert request.body["tools"][-1]["cache_control"] == EPHEMERAL

    async def test_an_empty_prefix_is_not_sent(self, vendor):
        """Without system text and tools the request has neither field."""
        vendor.script(Reply((Text("Hi."),)))
        await collect(vendor.model, GenerationRequest("", (Message("user", "Hi."),)))
        assert {"model", "max_tokens", "messages", "stream"} == set(vendor.server.requests[0].body)

    async def test_the_probe_costs_one_token(self, vendor):
        """The probe is a real request for a single token."""
        vendor.script(Reply((Text("pong"),), "max_tokens"))
        await vendor.model.probe()
        assert vendor.server.requests[0].body["max_tokens"] == 1

    async def test_generations_share_a_connection(self, vendor):
        """A finished reply leaves its connection to the next one."""
        vendor.script(*[Reply((Text("Hi."),))] * 3)
        for _ in range(3):
            await collect(vendor.model)
        assert vendor.server.connection_count == 1

    @pytest.mark.parametrize(
        ("theirs", "ours"),
        [
            ("end_turn", "end_turn"),
            ("stop_sequence", "end_turn"),
            ("tool_use", "tool_use"),
            ("max_tokens", "max_tokens"),
            ("model_context_window_exceeded", "max_tokens"),
            ("refusal", "refusal"),
            ("something_new", "end_turn"),
        ],
    )
    async def test_stop_reasons_are_mapped(self, vendor, theirs, ours):
        """Every stop reason becomes one of the port's four; an unknown one ends the turn."""
        vendor.script(Reply((Text("Hi."),), theirs))
        assert ours == end_of(await collect(vendor.model)).stop_reason

    async def test_cache_writes_count_as_input(self, vendor):
        """Input is what was not read from the cache; the end reports both."""
        usage = {"input_tokens": 5, "cache_creation_input_tokens": 70, "cache_read_input_tokens": 900}
        vendor.script(Reply((Wire(sse("message_start", message={"usage": usage})), Text("Hi."))))
        assert GenerationEnd("end_turn", 75, 12, 900) == (await collect(vendor.model))[-1]

    @pytest.mark.parametrize(
        ("status", "headers", "retry_after_ms"),
        [
            (429, {"retry-after": "7"}, 7000),
            (429, {"retry-after-ms": "250", "retry-after": "7"}, 250),
            (429, {"retry-after": "Sat, 21 Nov 2026 09:00:00 GMT"}, None),
            (429, {}, None),
            (529, {}, None),
        ],
    )
    async def test_overload_says_when_to_come_back(self, vendor, status, headers, retry_after_ms):
        """429 and 529 are overload, with the vendor's delay where it gives one as a number."""
        vendor.server.status = status
        vendor.script(Refusal(Failure.OVERLOADED, headers=headers))
        with pytest.raises(ProviderOverloaded) as caught:
            await collect(vendor.model)
        assert (f"anthropic: HTTP {status}", retry_after_ms) == (
            str(caught.value),
            caught.value.retry_after_ms,
        )

    async def test_a_spent_budget_is_not_retried(self, vendor):
        """A 429 for an exhausted spend limit is a rejection."""
        vendor.server.status = 429
        vendor.server.error_details = {"error_code": "enforced_spend_limit_reached"}
        vendor.script(Refusal(Failure.OVERLOADED))
        with pytest.raises(ProviderRejected):
            await collect(vendor.model)

    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (400, ProviderRejected),
            (401, ProviderRejected),
            (402, ProviderRejected),
            (403, ProviderRejected),
            (404, ProviderRejected),
            (408, ProviderTimeout),
            (409, ProviderUnavailable),
            (413, ProviderRejected),
            (500, ProviderUnavailable),
            (503, ProviderUnavailable),
            (504, ProviderUnavailable),
        ],
    )
    async def test_each_status_has_its_error(self, vendor, status, kind):
        """Each HTTP status maps to one error of the port, after a single request."""
        vendor.server.status = status
        vendor.script(Refusal(Failure.BAD_REQUEST, detail=SECRET))
        with pytest.raises(kind) as caught:
            await collect(vendor.model)
        assert f"anthropic: HTTP {status}" == str(caught.value)
        assert len(vendor.server.requests) == 1

    @pytest.mark.parametrize(
        ("kind", "expected"),
        [
            ("rate_limit_error", ProviderOverloaded),
            ("timeout_error", ProviderTimeout),
            ("invalid_request_error", ProviderRejected),
            ("brand_new_error", ProviderUnavailable),
        ],
    )
    async def test_errors_in_the_stream_are_mapped_by_type(self, vendor, kind, expected):
        """An error event after HTTP 200 maps by its type, after the text before it."""
        error = sse("error", error={"type": kind, "message": SECRET})
        vendor.script(Reply((Text("Your invoice "), Wire(error))))
        async with aclosing(vendor.model.generate(REQUEST)) as items:
            assert TextDelta("Your invoice ") == await anext(items)
            with pytest.raises(expected) as caught:
                await anext(items)
        assert SECRET not in str(caught.value)

    @pytest.mark.parametrize(
        "data",
        [
            b"data: {garbage\n\n",
            b"data: \xff\xfe\n\n",
            b'data: {"no": "type"}\n\n',
            b'data: {"type": "content_block_start", "index": 1}\n\n',
            b'data: {"type": "content_block_delta", "delta": 7}\n\n',
        ],
    )
    async def test_garbage_is_a_protocol_error(self, vendor, data):
        """An event that is not what the API documents fails the reply."""
        vendor.script(Reply((Text("Your invoice "), Wire(data))))
        with pytest.raises(ProviderProtocolError):
            await collect(vendor.model)

    async def test_lines_that_are_not_fields_are_ignored(self, vendor):
        """The event-stream format tells clients to ignore them."""
        vendor.script(Reply((Text("Your "), Wire(b"garbage without a colon\n\n"), Text("invoice"))))
        assert text_of(await collect(vendor.model)) == "Your invoice"

    async def test_an_endless_event_is_refused(self, vendor, monkeypatch):
        """The buffer for an unfinished event is bounded."""
        monkeypatch.setattr(messages, "EVENT_SIZE_BYTES_MAX", 1000)
        vendor.script(Reply((Wire(b"data: " + b"x" * 2000), Stall())))
        with pytest.raises(ProviderProtocolError):
            await collect(vendor.model)

    async def test_pings_neither_count_nor_harm(self):
        """Keep-alive events do not extend the first-token deadline, and are no items."""
        async with anthropic_vendor(first_token_timeout_ms=80) as vendor:
            pings = (Pause(0.03), Wire(sse("ping"))) * 4
            vendor.script(
                Reply((*pings, Stall())), Reply((Wire(sse("ping")), Text("Hi."), Wire(sse("ping"))))
            )
            with pytest.raises(ProviderTimeout, match="no first token within 80 ms"):
                await collect(vendor.model)
            assert text_of(await collect(vendor.model)) == "Hi."

    async def test_a_reply_that_never_ends_is_cut(self):
        """The total deadline ends a reply that keeps dripping."""
        async with anthropic_vendor(total_timeout_ms=100) as vendor:
            vendor.script(Reply((Text("and "), Pause(0.02)) * 20))
            with pytest.raises(ProviderTimeout, match="not finished within 100 ms"):
                await collect(vendor.model)

    async def test_a_slow_consumer_causes_no_time_out(self):
        """Time between two items that the consumer takes is not the vendor's."""
        async with anthropic_vendor(inter_token_timeout_ms=60) as vendor:
            vendor.script(Reply((Text("one "), Text("two "), Text("three"))))
            heard = ""
            async with aclosing(vendor.model.generate(REQUEST)) as items:
                async for item in items:
                    await asyncio.sleep(0.08)
                    heard += item.text if isinstance(item, TextDelta) else ""
            assert heard == "one two three"

    @pytest.mark.parametrize("reply", [Reply((Stall(),)), Reply(is_headless=True)])
    async def test_a_time_out_abandons_the_request(self, reply):
        """After a time-out, before or after the response's head, the vendor sees the connection go."""
        async with anthropic_vendor(first_token_timeout_ms=50) as vendor:
            vendor.script(reply)
            with pytest.raises(ProviderTimeout):
                await collect(vendor.model)
            async with asyncio.timeout(2):
                await vendor.cancelled()

    async def test_no_server_is_unavailability(self, vendor):
        """A refused connection is unavailability."""
        model = AnthropicLanguageModel(api_key="k", base_url="http://127.0.0.1:1")
        with pytest.raises(ProviderUnavailable):
            await collect(model)
        await model.close()

    async def test_tool_calls_can_interleave(self, vendor):
        """Blocks are told apart by their index."""
        frames = b"".join(
            [
                *(
                    sse(
                        "content_block_start",
                        index=i,
                        content_block={"type": "tool_use", "id": f"t{i}", "name": "f"},
                    )
                    for i in (0, 1)
                ),
                sse(
                    "content_block_delta",
                    index=0,
                    delta={"type": "input_json_delta", "partial_json": '{"a":'},
                ),
                sse("content_block_delta", index=1, delta={"type": "input_json_delta", "partial_json": "{}"}),
                sse("content_block_delta", index=0, delta={"type": "input_json_delta", "partial_json": "1}"}),
                *(sse("content_block_stop", index=i) for i in (0, 1)),
            ]
        )
        vendor.script(Reply((Wire(frames),), "tool_use"))
        expected = [ToolCall("t0", "f", {"a": 1}), ToolCall("t1", "f", {})]
        assert expected == (await collect(vendor.model))[:-1]
