"""The media server over real sockets: who gets in, what a peer may send, and what becomes of peers that misbehave."""

import asyncio
import json
import zlib
from typing import Any

import psutil
import pytest
from structlog.testing import capture_logs

from switchboard.channels.twilio import MESSAGE_BYTES_MAX
from switchboard.domain.calls import NextStep
from tests.wire.peer import BINARY, CLOSE, CONTINUATION, PING, TEXT, UPGRADE, until
from tests.wire.rig import SIGNATURE, SIGNED, WireFarEnd, media_server
from voice_gateway import connection, server
from voice_gateway.connection import Connection

pytestmark = pytest.mark.wire

CONNECTED = b'{"event":"connected","protocol":"Call","version":"1.0.0"}'
BYTES_MAX_BUFFERED = 64 * 1024
CYCLES = 200


async def test_health_and_readiness():
    """A gateway that can take calls says so, with what it carries."""
    async with media_server() as media:
        health, healthy = await media.get("/health")
        ready, readiness = await media.get("/ready")
        status = await readiness.body()

        assert (200, {"status": "ok"}) == (health, await healthy.body())
        assert (200, True, None, 0, 10) == (
            ready,
            *(status[key] for key in ("ready", "reason", "calls", "callsMax")),
        )


async def test_a_full_gateway_refuses_and_says_so():
    """At its limit the gateway is not ready, refuses the next socket, and takes one again when a call has left."""
    async with media_server(calls_max=1) as media:
        caller = await media.peer()
        ready, readiness = await media.get("/ready")
        refused, late = await media.get("/twilio/stream", SIGNED)
        reasons = (await readiness.body())["reason"], (await late.body())["error"]
        caller.reset()
        await media.empty()
        await media.peer()

        assert (503, "full") == (ready, reasons[0])
        assert (503, "no new calls here now: full") == (refused, reasons[1])


async def test_a_draining_gateway_is_healthy_but_not_ready():
    """While live calls end, health stays good - or they would be killed - and new calls go elsewhere."""
    async with media_server() as media:
        caller = await media.peer()
        draining = asyncio.create_task(media.gateway.drain(5))
        await asyncio.sleep(0)
        health, _ = await media.get("/health")
        ready, readiness = await media.get("/ready")
        refused, _ = await media.get("/twilio/stream", SIGNED)
        reason = (await readiness.body())["reason"]
        caller.reset()
        await draining

        assert (200, 503, 503, "draining") == (health, ready, refused, reason)


@pytest.mark.parametrize("path", ["/", "/twilio/stream/", "/web/stream", "/metrics", "/twilio/voice"])
async def test_other_paths_do_not_exist(path):
    """What is not served, web calls that are switched off among it, is not found - signed or not."""
    async with media_server() as media:
        status, peer = await media.get(path, SIGNED)
        await peer.gone()

        assert 404 == status


async def test_web_calls_where_they_are_switched_on():
    """The softphone's socket needs no signature: its token comes with `start`."""
    async with media_server(web_calls=True) as media:
        status, peer = await media.get("/web/stream", UPGRADE)
        peer.reset()

        assert 101 == status


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Twilio-Signature": SIGNATURE}, 101),
        ({"x-twilio-signature": SIGNATURE}, 101),
        ({}, 403),
        ({"X-Twilio-Signature": ""}, 403),
        ({"X-Twilio-Signature": SIGNATURE[:-2] + "o="}, 403),
        ({"X-Twilio-Signature": "\xff"}, 403),
        ({"X-Twilio-Signature": SIGNATURE, "x-twilio-signature": "other"}, 403),
    ],
)
async def test_only_the_carrier_gets_in(headers, expected):
    """The upgrade of a media socket is signed for its configured address, in a header of any letter case."""
    async with media_server() as media:
        status, peer = await media.get("/twilio/stream", UPGRADE | headers)
        peer.reset()

        assert expected == status


@pytest.mark.parametrize("value", ["upgrade", "keep-alive, Upgrade"])
async def test_any_form_of_the_connection_header(value):
    """Firefox names two connection options, other clients write one in lower case."""
    async with media_server() as media:
        status, peer = await media.get("/twilio/stream", SIGNED | {"Connection": value})
        peer.reset()

        assert 101 == status


async def test_a_request_that_is_no_upgrade():
    """A signed request that does not ask for a WebSocket is malformed."""
    async with media_server() as media:
        status, peer = await media.get("/twilio/stream", {"X-Twilio-Signature": SIGNATURE})
        await peer.gone()

        assert 400 == status


