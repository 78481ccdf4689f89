"""The media server on loopback, around the same calls as `tests.gateway`, in real time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from switchboard.adapters.twilio.signature import SignatureChecker
from switchboard.conversation.policy import Phrases
from switchboard.domain.calls import CallKey
from tests.fakes.language_model import FakeLanguageModel
from tests.gateway.rig import POLICY, TENANT, FarEnd, World, reply
from tests.wire.peer import CLOSE, PATIENCE_S, TEXT, UPGRADE, Peer, until
from voice_gateway.connection import Connection
from voice_gateway.gateway import Gateway
from voice_gateway.server import serve
from voice_gateway.session import Session

AUTH_TOKEN = "12345"
STREAM_URL = "wss://media.example.com/twilio/stream"
SIGNATURE = "pDBx1McycDg2sIBUyP9v+49T2ok="
"""Of the two above (protocols.md 18, computed with Twilio's own library)."""
SIGNED = {**UPGRADE, "X-Twilio-Signature": SIGNATURE}
LAG_MS_MAX = 60_000
"""A busy machine that tests is no reason to refuse a call."""
PHRASES = Phrases(
    fillers=("Let me see.", "One more moment.", "Nearly there.", "It takes long."),
    unclear=("Pardon?", "What was that?"),
    not_hearing="I can't hear you.",
    apology="Again, please.",
    failing="I have trouble.",
    transfer="Please hold on.",
    resumed="Back again.",
)
BRIEF = replace(
    POLICY,
    phrases=PHRASES,
    agent=replace(POLICY.agent, disclosure="Hi.", greeting="Yes?"),
    endpoint_complete_ms=200,
    endpoint_neutral_ms=200,
)
"""An agent that is done with its opening in half a second and answers at once."""


class Media(Struct):
    """A running media server."""

    world: World
    gateway: Gateway
    port: int
    peers: list[Peer] = field(default_factory=list)

    async def connect(self, *, receive_bytes: int | None = None) -> Peer:
        """A TCP connection; it is ended at the end of the test, if it has not ended before."""
        peer = await Peer.connect(self.port, receive_bytes=receive_bytes)
        self.peers.append(peer)
        return peer

    async def peer(self, *, receive_bytes: int | None = None) -> Peer:
        """A telephone's socket, upgraded."""
        peer = await self.connect(receive_bytes=receive_bytes)
        assert await peer.request("/twilio/stream", SIGNED) == 101
        return peer

    async def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, Peer]:
        peer = await self.connect()
        return await peer.request(path, headers or {}), peer

    def connection(self, call_sid: str) -> Connection:
        return self.gateway._calls[CallKey(TENANT, call_sid)]

    async def hang_up(self) -> None:
        """End every connection from the far side."""
        for peer in self.peers:
            await peer.left()
        self.peers.clear()

    async def empty(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self.gateway._empty.wait()


@asynccontextmanager
async def media_server(
    world: World | None = None, *, web_calls: bool = False, calls_max: int = 10
) -> AsyncIterator[Media]:
    """Serve; at the end every call must have left."""
    world = world or brief_world(calls_max=calls_max)
    gateway = await world.gateway()
    gateway._admission.lag_ms_max = LAG_MS_MAX
    server = await serve(
        gateway,
        host="127.0.0.1",
        port=0,
        stream_url=STREAM_URL,
        signatures=SignatureChecker(AUTH_TOKEN),
        web_calls=web_calls,
    )
    media = Media(world, gateway, server.sockets[0].getsockname()[1])
    try:
        yield media
        await media.hang_up()
        await media.empty()
    finally:
        await media.hang_up()
        await gateway.drain(0)
        server.close()


@asynccontextmanager
async def no_task_left() -> AsyncIterator[None]:
    """What was started within must have ended with it."""
    before = _other_tasks()
    yield
    await until(lambda: _other_tasks() <= before)


def _other_tasks() -> set[asyncio.Task[Any]]:
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


def brief_world(*, calls_max: int = 10) -> World:
    world = World(BRIEF, calls_max=calls_max)
    world.model = FakeLanguageModel(sleep=asyncio.sleep, default=reply("Fine.", after_s=0.05))
    return world


class WireFarEnd(FarEnd):
    """Twilio and the caller, over a real socket."""

    def __init__(self, media: Media, call_sid: str = "CA" + "1" * 32) -> None:
        super().__init__(media.world, call_sid)
        self._media = media

    async def dial(
        self, gateway: Gateway | None = None, *, token: str | None = None, **parameters: str
    ) -> None:
        self.peer = await self._media.peer()
        self.connection = _Wire(self.peer)  # type: ignore[assignment]
        self._reading = self.loop.create_task(self._read())
        self.tell({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        self.tell(self.start_message(token or self.world.token(self.call_sid), **parameters))
        self._ticking = self.loop.create_task(self._tick())

    async def over(self) -> None:
        await super().over()
        await self._reading

    def drop(self) -> None:
        self.closed = (1006, "")
        self.peer.reset()

    @property
    def session(self) -> Session:
        return next(s for s in reversed(self.world.sessions) if s.call.call_id == self.call_sid)

    async def turn(self, text: str) -> None:
        """Say something and hear the answer."""
        self.say(text)
        await self.finished_saying()
        await self.agent_starts(PATIENCE_S)
        await self.agent_stops(PATIENCE_S)

    async def _read(self) -> None:
        try:
            while not self.closed:
                opcode, payload = await self.peer.receive(within_s=None)
                if opcode == TEXT:
                    self.send_text(payload)
                elif opcode == CLOSE:
                    self.closed = (int.from_bytes(payload[:2], "big"), payload[2:].decode())
                    self.peer.send(CLOSE, payload[:2])
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.closed = self.closed or (1006, "")
        await self.peer.gone()


class _Wire:
    """What `FarEnd` takes for the gateway's connection."""

    _task = None

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def on_text(self, data: bytes) -> None:
        if not self._peer.writer.is_closing():
            self._peer.send(TEXT, data)

    def on_closed(self) -> None:
        pass
