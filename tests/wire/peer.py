"""The other end of a WebSocket, by hand: whatever RFC 6455 allows or forbids can be sent, at any pace."""

import asyncio
import json
import os
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from email.parser import BytesParser
from typing import Any, Self

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
PATIENCE_S = 5.0
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


async def until(condition: Callable[[], object], within_s: float = PATIENCE_S) -> float:
    """Wait for what no event tells; seconds it took."""
    loop = asyncio.get_running_loop()
    begin_s = loop.time()
    while not condition():
        assert loop.time() - begin_s < within_s, f"not within {within_s} s"
        await asyncio.sleep(0.005)
    return loop.time() - begin_s


class Peer:
    """One TCP connection to the server under test."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.headers: dict[str, str] = {}

    @classmethod
    async def connect(cls, port: int, *, receive_bytes: int | None = None) -> Self:
        """`receive_bytes` makes it a peer that takes hardly anything until it reads."""
        if receive_bytes is None:
            return cls(*await asyncio.open_connection("127.0.0.1", port))
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        return cls(*await asyncio.open_connection(sock=sock, limit=receive_bytes))

    async def request(self, path: str, headers: dict[str, str]) -> int:
        """Send a GET and read the head of its answer; returns the status."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode())
        async with asyncio.timeout(PATIENCE_S):
            head = await self.reader.readuntil(b"\r\n\r\n")
        status_line, _, rest = head.partition(b"\r\n")
        self.headers = {name.lower(): value for name, value in BytesParser().parsebytes(rest).items()}
        return int(status_line.split()[1])

    async def body(self) -> Any:
        """The JSON after the head."""
        return json.loads(await self.reader.readexactly(int(self.headers["content-length"])))

    def send(self, opcode: int, payload: bytes = b"", *, fin: bool = True, rsv1: bool = False) -> None:
        mask = os.urandom(4)
        size = len(payload)
        if size < 126:
            length = bytes([0x80 | size])
        elif size < 1 << 16:
            length = b"\xfe" + struct.pack("!H", size)
        else:
            length = b"\xff" + struct.pack("!Q", size)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        self.writer.write(bytes([fin << 7 | rsv1 << 6 | opcode]) + length + mask + masked)

    def tell(self, message: dict[str, Any]) -> None:
        self.send(TEXT, json.dumps(message).encode())

    async def receive(self, within_s: float | None = PATIENCE_S) -> tuple[int, bytes]:
        """The next frame's opcode and payload."""
        async with asyncio.timeout(within_s):
            first, second = await self.reader.readexactly(2)
            assert first & 0x80, "the server sends whole messages"
            assert not first & 0x70, "no extension was negotiated"
            assert not second & 0x80, "a server does not mask"
            size = second & 0x7F
            if size > 125:
                format_, bytes_ = ("!H", 2) if size == 126 else ("!Q", 8)
                (size,) = struct.unpack(format_, await self.reader.readexactly(bytes_))
            return first & 0xF, await self.reader.readexactly(size)

    async def closed(self) -> tuple[int, str]:
        """Read until the server's close frame, answer it, and see the connection end; its code and reason."""
        opcode = -1
        while opcode != CLOSE:
            opcode, payload = await self.receive()
        self.send(CLOSE, payload[:2])
        await self.gone()
        return int.from_bytes(payload[:2], "big"), payload[2:].decode()

    async def gone(self) -> None:
        """See the connection end, in whatever way."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                while await self.reader.read(1 << 16):
                    pass
            except ConnectionError:
                pass
        await self.left()

    async def left(self) -> None:
        """Let go of the connection."""
        self.writer.transport.abort()
        with suppress(ConnectionError):
            await self.writer.wait_closed()

    def reset(self) -> None:
        """Vanish with a TCP reset."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def pongs(self) -> bool:
        """Whether the server still talks to us."""
        self.send(PING, b"there?")
        while True:
            opcode, payload = await self.receive()
            if opcode == CLOSE:
                return False
            if opcode == PONG:
                return payload == b"there?"
