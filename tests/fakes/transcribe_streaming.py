"""Amazon Transcribe's streaming WebSocket on loopback: signed address, event-stream messages, scripted misbehaviour."""

import hashlib
import hmac
import json
from binascii import crc32
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from http import HTTPStatus
from struct import pack
from typing import Any, cast
from urllib.parse import parse_qsl, quote, urlsplit

import numpy as np
from botocore.eventstream import EventStreamBuffer
from msgspec import Struct
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from switchboard.adapters.aws.transcribe_wire import encode_headers
from switchboard.media import mulaw
from tests.fakes.recognition import Heard, Recognition

SECRET_KEY = "dummy-secret"


class StreamingScript(Struct):
    """How every connection behaves. Frames are audio events."""

    status: int | None = None
    exception: str | None = None
    drop_after_frames: int | None = None
    garbage_after_frames: int | None = None


class FakeStreamingServer:
    def __init__(self, script: StreamingScript) -> None:
        self.script = script
        self.parameters: list[dict[str, str]] = []
        self.samples_per_event: list[int] = []
        self.ends = 0
        self._server: Server | None = None

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def answer_upgrade(self, connection: ServerConnection, request: Request) -> Response | None:
        if self.script.status is not None:
            return connection.respond(HTTPStatus(self.script.status), "refused")
        if not _signature_matches(request):
            return connection.respond(HTTPStatus.FORBIDDEN, "signature does not match")
        self.parameters.append(dict(parse_qsl(urlsplit(request.path).query)))
        return None

    async def serve_connection(self, socket: ServerConnection) -> None:
        recognition = Recognition()
        frames = 0
        try:
            async for message in socket:
                assert isinstance(message, bytes)
                pcm = _audio_of(message)
                if not pcm:
                    self.ends += 1
                    await socket.close()
                    return
                frames += 1
                self.samples_per_event.append(len(pcm) // 2)
                await self._hear(socket, recognition, pcm, frames)
        except ConnectionClosed:
            return

    async def _hear(
        self, socket: ServerConnection, recognition: Recognition, pcm: bytes, frames: int
    ) -> None:
        if self.script.exception is not None:
            await socket.send(_exception(self.script.exception))
        if frames == self.script.drop_after_frames:
            socket.transport.abort()
            return
        if frames == self.script.garbage_after_frames:
            await socket.send(b"\x00\x00\x00\x20not an event stream message")
        for heard in recognition.hear(mulaw.encode(np.frombuffer(pcm, dtype="<i2").astype(np.int16))):
            await socket.send(_transcript_event(heard))


@asynccontextmanager
async def fake_streaming_server(
    script: StreamingScript | None = None,
) -> AsyncGenerator[FakeStreamingServer, None]:
    fake = FakeStreamingServer(script or StreamingScript())
    async with serve(
        fake.serve_connection, "127.0.0.1", 0, process_request=fake.answer_upgrade, close_timeout=0.2
    ) as server:
        fake._server = server
        yield fake


def _audio_of(message: bytes) -> bytes:
    buffer = EventStreamBuffer()
    buffer.add_data(message)
    event: Any = buffer.next()
    assert event.headers == {
        ":content-type": "application/octet-stream",
        ":event-type": "AudioEvent",
        ":message-type": "event",
    }
    return cast("bytes", event.payload)


def _transcript_event(heard: Heard) -> bytes:
    items = [
        {"Content": word, "Type": "pronunciation", "Confidence": 0.8 if heard.is_final else None}
        for word in heard.text.split()
    ]
    result = {
        "ResultId": "r-1",
        "StartTime": heard.start_ms / 1000,
        "EndTime": heard.end_ms / 1000,
        "IsPartial": not heard.is_final,
        "Alternatives": [{"Transcript": heard.text, "Items": items}],
    }
    return transcript_message(json.dumps({"Transcript": {"Results": [result]}}).encode())


def transcript_message(payload: bytes) -> bytes:
    return _message(
        {
            ":event-type": "TranscriptEvent",
            ":content-type": "application/json",
            ":message-type": "event",
        },
        payload,
    )


def _exception(name: str) -> bytes:
    return _message(
        {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"},
        b'{"Message":"scripted"}',
    )


def _message(headers: dict[str, str], body: bytes) -> bytes:
    head = encode_headers(headers)
    prelude = pack("!II", 16 + len(head) + len(body), len(head))
    message = prelude + pack("!I", crc32(prelude)) + head + body
    return message + pack("!I", crc32(message))


def _signature_matches(request: Request) -> bool:
    """Signature Version 4 by the book, independent of the library that signed."""
    parts = urlsplit(request.path)
    given = dict(parse_qsl(parts.query))
    signature = given.pop("X-Amz-Signature", "")
    scope = given["X-Amz-Credential"].partition("/")[2]
    canonical_query = "&".join(
        f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(given.items())
    )
    canonical = "\n".join(
        [
            "GET",
            parts.path,
            canonical_query,
            f"host:{request.headers['Host']}\n",
            "host",
            hashlib.sha256(b"").hexdigest(),
        ]
    )
    to_sign = "\n".join(
        ["AWS4-HMAC-SHA256", given["X-Amz-Date"], scope, hashlib.sha256(canonical.encode()).hexdigest()]
    )
    key = f"AWS4{SECRET_KEY}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.compare_digest(signature, hmac.digest(key, to_sign.encode(), "sha256").hex())
