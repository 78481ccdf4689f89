"""The floor: what plain `websockets` on uvloop costs for the same wires, with no conversation in between.

It parses each message, decodes the audio, forwards it to the same recogniser over `websockets` and echoes audio to the caller;
no voice activity, no model, no synthesis, no checks. `--block-ms 20` forwards and echoes frame by frame, as the simplest server does;
a larger block collects as much before it sends, and `--echo-share` lets it be silent as often as an agent is.

    python -m tests.bench.floor <port> <recogniser's port> <block ms> <echo share>
"""

import asyncio
import gc
import json
import sys
from base64 import b64decode, b64encode

import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

CYCLE_BYTES = 10 * 8000
"""Echo and silence alternate over ten seconds."""


async def call(socket: ServerConnection, recogniser_port: int, block_bytes: int, echo_share: float) -> None:
    url = f"ws://127.0.0.1:{recogniser_port}/v1/listen?model=nova-3&encoding=mulaw&sample_rate=8000"
    async with connect(url, compression=None) as recogniser:
        results = asyncio.create_task(_read(recogniser))
        try:
            await _forward(socket, recogniser, block_bytes, echo_share)
        except ConnectionClosed:
            pass  # how every call ends
        finally:
            results.cancel()
            await asyncio.wait([results])


async def _forward(
    socket: ServerConnection, recogniser: ClientConnection, block_bytes: int, echo_share: float
) -> None:
    stream_sid, block, place = "", bytearray(), 0
    async for text in socket:
        message = json.loads(text)
        if message["event"] == "start":
            stream_sid = message["streamSid"]
        elif message["event"] == "media":
            block += b64decode(message["media"]["payload"])
            if len(block) < block_bytes:
                continue
            audio = bytes(block)
            block.clear()
            await recogniser.send(audio)
            place = (place + len(audio)) % CYCLE_BYTES
            if place <= CYCLE_BYTES * echo_share:
                media = {"payload": b64encode(audio).decode()}
                await socket.send(json.dumps({"event": "media", "streamSid": stream_sid, "media": media}))


async def _read(recogniser: ClientConnection) -> None:
    try:
        async for result in recogniser:
            json.loads(result)
    except ConnectionClosed:
        pass  # how every call ends


async def main(port: int, recogniser_port: int, block_ms: int, echo_share: float) -> None:
    async def handle(socket: ServerConnection) -> None:
        await call(socket, recogniser_port, block_ms * 8, echo_share)

    async with serve(handle, "127.0.0.1", port, compression=None, backlog=1000):
        gc.collect()
        gc.freeze()
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
