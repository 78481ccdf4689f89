"""ElevenLabs' multi-context socket on loopback: a context answers `isFinal` only once it has been closed."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

from msgspec import Struct
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tests.fakes.deepgram_speak import serving, url_of
from tests.fakes.speech_script import CHUNK_MS, STATUS_OF, Fault, Script, audio_of, chunks_of

CONTEXTS_MAX = 5


class _Context(Struct):
    text: str = ""
    first: dict[str, object] | None = None


class FakeElevenLabsStream:
    def __init__(self) -> None:
        self.script = Script()
        self.url = ""
        self.requests: list[Request] = []
        self.texts: list[str] = []
        self.messages: list[dict[str, object]] = []
        self.open_connections = 0
        self.error_code: str | None = None
        """Answers every text with this error and closes with 1008."""
        self.is_paused = False
        """Holds the audio of a context back after its first piece, until another context has begun to speak."""
        self.closing = asyncio.Event()
        self.kept_alive = asyncio.Event()
        self._resumed = asyncio.Event()
        self._connections: set[ServerConnection] = set()

    async def close_all(self, code: int = 1000) -> None:
        """End every connection, as the server does when it is idle for too long."""
        for connection in list(self._connections):
            await connection.close(code)

    async def admit(self, connection: ServerConnection, request: Request) -> Response | None:
        self.requests.append(request)
        if self.script.fault is Fault.STALLED_CONNECT:
            await self.closing.wait()
        status = STATUS_OF.get(self.script.fault) if self.script.fault is not None else None
        return None if status is None else connection.respond(HTTPStatus(status), "no\n")

    async def talk(self, connection: ServerConnection) -> None:
        self.open_connections += 1
        self._connections.add(connection)
        contexts: dict[str, _Context] = {}
        speaking: set[asyncio.Task[None]] = set()
        try:
            with suppress(ConnectionClosed):
                async for raw in connection:
                    message = json.loads(raw)
                    self.messages.append(message)
                    await self._receive(connection, message, contexts, speaking)
        finally:
            for task in speaking:
                task.cancel()
            await asyncio.gather(*speaking, return_exceptions=True)
            self._connections.discard(connection)
            self.open_connections -= 1

    async def _receive(self, connection, message, contexts, speaking) -> None:
        name = message["context_id"]
        if name not in contexts and len(contexts) == CONTEXTS_MAX:
            await self._refuse(connection, "max_active_conversations")
            return
        context = contexts.setdefault(name, _Context(first=message))
        if name == "idle":
            self.kept_alive.set()
        context.text += message.get("text", "")
        if message.get("close_context"):
            # The first message is a space that only opens the context; the last space ends the last word.
            text = context.text[1:-1]
            self.texts.append(text)
            if self.error_code is not None:
                await self._refuse(connection, self.error_code)
                return
            speaking.add(asyncio.create_task(self._speak(connection, name, text, contexts)))

    async def _refuse(self, connection: ServerConnection, code: str) -> None:
        await connection.send(json.dumps({"error": code, "message": "no", "code": 1008}))
        await connection.close(1008)

    async def _speak(self, connection, name: str, text: str, contexts) -> None:
        fault = self.script.fault
        if fault is Fault.STALL_BEFORE_AUDIO:
            return
        if fault is Fault.GARBAGE:
            await connection.send("{not json")
            return
        audio = audio_of(text, self.script.ms_per_char)
        if fault is Fault.SILENT_AUDIO:
            audio = b"\xff" * len(audio)
        for number, chunk in enumerate(chunks_of(audio) if fault is not Fault.NO_AUDIO else []):
            if number == 1 and fault is Fault.STALL_MID_AUDIO:
                return
            if number == 1 and fault is Fault.DROP_MID_AUDIO:
                connection.transport.abort()
                return
            if number == 1 and self.is_paused:
                await self._resumed.wait()
            await connection.send(json.dumps(self._chunk(name, text, number, chunk)))
            if number == 0 and len(self.texts) > 1:
                self._resumed.set()
                # Lets the late audio of the other context out in the middle of this one.
                await asyncio.sleep(0)
        await connection.send(json.dumps({"audio": None, "isFinal": True, "contextId": name}))
        del contexts[name]

    def _chunk(self, name: str, text: str, number: int, chunk: bytes) -> dict[str, object]:
        """One audio message; its characters are those whose audio begins in it."""
        step = self.script.ms_per_char
        start = number * CHUNK_MS
        begun = [at for at in range(len(text)) if start <= at * step < start + CHUNK_MS]
        chars = [text[at] for at in begun]
        starts = [at * step - start for at in begun]
        if number == 0:
            chars, starts = [" ", *chars], [0, *starts]
        return {
            "audio": base64.b64encode(chunk).decode(),
            "isFinal": None,
            "contextId": name,
            "alignment": {
                "chars": chars,
                "charStartTimesMs": starts,
                "charDurationsMs": [step] * len(chars),
            },
            "normalizedAlignment": None,
        }


@asynccontextmanager
async def fake_elevenlabs_stream() -> AsyncIterator[FakeElevenLabsStream]:
    fake = FakeElevenLabsStream()
    async with serving(fake.talk, fake.admit) as server:
        fake.url = url_of(server)
        try:
            yield fake
        finally:
            fake.closing.set()
