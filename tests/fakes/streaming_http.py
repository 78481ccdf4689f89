"""A scripted HTTP/1.1 server on loopback that streams its answers and notices when the client leaves."""

import asyncio
import json
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.fakes.model_scripts import Drop, Pause, Refusal, Reply, Script, Stall, Step

_HEAD_BYTES_MAX = 65_536


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


class ClientLeft(Exception):
    """The client closed its connection in the middle of an answer."""


class ScriptedHttpServer:
    """Answers each request with the next script. Subclasses know one vendor's bytes.

    Leaving the context closes every connection.
    """

    content_type = ""

    def __init__(self) -> None:
        self.requests: list[RecordedRequest] = []
        self.disconnects = asyncio.Semaphore(0)
        self.connection_count = 0
        self.url = ""
        self._scripts: deque[Script] = deque()
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def script(self, *scripts: Script) -> None:
        self._scripts.extend(scripts)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=1 << 22)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    def opening(self, reply: Reply) -> bytes:
        """What comes before the first step."""
        raise NotImplementedError

    def step(self, index: int, step: Step) -> bytes:
        """One step's bytes; `index` counts content blocks."""
        raise NotImplementedError

    def closing(self, reply: Reply) -> bytes:
        """What comes after the last step."""
        raise NotImplementedError

    def refusal(self, refusal: Refusal) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of an HTTP error."""
        raise NotImplementedError

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        self.connection_count += 1
        try:
            await self._serve(reader, writer)
        except (ClientLeft, ConnectionError):
            self.disconnects.release()
        except asyncio.CancelledError:
            pass  # the server is closing; asyncio's own callback would report it as an error
        finally:
            self._connections.discard(task)
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.read(1)
        while first:
            self.requests.append(await _read_request(first, reader))
            script = self._scripts.popleft()
            if isinstance(script, Refusal):
                status, headers, body = self.refusal(script)
                writer.write(_head(status, {**headers, "content-length": str(len(body))}) + body)
                first = await reader.read(1)
                continue
            next_byte = asyncio.ensure_future(reader.read(1))
            try:
                if not await self._stream(script, writer, next_byte):
                    return
                first = await next_byte
            finally:
                next_byte.cancel()

    async def _stream(
        self, reply: Reply, writer: asyncio.StreamWriter, next_byte: asyncio.Future[bytes]
    ) -> bool:
        """Stream one answer; false when the script breaks the connection."""
        if reply.is_headless:
            await _wait(None, next_byte)
        headers = {"content-type": self.content_type, "transfer-encoding": "chunked"}
        writer.write(_head(200, headers) + _chunk(self.opening(reply)))
        for index, step in enumerate(reply.steps):
            match step:
                case Drop():
                    writer.transport.abort()
                    return False
                case Stall():
                    await _wait(None, next_byte)
                case Pause():
                    await _wait(step.duration_s, next_byte)
                case _:
                    writer.write(_chunk(self.step(index, step)))
                    await writer.drain()
        writer.write(_chunk(self.closing(reply)) + b"0\r\n\r\n")
        return True


async def _wait(duration_s: float | None, next_byte: asyncio.Future[bytes]) -> None:
    done, _ = await asyncio.wait((next_byte,), timeout=duration_s)
    if done:
        raise ClientLeft


async def _read_request(first: bytes, reader: asyncio.StreamReader) -> RecordedRequest:
    head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    assert len(head) < _HEAD_BYTES_MAX
    request_line, *lines = head.strip().split("\r\n")
    method, path, _ = request_line.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    raw = await reader.readexactly(int(headers.get("content-length", "0")))
    return RecordedRequest(method, path, headers, json.loads(raw) if raw else None)


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} Scripted\r\n{lines}\r\n".encode()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data) if data else b""
