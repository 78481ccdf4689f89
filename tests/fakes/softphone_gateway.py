"""A gateway as the softphone sees it: it records what the page sends and sends what a test tells it to.

Speaks docs/web-protocol.md over a real WebSocket; decides nothing by itself.
"""

import asyncio
import base64
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

DEADLINE_S = 10.0
SILENCE = 0xFF


class SoftphoneGateway:
    """Hands out the calls that come in, one after the other."""

    def __init__(self) -> None:
        self.port = 0
        self._calls: asyncio.Queue[GatewayCall] = asyncio.Queue()
        self.calls_count = 0

    async def next_call(self) -> "GatewayCall":
        """Wait for the next socket that has said `connected` and `start`."""
        async with asyncio.timeout(DEADLINE_S):
            return await self._calls.get()

    async def handle(self, socket: ServerConnection) -> None:
        call = GatewayCall(socket)
        self.calls_count += 1
        try:
            async for text in socket:
                call.receive(json.loads(text))
                if call.messages[-1]["event"] == "start":
                    self._calls.put_nowait(call)
        except ConnectionClosed:
            call.was_lost = True
        call.is_over.set()


class GatewayCall:
    """One call: everything the page sent, in order, and the means to answer."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.messages: list[dict[str, Any]] = []
        self.arrivals_s: dict[str, list[float]] = defaultdict(list)
        self.is_over = asyncio.Event()
        self.was_lost = False
        self._arrived = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def receive(self, message: dict[str, Any]) -> None:
        self.messages.append(message)
        self.arrivals_s[message["event"]].append(asyncio.get_running_loop().time())
        task = asyncio.create_task(self._tell())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self) -> None:
        async with self._arrived:
            self._arrived.notify_all()

    def of(self, event: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["event"] == event]

    async def wait_for(self, event: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until `count` messages of this kind have come; return all of them."""
        async with asyncio.timeout(DEADLINE_S), self._arrived:
            await self._arrived.wait_for(lambda: len(self.of(event)) >= count)
        return self.of(event)

    @property
    def stream_sid(self) -> str:
        return str(self.of("start")[0]["streamSid"])

    @property
    def heard(self) -> bytes:
        """The caller's audio so far: mu-law, 8 kHz."""
        return b"".join(base64.b64decode(media["media"]["payload"]) for media in self.of("media"))

    async def send(self, event: str, **body: Any) -> None:
        await self.socket.send(json.dumps({"event": event, "streamSid": self.stream_sid, **body}))

    async def say(self, audio: bytes, mark: str) -> None:
        """Send mu-law audio in 20 ms frames and a mark after it, as far ahead as it is long."""
        for start in range(0, len(audio), 160):
            payload = base64.b64encode(audio[start : start + 160]).decode()
            await self.send("media", media={"payload": payload})
        await self.send("mark", mark={"name": mark})

    async def transcript(self, turn: int, speaker: str, text: str, *, final: bool, **more: Any) -> None:
        body = {"turn": turn, "speaker": speaker, "text": text, "final": final, **more}
        await self.send("transcript", transcript=body)

    async def break_off(self) -> None:
        """Vanish without a closing handshake, as a killed task does."""
        self.socket.transport.abort()
        await self.is_over.wait()


@asynccontextmanager
async def running_gateway() -> AsyncIterator[SoftphoneGateway]:
    gateway = SoftphoneGateway()
    async with serve(gateway.handle, "127.0.0.1", 0, compression=None) as server:
        gateway.port = next(iter(server.sockets)).getsockname()[1]
        yield gateway
