"""The local stand-in for the load balancer: one port in front of gateway, webhooks and softphone.

It reads the head of each connection's first request, picks an upstream by path and then only pipes bytes. Requests
that are no WebSocket upgrade are told `Connection: close`, so that each request is routed on its own. As behind
the real one, Host stays what the client wrote and an idle connection ends after a minute.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from switchboard.cli.upstreams import Address, Pool

HEAD_BYTES_MAX = 16 * 1024
"""As much as an AWS load balancer takes per request line or header."""
HEAD_TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 5.0
"""An upstream on this machine accepts at once or not at all; a starting one may be slow to schedule."""
IDLE_TIMEOUT_S = 60.0
"""An AWS load balancer's default; a call sends fifty messages a second."""
CLOSE_TIMEOUT_S = 1.0
CONNECTIONS_MAX = 1024
"""Calls, pages and probes of one machine many times over."""
CHUNK_BYTES = 64 * 1024

_HEAD_END = b"\r\n\r\n"

Upstream = Address | Pool
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def serve_edge(*, host: str, port: int, routes: Mapping[str, Upstream]) -> "Edge":
    """Listen on `host:port` (0: any free one) and route each request by its path.

    A route ending in "/" takes every path below it, another one exactly its path; the longest match wins. No
    match is answered 404, an upstream that does not accept 502. Raises `OSError` if the port is taken.
    """
    assert all(prefix.startswith("/") for prefix in routes), "paths are absolute"
    edge = Edge(routes)
    await edge.listen(host, port)
    return edge


class Edge(asyncio.AbstractServer):
    """A listening edge; used like an `asyncio.Server`, but closing it also ends its connections."""

    def __init__(self, routes: Mapping[str, Upstream]) -> None:
        self._routes = {
            path: upstream if isinstance(upstream, Pool) else Pool([upstream])
            for path, upstream in routes.items()
        }
        self._connections: set[asyncio.Task[None]] = set()
        self._watches: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return int(self._listening.sockets[0].getsockname()[1])

    async def listen(self, host: str, port: int) -> None:
        """Start to accept connections. Raises `OSError` if the port is taken."""
        self._server = await asyncio.start_server(self._accept, host, port, limit=HEAD_BYTES_MAX)
        pools = set(self._routes.values())
        self._watches = {asyncio.create_task(pool.watch()) for pool in pools if pool.has_choice}

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The loop in which it serves."""
        return self._listening.get_loop()

    def is_serving(self) -> bool:
        """Whether it accepts connections."""
        return self._listening.is_serving()

    async def start_serving(self) -> None:
        """Do nothing: it serves from the start."""
        await self._listening.start_serving()

    async def serve_forever(self) -> None:
        """Serve until cancelled."""
        await self._listening.serve_forever()

    def close(self) -> None:
        """Stop accepting and end the live connections."""
        self._listening.close()
        for task in self._connections | self._watches:
            task.cancel()

    async def wait_closed(self) -> None:
        """Wait until every connection has ended."""
        await asyncio.gather(*self._connections, *self._watches, return_exceptions=True)
        await self._listening.wait_closed()

    @property
    def _listening(self) -> asyncio.Server:
        assert self._server is not None, "serve_edge listens first"
        return self._server

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_full = len(self._connections) >= CONNECTIONS_MAX
        serve = _refuse_for_load(writer) if is_full else _serve(reader, writer, self._routes)
        connection = asyncio.create_task(serve)
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)


class _Refusal(Exception):
    """The edge itself answers: what failed and what to do, in plain text."""

    def __init__(self, status: str, text: str) -> None:
        super().__init__(status)
        self.status = status
        self.text = text

    def encode(self) -> bytes:
        body = f"{self.text}\n".encode()
        head = (
            f"HTTP/1.1 {self.status}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        return head.encode() + body


async def _refuse_for_load(writer: asyncio.StreamWriter) -> None:
    writer.write(_Refusal("503 Service Unavailable", "Too many connections. Try again in a moment.").encode())
    await _close(writer)


async def _serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, routes: Mapping[str, Pool]
) -> None:
    try:
        head = await _read_head(reader)
        async with _connected(_route(head, routes)) as (upstream_reader, upstream_writer):
            upstream_writer.write(_forwarded(head))
            await _pipe_both(reader, writer, upstream_reader, upstream_writer)
    except _Refusal as refusal:
        writer.write(refusal.encode())
    except (OSError, RuntimeError):
        # One side went away or fell silent; closing the other below is all that is left to tell it. (Writing to a
        # transport that is gone is a RuntimeError on uvloop.)
        pass
    finally:
        await _close(writer)


async def _read_head(reader: asyncio.StreamReader) -> bytes:
    """Return the request's head with its empty line. Raises `_Refusal`, or `ConnectionError` if nothing came."""
    try:
        async with asyncio.timeout(HEAD_TIMEOUT_S):
            return await reader.readuntil(_HEAD_END)
    except TimeoutError:
        text = f"The request's head did not arrive within {HEAD_TIMEOUT_S:g} s."
        raise _Refusal("408 Request Timeout", text) from None
    except asyncio.LimitOverrunError:
        text = f"The request's head is longer than {HEAD_BYTES_MAX} bytes."
        raise _Refusal("431 Request Header Fields Too Large", text) from None
    except asyncio.IncompleteReadError as incomplete:
        if incomplete.partial:
            raise _Refusal("400 Bad Request", "The request ended within its head.") from None
        raise ConnectionResetError("closed before a request") from None


