"""Bedrock's ConverseStream on loopback: real event-stream frames, scripted answers.

Frame format: Smithy specification, "Amazon Event Stream": prelude (total length, headers length, CRC), headers, payload, CRC.
"""

import json
import struct
from binascii import crc32
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
    Failure.OVERLOADED: (429, "ThrottlingException"),
    Failure.SERVER_ERROR: (500, "InternalServerException"),
    Failure.BAD_CREDENTIALS: (403, "UnrecognizedClientException"),
    Failure.BAD_REQUEST: (400, "ValidationException"),
}
_STRING_HEADER = 7


def event(kind: str, **fields: Any) -> bytes:
    return _frame({":message-type": "event", ":event-type": kind}, fields)


def exception(kind: str, **fields: Any) -> bytes:
    return _frame({":message-type": "exception", ":exception-type": kind}, fields)


class FakeBedrockRuntime(ScriptedHttpServer):
    """`error` overrides status and code of the next refusals."""

    content_type = "application/vnd.amazon.eventstream"

    def __init__(self) -> None:
        super().__init__()
        self.error: tuple[int, str] | None = None

    def opening(self, reply: Reply) -> bytes:
        return event("messageStart", role="assistant")

    def step(self, index: int, step: Step) -> bytes:
        match step:
            case Text():
                return _delta(index, {"text": step.text}) + event("contentBlockStop", contentBlockIndex=index)
            case ToolCall():
                text = json.dumps(step.arguments) if step.arguments else ""
                return _tool_use(index, step.id, step.name, text)
            case BrokenToolCall():
                return _tool_use(index, step.id, step.name, step.input)
            case FailInStream():
                name = _ERRORS[step.failure][1]
                return exception(name[0].lower() + name[1:], message="the vendor's words")
            case Wire():
                return step.data
            case _:
                return b""

    def closing(self, reply: Reply) -> bytes:
        if any(isinstance(step, FailInStream | Cut) for step in reply.steps):
            return b""
        usage = {"inputTokens": reply.input_tokens, "outputTokens": reply.output_tokens}
        usage |= {"totalTokens": reply.input_tokens + reply.output_tokens}
        usage |= {"cacheReadInputTokens": reply.cached_tokens, "cacheWriteInputTokens": 0}
        stop = event("messageStop", stopReason=reply.stop_reason)
        return stop + event("metadata", usage=usage, metrics={"latencyMs": 300})

    def refusal(self, refusal: Refusal) -> tuple[int, dict[str, str], bytes]:
        status, code = self.error or _ERRORS[refusal.failure]
        headers = {"content-type": "application/json", "x-amzn-errortype": code, **refusal.headers}
        return status, headers, json.dumps({"message": refusal.detail}).encode()


def _tool_use(index: int, call_id: str, name: str, text: str) -> bytes:
    middle = len(text) // 2
    start = {"toolUse": {"toolUseId": call_id, "name": name}}
    frames = event("contentBlockStart", start=start, contentBlockIndex=index)
    for piece in [text[:middle], text[middle:]] if text else []:
        frames += _delta(index, {"toolUse": {"input": piece}})
    return frames + event("contentBlockStop", contentBlockIndex=index)


def _delta(index: int, delta: dict[str, Any]) -> bytes:
    return event("contentBlockDelta", delta=delta, contentBlockIndex=index)


def _frame(headers: dict[str, str], payload: dict[str, Any]) -> bytes:
    head = b"".join(
        _header(name, value) for name, value in {**headers, ":content-type": "application/json"}.items()
    )
    body = json.dumps(payload).encode()
    prelude = struct.pack("!II", 12 + len(head) + len(body) + 4, len(head))
    frame = prelude + struct.pack("!I", crc32(prelude)) + head + body
    return frame + struct.pack("!I", crc32(frame))


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return bytes([len(key)]) + key + struct.pack("!BH", _STRING_HEADER, len(text)) + text
