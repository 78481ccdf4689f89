"""The local edge, over loopback sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx2
import pytest

from switchboard.cli import edge as edge_module
from switchboard.cli.edge import Edge, serve_edge
from switchboard.cli.edge import Upstream as Route
from switchboard.cli.upstreams import Health, Pool, check

pytestmark = pytest.mark.wire


class Upstream:
    """Keeps the head and body it got, answers `name`, and echoes after an upgrade."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.heads: list[str] = []
        self.address = ("127.0.0.1", 0)
        self.is_over = asyncio.Event()
        self.echoed_bytes = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        if "Upgrade: websocket" in head:
            writer.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
            while chunk := await reader.read(65536):
                self.echoed_bytes += len(chunk)
                writer.write(chunk)
                await writer.drain()
        else:
            length = int(head.partition("Content-Length: ")[2].partition("\r\n")[0] or 0)
            body = (await reader.readexactly(length)).decode()
            writer.write(f"HTTP/1.1 200 OK\r\n\r\n{self.name}{body}".encode())
        writer.close()
        self.is_over.set()


@asynccontextmanager
async def upstream(name: str) -> AsyncIterator[Upstream]:
    served = Upstream(name)
    async with await asyncio.start_server(served.handle, "127.0.0.1", 0) as server:
        served.address = server.sockets[0].getsockname()
        yield served


@asynccontextmanager
async def edge_to(routes: Mapping[str, Route]) -> AsyncIterator[Edge]:
    async with await serve_edge(host="127.0.0.1", port=0, routes=routes) as edge:
        yield edge


async def ask(edge: Edge, request: bytes) -> str:
    """Send `request`, return everything that comes back until the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    writer.write(request)
    answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    return answer


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost:8080", *headers, "", ""]).encode()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "softphone"),
        ("/softphone/main.js", "softphone"),
        ("/twilio/voice", "webhook"),
        ("/twilio/stream", "gateway"),
        ("/twilio/stream?x=1", "gateway"),
        ("/twilio/streams", "webhook"),
        ("/ready", "gateway"),
        ("/readyish", "softphone"),
    ],
)
async def test_the_longest_matching_route_wins(path: str, name: str) -> None:
    """A route with a final slash takes what is below it, any other exactly its path, queries aside."""
    async with upstream("gateway") as gateway, upstream("webhook") as webhook, upstream("softphone") as page:
        routes = {
            "/twilio/stream": gateway.address,
            "/ready": gateway.address,
            "/twilio/": webhook.address,
            "/": page.address,
        }
        async with edge_to(routes) as edge:
            answer = await ask(edge, get(path))

    assert f"HTTP/1.1 200 OK\r\n\r\n{name}" == answer


async def test_a_request_is_forwarded_with_its_host_and_told_to_close() -> None:
    """Host stays, what the client said about the connection gives way to close, and the body follows."""
    async with upstream("page") as page, edge_to({"/": page.address}) as edge:
        request = get("/x", "Connection: keep-alive", "Keep-Alive: timeout=5", "Content-Length: 5")
        answer = await ask(edge, request + b"hello")

    assert (page.heads) == [
        "GET /x HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"
    ]
    assert answer.endswith("pagehello")


async def test_an_upgrade_passes_unchanged_and_flows_both_ways() -> None:
    """A WebSocket's head is not touched, its bytes come back, and a hang-up reaches the upstream."""
    head = get("/web/stream", "Connection: Upgrade", "Upgrade: websocket")
    async with upstream("gateway") as gateway, edge_to({"/": gateway.address}) as edge:
        reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
        writer.write(head)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"ping")
        echoed = await reader.readexactly(4)
        writer.close()
        await gateway.is_over.wait()

    assert ([head.decode()], b"ping") == (gateway.heads, echoed)


