"""Polly's SynthesizeSpeech on loopback: HTTP/1.1 with a chunked body."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.fakes.speech_script import Fault, Script, audio_of, chunks_of

ERRORS = {
    Fault.SERVER_ERROR: (503, "ServiceFailureException"),
    Fault.RATE_LIMITED: (400, "ThrottlingException"),
    Fault.UNAUTHORIZED: (403, "UnrecognizedClientException"),
}
BODY_MAX = 64 * 1024


class FakePolly:
    def __init__(self) -> None:
        self.script = Script()
        self.url = ""
        self.requests: list[dict[str, object]] = []
        self.content_type = "audio/mulaw"
        self.open_connections = 0
        self.is_paused = False
        """Holds the audio back after its first piece."""
        self.closing = asyncio.Event()
        self.requested = asyncio.Event()
        self.may_answer = asyncio.Event()
        """Cleared to hold every answer back."""
        self.may_answer.set()
        self.abandoned = asyncio.Event()
        """Set once a client has closed its connection in the middle of an answer."""

    @property
    def texts(self) -> list[str]:
        return [str(request["Text"]) for request in self.requests]

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_connections += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while not self.closing.is_set():
                    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                    size = next(
                        int(line.partition(":")[2])
                        for line in head.splitlines()
                        if line.startswith("content-length:")
                    )
                    assert size <= BODY_MAX
                    self.requests.append(json.loads(await reader.readexactly(size)))
                    self.requested.set()
                    await self.may_answer.wait()
                    await self._answer(reader, writer)
        finally:
            self.open_connections -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fault = self.script.fault
        if fault is Fault.STALL_BEFORE_AUDIO:
            await self._stall(reader)
        if fault in ERRORS:
            status, code = ERRORS[fault]
            body = json.dumps({"message": f"no: {self.texts[-1]}"}).encode()
            writer.write(
                f"HTTP/1.1 {status} No\r\nx-amzn-ErrorType: {code}\r\n"
                f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode()
                + body
            )
            await writer.drain()
            return
        if fault is Fault.GARBAGE:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\nhi")
            await writer.drain()
            return
        writer.write(
            f"HTTP/1.1 200 OK\r\ncontent-type: {self.content_type}\r\n"
            "transfer-encoding: chunked\r\n\r\n".encode()
        )
        audio = audio_of(self.texts[-1], self.script.ms_per_char)
        if fault is Fault.SILENT_AUDIO:
            audio = b"\xff" * len(audio)
        for number, chunk in enumerate(chunks_of(audio) if fault is not Fault.NO_AUDIO else []):
            if number == 1 and (fault is Fault.STALL_MID_AUDIO or self.is_paused):
                await self._stall(reader)
            if number == 1 and fault is Fault.DROP_MID_AUDIO:
                raise ConnectionAbortedError
            writer.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    async def _stall(self, reader: asyncio.StreamReader) -> None:
        """Say nothing more until the client leaves; it has nothing to send in the meantime."""
        await reader.read(1)
        self.abandoned.set()
        raise ConnectionAbortedError


@asynccontextmanager
async def fake_polly() -> AsyncIterator[FakePolly]:
    fake = FakePolly()
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(fake.talk(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    fake.url = f"http://{host}:{port}"
    try:
        yield fake
    finally:
        fake.closing.set()
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