async def test_an_upgrade_that_never_ends(monkeypatch):
    """A request that arrives a byte at a time is cut off after the handshake's time."""
    monkeypatch.setattr(server, "HANDSHAKE_TIMEOUT_S", 0.1)
    async with media_server() as media:
        peer = await media.connect()

        async def drip() -> None:
            for byte in b"GET /twilio/stream HTTP/1.1\r\n" * 10:
                peer.writer.write(bytes([byte]))
                await asyncio.sleep(0.01)

        dripping = asyncio.create_task(drip())
        begin = media.world.loop.time()
        await peer.gone()
        elapsed_s = media.world.loop.time() - begin
        dripping.cancel()

        assert elapsed_s < 1
        assert not media.gateway._connections


async def test_a_head_without_end():
    """An endless header is cut off, long before the handshake's time."""
    async with media_server() as media:
        peer = await media.connect()
        peer.writer.write(b"GET /twilio/stream HTTP/1.1\r\nX: " + b"x" * (1 << 20))
        begin = media.world.loop.time()
        await peer.gone()

        assert media.world.loop.time() - begin < 1


@pytest.mark.parametrize("said", [[], [CONNECTED]])
async def test_a_peer_that_does_not_start(said, monkeypatch):
    """A socket that has not sent `start` in time is closed, whatever else it did."""
    monkeypatch.setattr(connection, "START_TIMEOUT_S", 0.1)
    async with media_server() as media:
        peer = await media.peer()
        for message in said:
            peer.send(TEXT, message)

        assert (1008, "no start message within 0.1 s") == await peer.closed()


async def test_ping_is_answered():
    """A peer that asks whether we are there is told so, with its own words."""
    async with media_server() as media:
        peer = await media.peer()

        assert await peer.pongs()
        peer.send(CLOSE, b"\x03\xe8")
        assert (1000, "") == await peer.closed()


async def test_compression_is_not_negotiated():
    """Offered compression is declined; a compressed message is then a broken one."""
    async with media_server() as media:
        status, peer = await media.get(
            "/twilio/stream", SIGNED | {"Sec-WebSocket-Extensions": "permessage-deflate"}
        )
        accepted = peer.headers
        peer.send(TEXT, zlib.compress(CONNECTED)[2:-4], rsv1=True)
        code, _ = await peer.closed()

        assert 101 == status
        assert "sec-websocket-extensions" not in accepted
        assert code in {1002, 1007}


async def test_a_message_in_pieces_is_accepted():
    """A message may come in fragments, with a ping between them; the call starts all the same."""
    async with media_server() as media:
        caller = WireFarEnd(media)
        peer = await media.peer()
        peer.send(TEXT, CONNECTED[:9], fin=False)
        peer.send(CONTINUATION, b"", fin=False)
        peer.send(CONTINUATION, CONNECTED[9:])
        start = json.dumps(caller.start_message(media.world.token(caller.call_sid))).encode()
        peer.send(TEXT, start[:200], fin=False)
        peer.send(PING, b"between")
        peer.send(CONTINUATION, start[200:])
        opcode, pong = await peer.receive()
        audio = await peer.receive()
        peer.reset()
        await media.empty()

        assert (0xA, b"between") == (opcode, pong)
        assert b'"event":"media"' in audio[1]


BAD_FRAMES = {
    "a message over the limit": ([(TEXT, b" " * (MESSAGE_BYTES_MAX + 1), True)], 1009),
    "fragments over the limit": (
        [(TEXT, b" " * 40_000, False), (CONTINUATION, b" " * 40_000, False)],
        1009,
    ),
    "a binary message": ([(BINARY, b"\0", True)], 1003),
    "a binary message in pieces": ([(BINARY, b"\0", False), (CONTINUATION, b"\0", True)], 1003),
    "text that is not UTF-8": ([(TEXT, b'{"event":"\xff"}', True)], 1007),
    "fragments that are not UTF-8": ([(TEXT, b'{"event":"', False), (CONTINUATION, b'\xff"}', True)], 1007),
    "a piece of nothing": ([(CONTINUATION, b"{}", True)], 1002),
    "a message inside another": ([(TEXT, b"{", False), (TEXT, CONNECTED, True)], 1002),
    "a fragmented ping": ([(PING, b"", False)], 1002),
    "a ping too long": ([(PING, b"x" * 126, True)], 1002),
    "an opcode that does not exist": ([(0x3, b"", True)], 1002),
    "a close code that does not exist": ([(CLOSE, b"\0\1", True)], 1002),
}


