"""Deepgram's live transcription socket on loopback: documented messages, scripted misbehaviour."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct, field
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tests.fakes.recognition import Heard, Recognition


class ListenScript(Struct):
    """How one connection behaves. Frames are binary messages."""

    status: int | None = None
    drop_after_frames: int | None = None
    close_code: int | None = None
    mute_after_frames: int | None = None
    garbage_after_frames: int | None = None
    error_code: str | None = None
    error_after_frames: int = 1
    is_deaf: bool = False
    """Never reads, so that the client's buffers fill up."""
    delay_upgrade_s: float = 0.0
    is_fragmenting: bool = False
    """Sends every result in three frames of one message."""


class ListenConnection(Struct):
    """What one connection received."""

    path: str
    parameters: list[tuple[str, str]]
    authorization: str
    frames: list[bytes] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    is_ended: bool = False

    @property
    def audio(self) -> bytes:
        return b"".join(self.frames)


class FakeListenServer:
    """Connections follow `scripts` in order, then `default`."""

    def __init__(self) -> None:
        self.scripts: list[ListenScript] = []
        self.default = ListenScript()
        self.connections: list[ListenConnection] = []
        self.changed = asyncio.Condition()
        self._upgrades: dict[ServerConnection, ListenScript] = {}
        self._server: Server | None = None

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def until(self, condition: Any) -> None:
        """Wait (2 s at most) until the condition over this server holds."""
        async with asyncio.timeout(2), self.changed:
            await self.changed.wait_for(condition)

    async def answer_upgrade(self, connection: ServerConnection, request: Request) -> Response | None:
        script = self.scripts.pop(0) if self.scripts else self.default
        await asyncio.sleep(script.delay_upgrade_s)
        if script.status is not None:
            return connection.respond(HTTPStatus(script.status), "refused")
        self._upgrades[connection] = script
        return None

    async def serve_connection(self, socket: ServerConnection) -> None:
        script = self._upgrades.pop(socket)
        assert socket.request is not None
        parts = urlsplit(socket.request.path)
        seen = ListenConnection(
            parts.path, parse_qsl(parts.query), socket.request.headers.get("Authorization", "")
        )
        self.connections.append(seen)
        await self._notify()
        if script.is_deaf:
            socket.transport.pause_reading()
            await socket.wait_closed()
            return
        try:
            await self._converse(socket, script, seen)
        except ConnectionClosed:
            pass
        finally:
            seen.is_ended = True
            await self._notify()

    async def _converse(self, socket: ServerConnection, script: ListenScript, seen: ListenConnection) -> None:
        recognition = Recognition()
        if script.error_code is not None and script.error_after_frames == 0:
            await socket.send(_error(script.error_code))
        async for message in socket:
            if isinstance(message, str):
                seen.texts.append(json.loads(message)["type"])
                await self._obey(socket, seen, recognition)
            else:
                # The real service takes an empty frame for the end of the stream.
                assert message, "an empty frame was sent"
                seen.frames.append(message)
                await self._hear(socket, script, seen, recognition)
            await self._notify()

    async def _obey(self, socket: ServerConnection, seen: ListenConnection, recognition: Recognition) -> None:
        match seen.texts[-1]:
            case "Finalize":
                await socket.send(_results(recognition.flush(), from_finalize=True))
            case "CloseStream":
                await socket.send(json.dumps({"type": "Metadata", "request_id": "r-1", "duration": 0.1}))
                await socket.close()

    async def _hear(
        self, socket: ServerConnection, script: ListenScript, seen: ListenConnection, recognition: Recognition
    ) -> None:
        count = len(seen.frames)
        if count == script.drop_after_frames:
            if script.close_code is not None:
                await socket.close(script.close_code)
            else:
                socket.transport.abort()
            return
        if script.error_code is not None and count == script.error_after_frames:
            await socket.send(_error(script.error_code))
        if count == script.garbage_after_frames:
            await socket.send('{"type":"Results","channel":')
        for heard in recognition.hear(seen.frames[-1]):
            if script.mute_after_frames is None or count <= script.mute_after_frames:
                text = _results(heard)
                await socket.send([text[:9], text[9:20], text[20:]] if script.is_fragmenting else text)
                if heard.is_final:
                    await socket.send('{"type":"UtteranceEnd","channel":[0,1],"last_word_end":2.4}')

    async def _notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()


@asynccontextmanager
async def fake_listen_server(*scripts: ListenScript) -> AsyncGenerator[FakeListenServer, None]:
    fake = FakeListenServer()
    fake.scripts = list(scripts)
    async with serve(
        fake.serve_connection, "127.0.0.1", 0, process_request=fake.answer_upgrade, close_timeout=0.2
    ) as server:
        fake._server = server
        yield fake


def _error(code: str) -> str:
    return json.dumps({"type": "Error", "variant": "scripted", "code": code, "description": "scripted"})


def _results(heard: Heard, *, from_finalize: bool = False) -> str:
    return json.dumps(
        {
            "type": "Results",
            "channel_index": [0, 1],
            "start": heard.start_ms / 1000,
            "duration": (heard.end_ms - heard.start_ms) / 1000,
            "is_final": heard.is_final,
            "speech_final": heard.is_final,
            "from_finalize": from_finalize,
            "channel": {
                "alternatives": [
                    {
                        "transcript": heard.text,
                        "confidence": 0.97,
                        "words": [
                            {"word": word, "start": 0.1, "end": 0.2, "confidence": 0.99}
                            for word in heard.text.split()
                        ],
                    }
                ]
            },
            "metadata": {"request_id": "r-1", "model_uuid": "m-1"},
        }
    )
