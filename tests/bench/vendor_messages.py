"""Anthropic's Messages API, faked cheaply: HTTP/1.1 with kept connections, one scripted reply, token by token.

`GET /log` returns and empties the vendors' log, for the load generator.
"""

import asyncio
import re
import time
from typing import cast

import msgspec

from switchboard.conversation.clauses import take_clauses
from tests.bench import tags
from tests.bench.plan import Delays
from tests.bench.vendor_log import VendorLog
from tests.bench.vendor_speak import REPLY_ENDS_WITH

REPLY = (
    "Sure {}, your plan is the fiber one and it costs seventy nine dollars a month. "
    "It runs at one gigabit and there is no contract, can I help you with anything " + REPLY_ENDS_WITH
)
HEAD_BEFORE_TOKEN_MS = 20
"""Status and `message_start` come a little before the first token."""

_TOKENS = re.findall(r"\s?\{\}|\s?\w+|[^\w\s]", REPLY)
_LENGTH = re.compile(rb"(?i)content-length: *(\d+)")
_STATUS = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nrequest-id: req_1\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)


def _event(kind: str, **fields: object) -> bytes:
    data = b"event: %s\ndata: %s\n\n" % (kind.encode(), msgspec.json.encode({"type": kind} | fields))
    return b"%x\r\n%s\r\n" % (len(data), data)


_USAGE = {
    "input_tokens": 40,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 900,
    "output_tokens": 1,
}
_HEAD = (
    _STATUS
    + _event(
        "message_start",
        message={
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-haiku-5-5",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": _USAGE,
        },
    )
    + _event("content_block_start", index=0, content_block={"type": "text", "text": ""})
)
_TAIL = (
    _event("content_block_stop", index=0)
    + _event(
        "message_delta",
        delta={"stop_reason": "end_turn", "stop_sequence": None},
        usage={"output_tokens": len(_TOKENS)},
    )
    + _event("message_stop")
    + b"0\r\n\r\n"
)


def _token_event(token: str) -> bytes:
    return _event("content_block_delta", index=0, delta={"type": "text_delta", "text": token})


_TOKEN_EVENTS = [_token_event(token) for token in _TOKENS]


def first_clause_token() -> int:
    """Index of the token with which the gateway's rule (`take_clauses`) has its first clause."""
    said = ""
    for index, token in enumerate(_TOKENS):
        said += token.replace("{}", tags.code_word(0, 0))
        if take_clauses(said, first=True, final=False)[0]:
            return index
    raise AssertionError("the reply has clauses")


CLAUSE_TOKEN = first_clause_token()
CODE_TOKEN = next(index for index, token in enumerate(_TOKENS) if "{}" in token)


class MessagesConnection(asyncio.Protocol):
    """One kept connection; one request at a time, as HTTP/1.1 clients do."""

    def __init__(self, delays: Delays, log: VendorLog) -> None:
        self._delays = delays
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has the methods, not the base class

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = _LENGTH.search(head)
        size = int(length[1]) if length else 0
        if len(body) < size:
            return
        self._buffer = body[size:]
        if head.startswith(b"GET /log "):
            log = self._log.take()
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(log) + log
            )
            self._transport.close()
        else:
            self._answer(body[:size])

    def _answer(self, body: bytes) -> None:
        caller, turn = tags.last_code(body) or (tags.NOBODY, 0)
        code = tags.code_word(caller, turn)
        first_s = self._loop.time() + self._delays.llm_first_token_ms / 1000
        self._timer = self._loop.call_at(
            first_s - HEAD_BEFORE_TOKEN_MS / 1000, self._head, code, first_s, time.monotonic()
        )

    def _head(self, code: str, first_s: float, asked_s: float) -> None:
        self._transport.write(_HEAD)
        self._timer = self._loop.call_at(first_s, self._token, 0, code, first_s, asked_s)

    def _token(self, index: int, code: str, due_s: float, asked_s: float) -> None:
        event = _TOKEN_EVENTS[index]
        if index == CODE_TOKEN:
            event = _token_event(_TOKENS[index].replace("{}", code))
        self._transport.write(event)
        if index == CLAUSE_TOKEN:
            self._log.add("llm", code, asked_s, time.monotonic())
        if index + 1 == len(_TOKENS):
            self._timer = None
            self._transport.write(_TAIL)
            return
        due_s += self._delays.llm_token_ms / 1000
        self._timer = self._loop.call_at(due_s, self._token, index + 1, code, due_s, asked_s)