def _route(head: bytes, routes: Mapping[str, Pool]) -> Pool:
    """Return where the request goes. Raises `_Refusal`."""
    words = head.partition(b"\r\n")[0].split(b" ")
    # RFC 9112, section 3: method SP request-target SP version; a server takes the origin form.
    if len(words) != 3 or not words[1].startswith(b"/") or not words[2].startswith(b"HTTP/1."):
        raise _Refusal("400 Bad Request", "This is not a request of HTTP/1.1 with an absolute path.")
    path = words[1].partition(b"?")[0].decode("latin-1")
    matching = [
        prefix for prefix in routes if path == prefix or (prefix.endswith("/") and path.startswith(prefix))
    ]
    if not matching:
        raise _Refusal("404 Not Found", "Nothing is served at this path.")
    return routes[max(matching, key=len)]


def _forwarded(head: bytes) -> bytes:
    """Return the head as the upstream gets it: an upgrade as it is, any other with `Connection: close`."""
    request, *headers = head.removesuffix(_HEAD_END).split(b"\r\n")
    if any(_name(header) == b"upgrade" for header in headers):
        return head
    kept = (header for header in headers if _name(header) not in {b"connection", b"keep-alive"})
    return b"\r\n".join([request, *kept, b"Connection: close"]) + _HEAD_END


def _name(header: bytes) -> bytes:
    return header.partition(b":")[0].strip().lower()


@asynccontextmanager
async def _connected(pool: Pool) -> AsyncIterator[Streams]:
    """A connection to the first of the pool that accepts one. Raises `_Refusal`."""
    for host, port in pool.candidates():
        with pool.using((host, port)):
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    streams = await asyncio.open_connection(host, port)
            except (OSError, TimeoutError):
                pool.refused((host, port))
                continue
            try:
                yield streams
            finally:
                await _close(streams[1])
            return
    text = f"The service behind this path does not answer at {host}:{port}. Is it running?"
    raise _Refusal("502 Bad Gateway", text)


async def _pipe_both(
    client_reader: asyncio.StreamReader,
    client_writer: asyncio.StreamWriter,
    upstream_reader: asyncio.StreamReader,
    upstream_writer: asyncio.StreamWriter,
) -> None:
    """Pipe until the upstream has said everything, or both sides have been silent for `IDLE_TIMEOUT_S`."""
    async with asyncio.timeout(IDLE_TIMEOUT_S) as deadline:
        sending = asyncio.create_task(_pipe(client_reader, upstream_writer, deadline))
        try:
            await _pipe(upstream_reader, client_writer, deadline)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)


async def _pipe(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, deadline: asyncio.Timeout
) -> None:
    """Copy until the end of `reader`, no faster than `writer` takes it, and pass the end on."""
    loop = asyncio.get_running_loop()
    while chunk := await reader.read(CHUNK_BYTES):
        writer.write(chunk)
        await writer.drain()
        deadline.reschedule(loop.time() + IDLE_TIMEOUT_S)
    if writer.can_write_eof():
        writer.write_eof()


async def _close(writer: asyncio.StreamWriter) -> None:
    """Close after what was written has gone out; a peer that does not take it is cut off."""
    writer.close()
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await writer.wait_closed()
    except OSError:
        writer.transport.abort()