@pytest.mark.parametrize("name", BAD_FRAMES)
async def test_frames_that_may_not_be(name):
    """Whatever breaks the protocol or a limit closes its own socket with the code that says why."""
    frames, expected = BAD_FRAMES[name]
    async with media_server() as media:
        peer = await media.peer()
        for opcode, payload, fin in frames:
            peer.send(opcode, payload, fin=fin)

        assert expected == (await peer.closed())[0]


async def test_the_largest_message_is_accepted():
    """A message of exactly the limit is read; an event that we do not know is ignored."""
    async with media_server() as media:
        peer = await media.peer()
        message = b'{"event":"novelty"}'
        peer.send(TEXT, message + b" " * (MESSAGE_BYTES_MAX - len(message)))

        assert await peer.pongs()
        peer.reset()


@pytest.mark.parametrize("frame", [(TEXT, b"{}", False), (PING, b"", True), (0xA, b"", True)])
async def test_floods_below_the_messages_are_limited(frame):
    """Empty pieces, pings and pongs cost as much as messages and are limited like them."""
    opcode, payload, fin = frame
    async with media_server() as media:
        peer = await media.peer()
        peer.send(opcode, payload, fin=fin)
        for _ in range(1000):
            peer.send(CONTINUATION if opcode == TEXT else opcode, b"", fin=fin)

        assert (1008, "too many messages") == await peer.closed()


async def test_what_follows_a_refusal_is_thrown_away(monkeypatch):
    """A refused peer that goes on sending neither fills our memory nor our log."""
    listeners = []
    connected = server._Listener.on_ws_connected

    def spy(listener, transport):
        listeners.append(listener)
        connected(listener, transport)

    monkeypatch.setattr(server._Listener, "on_ws_connected", spy)
    async with media_server() as media:
        peer = await media.peer()
        with capture_logs() as logs:
            peer.send(BINARY, b"\0")
            peer.send(TEXT, b" " * 60_000, fin=False)
            for _ in range(100):
                peer.send(CONTINUATION, b" " * 6_000, fin=False)
                peer.send(BINARY, b"\0")
            code, _ = await peer.closed()
        await media.empty()

        assert 1003 == code
        assert 1 == sum(entry["event"] == "stream refused" for entry in logs)
        assert not listeners[0]._fragments


async def test_a_peer_that_does_not_read(monkeypatch):
    """A peer that takes no audio is cut off at the bound of what waits for it; other calls notice nothing."""
    monkeypatch.setattr(server, "UNSENT_BYTES_MAX", BYTES_MAX_BUFFERED)
    monkeypatch.setattr(server, "CLOSE_TIMEOUT_S", 0.2)
    async with media_server() as media:
        good, deaf = WireFarEnd(media, "CA" + "1" * 32), WireFarEnd(media, "CA" + "2" * 32)
        peer = await media.peer(receive_bytes=2048)
        peer.send(TEXT, CONNECTED)
        peer.tell(deaf.start_message(media.world.token(deaf.call_sid)))
        await good.dial()
        await good.agent_has_spoken()
        stalled = media.connection(deaf.call_sid)
        transport = _transport(stalled)
        session = deaf.session
        most = 0
        for _ in range(4000):
            session.send(session.outbound.media(b"\xff" * 1600))
            most = max(most, transport.get_write_buffer_size())
            if stalled._closing:
                break
            await asyncio.sleep(0)
        await good.turn("go on please")
        remembered = good.memory()
        await until(lambda: stalled not in media.gateway._connections)
        stored = media.world.checkpoints.checkpoints[deaf.key]
        await good.hang_up()

        assert stalled._closing
        assert most < BYTES_MAX_BUFFERED + 4096
        assert NextStep.RESUME == stored.next_step
        assert "go on please" in remembered


async def test_a_peer_that_says_goodbye_and_does_not_read(monkeypatch):
    """Closing does not wait for a peer that leaves our audio lying."""
    monkeypatch.setattr(server, "CLOSE_TIMEOUT_S", 0.2)
    async with media_server() as media:
        deaf = WireFarEnd(media)
        peer = await media.peer(receive_bytes=2048)
        peer.send(TEXT, CONNECTED)
        peer.tell(deaf.start_message(media.world.token(deaf.call_sid)))
        await until(lambda: media.world.sessions)
        transport = _transport(media.connection(deaf.call_sid))
        while not transport.get_write_buffer_size():
            deaf.session.send(deaf.session.outbound.media(b"\xff" * 1600))
        peer.send(CLOSE, b"\x03\xe8")
        begin = media.world.loop.time()
        await media.empty()
        elapsed_s = media.world.loop.time() - begin

        assert elapsed_s < 1


