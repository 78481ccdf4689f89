"""Deepgram's speak socket on loopback, as protocols say it behaves, with faults to order."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tests.fakes.speech_script import STATUS_OF, Fault, Script, audio_of, chunks_of


class FakeDeepgramSpeak:
    def __init__(self) -> None:
        self.script = Script()
        self.url = ""
        self.requests: list[Request] = []
        self.texts: list[str] = []
        self.messages: list[str] = []
        """The type of every message received, in order."""
        self.open_connections = 0
        self.answers_clear = True
        self.late_chunks = 0
        """Pieces of cancelled audio still sent after Clear, before Cleared."""
        self.flushed_after_cleared = False
        self.warns = False
        self.is_paused = False
        """Holds all audio back until it is unset; for texts that are cancelled half-way."""
        self.closing = asyncio.Event()
        self._connections: set[ServerConnection] = set()

    async def close_all(self, code: int = 1000) -> None:
        """End every connection, as the server does after an hour."""
        for connection in list(self._connections):
            await connection.close(code)

    async def admit(self, connection: ServerConnection, request: Request) -> Response | None:
        self.requests.append(request)
        if self.script.fault is Fault.STALLED_CONNECT:
            await self.closing.wait()
        status = STATUS_OF.get(self.script.fault) if self.script.fault is not None else None
        if status is None:
            return None
        response = connection.respond(HTTPStatus(status), "no\n")
        response.headers["Retry-After"] = "2"
        return response

    async def talk(self, connection: ServerConnection) -> None:
        self.open_connections += 1
        self._connections.add(connection)
        try:
            with suppress(ConnectionClosed):
                await connection.send(json.dumps({"type": "Metadata", "request_id": "r-1"}))
                await self._serve(connection)
        finally:
            self._connections.discard(connection)
            self.open_connections -= 1

    async def _serve(self, connection: ServerConnection) -> None:
        buffered = ""
        speaking: asyncio.Task[None] | None = None
        try:
            async for raw in connection:
                message = json.loads(raw)
                self.messages.append(message["type"])
                match message["type"]:
                    case "Speak":
                        buffered += message["text"]
                    case "Flush":
                        self.texts.append(buffered)
                        speaking = asyncio.create_task(self._speak(connection, buffered))
                        buffered = ""
                    case "Clear":
                        if speaking is not None:
                            await _stop(speaking)
                        await self._clear(connection)
        finally:
            if speaking is not None:
                await _stop(speaking)

    async def _speak(self, connection: ServerConnection, text: str) -> None:
        fault = self.script.fault
        if self.warns:
            await _send(connection, {"type": "Warning", "code": "W", "description": "slow down"})
        if fault is Fault.STALL_BEFORE_AUDIO or self.warns:
            return
        if fault is Fault.GARBAGE:
            await connection.send("{not json")
            return
        audio = audio_of(text, self.script.ms_per_char)
        if fault is Fault.SILENT_AUDIO:
            audio = b"\xff" * len(audio)
        if fault is not Fault.NO_AUDIO:
            for number, chunk in enumerate(chunks_of(audio)):
                if number == self.script.faulty_chunk and fault is Fault.STALL_MID_AUDIO:
                    return
                if number == self.script.faulty_chunk and fault is Fault.DROP_MID_AUDIO:
                    connection.transport.abort()
                    return
                if number == 1 and self.is_paused:
                    await self.closing.wait()
                await connection.send(chunk)
        await _send(connection, {"type": "Flushed", "sequence_id": 0})

    async def _clear(self, connection: ServerConnection) -> None:
        for _ in range(self.late_chunks):
            await connection.send(audio_of(self.texts[-1])[:800])
        if self.answers_clear:
            await _send(connection, {"type": "Cleared", "sequence_id": 0})
        if self.flushed_after_cleared:
            await _send(connection, {"type": "Flushed", "sequence_id": 0})


@asynccontextmanager
async def fake_deepgram_speak() -> AsyncIterator[FakeDeepgramSpeak]:
    fake = FakeDeepgramSpeak()
    async with serving(fake.talk, fake.admit) as server:
        fake.url = url_of(server)
        try:
            yield fake
        finally:
            fake.closing.set()


@asynccontextmanager
async def serving(talk, admit) -> AsyncIterator[Server]:
    async with serve(
        talk, "127.0.0.1", 0, process_request=admit, compression=None, close_timeout=0.2
    ) as server:
        yield server


def url_of(server: Server) -> str:
    host, port = next(iter(server.sockets)).getsockname()[:2]
    return f"ws://{host}:{port}"


async def _send(connection: ServerConnection, message: dict[str, object]) -> None:
    await connection.send(json.dumps(message))


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError, ConnectionClosed):
        await task
