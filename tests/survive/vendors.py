"""The process of the fake vendors: `python -m tests.survive.vendors`. The benchmark's, but for a model with a memory.

Each answer names the turn that it answers and the first thing the caller ever said, so that the caller's own ear can tell
whether the agent still knows it.
"""

import asyncio
import gc
import re
import sys
import time

import msgspec
import uvloop
from picows import WSListener, WSUpgradeRequest, ws_create_server

from switchboard.adapters.embedded.agent import BRIGHTLINE
from switchboard.conversation.policy import Policy
from tests.bench import tags
from tests.bench.plan import Delays
from tests.bench.speech import load_clips
from tests.bench.vendor_listen import ListenSocket
from tests.bench.vendor_log import VendorLog
from tests.bench.vendor_messages import _HEAD, _TAIL, MessagesConnection, _token_event
from tests.bench.vendor_speak import SpeakSocket, spoken
from tests.survive.plan import (
    CLIPS_PATH,
    FIRST_CLAUSE,
    LAST_CLAUSE,
    MEMORY_CLAUSE,
    OPENING,
    OTHER,
    REST,
    RESUMED,
    RESUMED_LISTENING,
    Asked,
    VendorPorts,
)

REPLY = (
    "Sure {last}, here it is. Your account {first} has the fiber plan at seventy nine dollars a month. "
    "It runs at one gigabit and {last} has no contract, can I help you with anything else?"
)
_TOKENS = re.compile(r"\s?\w+|[^\w\s]")
_CODE = re.compile(r"zq[a-t]{6}")
_POLICY = Policy(BRIGHTLINE)
FIXED = dict.fromkeys(_POLICY.fixed_texts(), OTHER) | {
    _POLICY.opening: OPENING,
    _POLICY.phrases.resumed: RESUMED,
    _POLICY.phrases.resumed_listening: RESUMED_LISTENING,
}
CLAUSES = {"Sure ": FIRST_CLAUSE, "Your account ": MEMORY_CLAUSE, "It runs ": LAST_CLAUSE}


class _Message(msgspec.Struct):
    role: str
    content: msgspec.Raw


class _Request(msgspec.Struct):
    messages: list[_Message]


class Memory:
    """What the model was asked, for the judge."""

    def __init__(self) -> None:
        self._asked: list[Asked] = []

    def add(self, asked: Asked) -> None:
        self._asked.append(asked)

    def take(self) -> bytes:
        """Everything as JSON."""
        return msgspec.json.encode(self._asked)


class MemoryMessages(MessagesConnection):
    """The model."""

    def _answer(self, body: bytes) -> None:
        request = msgspec.json.decode(body, type=_Request)
        known: list[str] = []
        for message in request.messages:
            if message.role == "user":
                known += _CODE.findall(bytes(message.content).decode())
        last = tags.last_code(known[-1].encode()) if known else None
        if last:
            self._log.add(Asked(last[0], known, time.monotonic()))  # type: ignore[call-arg,arg-type]  # a `Memory`
        said = REPLY.format(last=known[-1], first=known[0]) if known else "Sorry, what did you say?"
        due_s = self._loop.time() + self._delays.llm_first_token_ms / 1000
        self._timer = self._loop.call_at(due_s, self._write, _TOKENS.findall(said), 0, due_s)

    def _write(self, tokens: list[str], index: int, due_s: float) -> None:
        if index == 0:
            self._transport.write(_HEAD)
        if index == len(tokens):
            self._timer = None
            self._transport.write(_TAIL)
            return
        self._transport.write(_token_event(tokens[index]))
        due_s += self._delays.llm_token_ms / 1000
        self._timer = self._loop.call_at(due_s, self._write, tokens, index + 1, due_s)


class TellingSpeak(SpeakSocket):
    """The voice: its tags say which phrase or clause they enclose."""

    def _begin(self, text: str) -> None:
        text = text.strip()
        fixed = FIXED.get(text)
        caller, turn = (tags.NOBODY, 0) if fixed else tags.last_code(text.encode()) or (tags.NOBODY, 1)
        part = fixed or next((part for head, part in CLAUSES.items() if text.startswith(head)), REST)
        self._turn = (tags.NOBODY, 0) if fixed else (caller, turn)
        is_end = bool(fixed) or text.endswith("else?")
        audio = spoken(
            text,
            tags.Tag(tags.REPLY_START, caller, turn, part),
            tags.Tag(tags.REPLY_END, caller, turn, int(is_end)),
            self._delays.tts_chars_per_s,
        )
        due_s = self._loop.time() + self._delays.tts_first_audio_ms / 1000
        self._timer = self._loop.call_at(due_s, self._chunk, audio, 0, due_s, "", time.monotonic())


async def serve_for_ever() -> None:
    """Serve until killed."""
    delays, unread, memory = Delays(), VendorLog(), Memory()
    clips = load_clips(CLIPS_PATH).clips

    def accept(request: WSUpgradeRequest) -> WSListener | None:
        if request.path.startswith(b"/v1/listen"):
            return ListenSocket(clips, delays, unread)
        return TellingSpeak(delays, unread) if request.path.startswith(b"/v1/speak") else None

    sockets = await ws_create_server(accept, "127.0.0.1", 0, backlog=1000)
    http = await asyncio.get_running_loop().create_server(
        lambda: MemoryMessages(delays, memory),  # type: ignore[arg-type]  # adds and is taken like a VendorLog
        "127.0.0.1",
        0,
        backlog=1000,
    )
    ports = VendorPorts(sockets.sockets[0].getsockname()[1], http.sockets[0].getsockname()[1])
    sys.stdout.write(msgspec.json.encode(ports).decode() + "\n")
    sys.stdout.flush()
    gc.collect()
    gc.freeze()
    gc.disable()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve_for_ever())
