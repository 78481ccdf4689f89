"""A small HTTP/1.1 server on loopback: one function answers every request, or does not."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from msgspec import Struct


class Request(Struct, frozen=True):
    """What came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Answer(Struct, frozen=True):
    """What goes out."""

    status: int
    body: bytes = b""


class HttpEndpoint:
    """Use as an async context manager. `answer` gives None to stay silent for ever."""

    def __init__(self, answer: Callable[[Request], Answer | None]) -> None:
        self._answer = answer
        self.url = ""
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
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

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while (request := await _read(reader)) is not None:
                answer = self._answer(request)
                if answer is None:
                    await reader.read()
                    return
                head = f"HTTP/1.1 {answer.status} Fake\r\ncontent-length: {len(answer.body)}\r\n\r\n"
                writer.write(head.encode() + answer.body)
        except asyncio.CancelledError:
            pass  # the server is closing; asyncio's own callback would report it as an error
        finally:
            self._connections.discard(task)
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body)