async def test_a_slow_reader_slows_the_upstream() -> None:
    """Bytes that the client does not take are not collected: the upstream's echo comes to a halt, then goes on."""
    total_bytes = 64 * 1024 * 1024
    async with upstream("gateway") as gateway, edge_to({"/": gateway.address}) as edge:
        reader, writer = await asyncio.open_connection("127.0.0.1", edge.port, limit=4096)
        writer.write(get("/", "Upgrade: websocket"))
        await reader.readuntil(b"\r\n\r\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(write_blocks(writer, total_bytes // 65536), 0.3)
        stalled_bytes = gateway.echoed_bytes
        assert 0 < stalled_bytes < total_bytes
        await reader.readexactly(stalled_bytes)
        writer.transport.abort()


async def write_blocks(writer: asyncio.StreamWriter, count: int) -> None:
    for _ in range(count):
        writer.write(bytes(65536))
        await writer.drain()


async def test_an_upstream_that_is_down_is_named() -> None:
    """A refused connection becomes a 502 that says which service and asks whether it runs."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = taken.getsockname()
    async with edge_to({"/": address}) as edge:
        answer = await ask(edge, get("/"))

    assert answer.startswith("HTTP/1.1 502 Bad Gateway\r\n")
    assert f"127.0.0.1:{address[1]}. Is it running?" in answer


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /" + b"x" * 17_000, "431 Request Header Fields Too Large"),
        (b"GET http://other/ HTTP/1.1\r\n\r\n", "400 Bad Request"),
        (b"hello\r\n\r\n", "400 Bad Request"),
        (b"GET / SPDY/3\r\n\r\n", "400 Bad Request"),
        (b"GET /other HTTP/1.1\r\n\r\n", "404 Not Found"),
    ],
)
async def test_a_bad_head_is_refused(request_bytes: bytes, status: str) -> None:
    """Too long, not HTTP/1, not an absolute path, or no route: an answer in words, and nothing is forwarded."""
    async with upstream("page") as page, edge_to({"/page": page.address}) as edge:
        answer = await ask(edge, request_bytes)

    assert (f"HTTP/1.1 {status}", []) == (answer.partition("\r\n")[0], page.heads)


@asynccontextmanager
async def upgraded(edge: Edge) -> AsyncIterator[None]:
    """A live connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    writer.write(get("/", "Upgrade: websocket"))
    await reader.readuntil(b"\r\n\r\n")
    yield
    writer.close()
    await writer.wait_closed()


async def test_of_equal_upstreams_the_least_busy_one_serves() -> None:
    """Two live connections go to two processes; one that is not there is passed over."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = taken.getsockname()
    async with upstream("one") as one, upstream("two") as two:
        pool = Pool([nobody, one.address, two.address])
        async with edge_to({"/": pool}) as edge, upgraded(edge), upgraded(edge):
            calls = [sum("Upgrade" in head for head in each.heads) for each in (one, two)]

    assert nobody == pool.candidates()[-1]
    assert [1, 1] == calls


@pytest.mark.parametrize(
    ("answer", "health"),
    [
        ("200 OK\r\n\r\n{}", Health.READY),
        ('503 Busy\r\n\r\n{"reason": "overloaded"}', Health.BUSY),
        ('503 Busy\r\n\r\n{"reason": "draining"}', Health.LEAVING),
        ("503 Busy\r\n\r\nwhat?", Health.BUSY),
        ("", Health.GONE),
    ],
)
async def test_a_process_says_whether_it_is_ready(answer: str, health: Health) -> None:
    """Ready, busy for the moment, leaving for good, or not there."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {answer}".encode() if answer else b"")
        writer.close()

    async with (
        await asyncio.start_server(serve, "127.0.0.1", 0) as server,
        httpx2.AsyncClient(trust_env=False) as client,
    ):
        assert health is await check(client, server.sockets[0].getsockname())


async def test_a_head_that_does_not_end_is_timed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow-loris: after the deadline the answer is 408."""
    monkeypatch.setattr(edge_module, "HEAD_TIMEOUT_S", 0.05)
    async with edge_to({}) as edge:
        answer = await ask(edge, b"GET / HT")

    assert answer.startswith("HTTP/1.1 408 Request Timeout\r\n")


async def test_a_request_cut_short_is_refused() -> None:
    """The end of the stream within the head is a 400; a connection without a byte just ends."""
    async with edge_to({}) as edge:
        reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
        writer.write(b"GET /")
        writer.write_eof()
        cut = await reader.read()
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
        writer.write_eof()
        empty = await reader.read()
        writer.close()

    assert (cut.startswith(b"HTTP/1.1 400"), empty) == (True, b"")


async def test_silence_on_both_sides_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle connection is closed towards both sides."""
    monkeypatch.setattr(edge_module, "IDLE_TIMEOUT_S", 0.05)
    async with upstream("gateway") as gateway, edge_to({"/": gateway.address}) as edge:
        await ask(edge, get("/", "Upgrade: websocket"))
        await gateway.is_over.wait()


async def test_too_many_connections_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the limit the answer is 503, and a free place serves again."""
    monkeypatch.setattr(edge_module, "CONNECTIONS_MAX", 1)
    async with upstream("gateway") as gateway, edge_to({"/": gateway.address}) as edge:
        reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
        writer.write(get("/", "Upgrade: websocket"))
        await reader.readuntil(b"\r\n\r\n")
        refused = await ask(edge, b"")
        writer.close()

    assert refused.startswith("HTTP/1.1 503 Service Unavailable\r\n")


async def test_closing_the_edge_ends_live_connections() -> None:
    """Closing does not wait for a call to end by itself, and leaves no task behind."""
    async with upstream("gateway") as gateway:
        edge = await serve_edge(host="127.0.0.1", port=0, routes={"/": gateway.address})
        reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
        writer.write(get("/", "Upgrade: websocket"))
        await reader.readuntil(b"\r\n\r\n")
        edge.close()
        await edge.wait_closed()
        rest = await reader.read()
        writer.close()

    assert (b"", set()) == (rest, edge._connections)