async def test_a_half_open_peer(monkeypatch):
    """A peer that has vanished without a word is found out, and its call can go on elsewhere."""
    monkeypatch.setattr(server, "PING_AFTER_S", 0.15)
    monkeypatch.setattr(server, "PONG_TIMEOUT_S", 0.1)
    async with media_server() as media:
        caller = WireFarEnd(media)
        peer = await media.peer()
        peer.send(TEXT, CONNECTED)
        peer.tell(caller.start_message(media.world.token(caller.call_sid)))
        begin = media.world.loop.time()
        code, _ = await peer.closed()
        elapsed_s = media.world.loop.time() - begin
        await media.empty()

        assert 1001 == code
        assert elapsed_s < 1.5
        assert NextStep.RESUME == media.world.checkpoints.checkpoints[caller.key].next_step


async def test_a_reset_in_mid_call():
    """After a TCP reset the call goes on from its last turn on a new socket, without a second greeting."""
    async with media_server() as media:
        first = WireFarEnd(media)
        await first.dial()
        await first.agent_has_spoken()
        await first.turn("pay bill")
        first.drop()
        await first.over()
        await media.empty()
        stored = media.world.checkpoints.checkpoints[first.key]
        second = WireFarEnd(media)
        await second.dial()
        waited_s = await second.agent_starts()
        await second.agent_stops()
        await second.turn("still there")
        remembered = second.memory()
        await second.hang_up()

        assert (NextStep.RESUME, None) == (stored.next_step, stored.disposition)
        assert waited_s < 1
        assert 1 == sum("Yes?" in text for text in remembered)
        assert ["pay bill", "still there"] == remembered[1::2]


async def test_media_that_cannot_be_ahead_of_the_call():
    """Absurd media right behind `start`, before the call is set up, closes it like any other."""
    async with media_server() as media:
        caller = WireFarEnd(media)
        peer = await media.peer()
        peer.send(TEXT, CONNECTED)
        peer.tell(caller.start_message(media.world.token(caller.call_sid)))
        peer.tell(caller.media(1, 0, b"\xff" * 160))
        peer.tell(caller.media(2, 99_999_999, b"\xff" * 160))
        code, reason = await peer.closed()

        assert (1002, "media out of time") == (code, reason.partition(":")[0])


async def test_a_process_that_stops_keeps_its_calls():
    """Draining closes the sockets in order and lets no call go before its state is kept."""
    async with media_server() as media:
        caller = WireFarEnd(media)
        await caller.dial()
        await caller.agent_has_spoken()
        await caller.turn("pay bill")
        begin = media.world.loop.time()
        await media.gateway.drain(0)
        elapsed_s = media.world.loop.time() - begin
        stored = media.world.checkpoints.checkpoints[caller.key]
        await caller.over()

        assert (1000, "call over") == caller.closed
        assert elapsed_s < 1
        assert NextStep.RESUME == stored.next_step
        assert not media.gateway._connections


async def test_sockets_come_and_go():
    """Two hundred sockets, at every stage of a call, leave neither descriptors nor tasks nor state behind."""
    process = psutil.Process()
    async with media_server(calls_max=100) as media:
        await _cycles(media, 0)
        before = process.num_fds(), len(asyncio.all_tasks())
        for start in range(0, CYCLES, 20):
            await _cycles(media, start)
        await until(lambda: (process.num_fds(), len(asyncio.all_tasks())) <= before)

        assert (set(), {}) == (media.gateway._connections, media.gateway._calls)


def _transport(of: Connection) -> Any:
    """The TCP transport under a connection."""
    assert isinstance(of._socket, server._Socket)
    return of._socket._transport.underlying_transport


async def _cycles(media, start: int) -> None:
    """Twenty connections at once, and one that is accepted after them."""
    await asyncio.gather(*(_cycle(media, number) for number in range(start, start + 20)))
    await _cycle(media, 1)
    await media.empty()


async def _cycle(media, number: int) -> None:
    """One connection that gets as far as `number` tells and leaves in one of the ways there are."""
    stage, farewell = number % 4, number // 4 % 3
    if stage == 0:
        peer = await media.connect()
        peer.reset()
        return
    peer = await media.peer()
    if stage >= 2:
        caller = WireFarEnd(media, f"CA{number:032x}")
        peer.send(TEXT, CONNECTED)
        peer.tell(caller.start_message(media.world.token(caller.call_sid)))
    if stage == 3:
        await peer.receive()
    if farewell == 0:
        peer.reset()
    elif farewell == 1:
        peer.send(CLOSE, b"\x03\xe8")
        await peer.closed()
    else:
        peer.send(BINARY, b"\0")
        await peer.closed()
