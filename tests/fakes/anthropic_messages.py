"""The Anthropic Messages API on loopback: real server-sent events, scripted answers (protocols: SSE of 2026-10-21)."""

import json
from typing import Any

from switchboard.domain.messages import ToolCall
from tests.fakes.model_scripts import (
    BrokenToolCall,
    Cut,
    FailInStream,
    Failure,
    Refusal,
    Reply,
    Step,
    Text,
    Wire,
)
from tests.fakes.streaming_http import ScriptedHttpServer

_ERRORS = {
    Failure.OVERLOADED: (529, "overloaded_error"),
    Failure.SERVER_ERROR: (500, "api_error"),
    Failure.BAD_CREDENTIALS: (401, "authentication_error"),
    Failure.BAD_REQUEST: (400, "invalid_request_error"),
}


def sse(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def error_body(kind: str, detail: str, **details: str) -> bytes:
    error = {"type": kind, "message": detail, **({"details": details} if details else {})}
    return json.dumps({"type": "error", "error": error, "request_id": "req_1"}).encode()


class FakeAnthropicMessages(ScriptedHttpServer):
    """`status` overrides the HTTP status of the next refusals (429 beside 529)."""

    content_type = "text/event-stream"

    def __init__(self) -> None:
        super().__init__()
        self.status: int | None = None
        self.error_details: dict[str, str] = {}

    def opening(self, reply: Reply) -> bytes:
        usage = {
            "input_tokens": reply.input_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": reply.cached_tokens,
            "output_tokens": 1,
        }
        message: dict[str, Any] = {"id": "msg_1", "type": "message", "role": "assistant", "content": []}
        message |= {"model": "claude-haiku-5-5", "stop_reason": None, "stop_sequence": None, "usage": usage}
        return sse("message_start", message=message) + sse("ping")

    def step(self, index: int, step: Step) -> bytes:
        match step:
            case Text():
                return _block(
                    index, {"type": "text", "text": ""}, [{"type": "text_delta", "text": step.text}]
                )
            case ToolCall():
                text = json.dumps(step.arguments) if step.arguments else ""
                return _tool_use(index, step.id, step.name, text)
            case BrokenToolCall():
                return _tool_use(index, step.id, step.name, step.input)
            case FailInStream():
                error = {"type": _ERRORS[step.failure][1], "message": "the vendor's words"}
                return sse("error", error=error)
            case Wire():
                return step.data
            case _:
                return b""

    def closing(self, reply: Reply) -> bytes:
        if any(isinstance(step, FailInStream | Cut) for step in reply.steps):
            return b""
        delta = {"stop_reason": reply.stop_reason, "stop_sequence": None}
        usage = {"output_tokens": reply.output_tokens}
        return sse("message_delta", delta=delta, usage=usage) + sse("message_stop")

    def refusal(self, refusal: Refusal) -> tuple[int, dict[str, str], bytes]:
        status, kind = _ERRORS[refusal.failure]
        headers = {"content-type": "application/json", "request-id": "req_1", **refusal.headers}
        return self.status or status, headers, error_body(kind, refusal.detail, **self.error_details)


def _tool_use(index: int, call_id: str, name: str, text: str) -> bytes:
    middle = len(text) // 2
    pieces = [text[:middle], text[middle:]] if text else []
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *pieces]]
    return _block(index, {"type": "tool_use", "id": call_id, "name": name, "input": {}}, deltas)


def _block(index: int, block: dict[str, Any], deltas: list[dict[str, str]]) -> bytes:
    start = sse("content_block_start", index=index, content_block=block)
    body = b"".join(sse("content_block_delta", index=index, delta=delta) for delta in deltas)
    return start + body + sse("content_block_stop", index=index)
