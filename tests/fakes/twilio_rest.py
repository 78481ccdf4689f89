"""Twilio's Calls API on loopback: keeps calls, checks credentials, and fails on demand (protocols.md 1.7)."""

import asyncio
import base64
import json
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, unquote


@dataclass(slots=True)
class Call:
    """One call and the form that made it."""

    form: dict[str, list[str]]
    status: str = "queued"


@dataclass(slots=True)
class Failure:
    """Answers the next request with this instead; a status of 0 drops the connection, -1 never answers."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class TwilioRest:
    """Use as an async context manager; `url` is its base address."""

    def __init__(self, *, account_sid: str, auth_token: str) -> None:
        self.account_sid = account_sid
        self.calls: dict[str, Call] = {}
        self.failures: list[Failure] = []
        self.url = ""
        credentials = base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        self._authorization = f"Basic {credentials}"
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
            while await self._answer_next(reader, writer):
                pass
        except asyncio.CancelledError:
            pass  # the server is closing; asyncio's own callback would report it as an error
        finally:
            self._connections.discard(task)
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _answer_next(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except (asyncio.IncompleteReadError, ConnectionError):
            return False
        request, *lines = head.strip().split("\r\n")
        method, path, _ = request.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = (await reader.readexactly(int(headers.get("content-length", "0")))).decode()
        if self.failures:
            failure = self.failures.pop(0)
            if failure.status == 0:
                return False
            if failure.status < 0:
                await reader.read()
                return False
            _write(writer, failure.status, failure.body, failure.headers)
            return True
        status, document = self._answer(method, unquote(path), headers, parse_qs(body))
        _write(writer, status, json.dumps(document).encode(), {"content-type": "application/json"})
        return True

    def _answer(
        self, method: str, path: str, headers: dict[str, str], form: dict[str, list[str]]
    ) -> tuple[int, dict[str, object]]:
        if headers.get("authorization") != self._authorization:
            return _error(401, 20003, "Authenticate")
        prefix = f"/2010-04-01/Accounts/{self.account_sid}/Calls"
        if method != "POST" or not path.startswith(prefix) or not path.endswith(".json"):
            return _error(404, 20404, "The requested resource was not found")
        sid = path.removeprefix(prefix).removesuffix(".json").removeprefix("/")
        if not sid:
            return self._create(form)
        if sid not in self.calls:
            return _error(404, 20404, "The requested resource was not found")
        if self.calls[sid].status == "completed":
            return _error(400, 21220, "Call is not in-progress. Cannot redirect.")
        self.calls[sid].status = form["Status"][0]
        return 200, {"sid": sid, "status": self.calls[sid].status}

    def _create(self, form: dict[str, list[str]]) -> tuple[int, dict[str, object]]:
        number = form.get("To", [""])[0]
        if not number.startswith("+"):
            return _error(400, 21211, f"Invalid 'To' Phone Number: {number}")
        sid = f"CA{len(self.calls):032x}"
        self.calls[sid] = Call(form)
        return 201, {"sid": sid, "status": "queued"}


def _error(status: int, code: int, message: str) -> tuple[int, dict[str, object]]:
    return status, {"code": code, "message": message, "status": status}


def _write(writer: asyncio.StreamWriter, status: int, body: bytes, headers: dict[str, str]) -> None:
    lines = "".join(
        f"{name}: {value}\r\n" for name, value in {**headers, "content-length": str(len(body))}.items()
    )
    writer.write(f"HTTP/1.1 {status} Fake\r\n{lines}\r\n".encode() + body)
