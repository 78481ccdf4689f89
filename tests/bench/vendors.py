"""The process of the fake vendors: `python -m tests.bench.vendors`. Prints its ports as one JSON line, then serves."""

import asyncio
import gc
import sys

import msgspec
import uvloop
from picows import WSListener, WSUpgradeRequest, ws_create_server

from tests.bench.plan import CLIPS_PATH, Delays, VendorPorts
from tests.bench.speech import load_clips
from tests.bench.vendor_listen import ListenSocket
from tests.bench.vendor_log import VendorLog
from tests.bench.vendor_messages import MessagesConnection
from tests.bench.vendor_speak import SpeakSocket


async def serve_for_ever(delays: Delays) -> None:
    """Serve until killed."""
    log = VendorLog()
    clips = load_clips(CLIPS_PATH).clips

    def accept(request: WSUpgradeRequest) -> WSListener | None:
        if request.path.startswith(b"/v1/listen"):
            return ListenSocket(clips, delays, log)
        return SpeakSocket(delays, log) if request.path.startswith(b"/v1/speak") else None

    sockets = await ws_create_server(accept, "127.0.0.1", 0, backlog=1000)
    http = await asyncio.get_running_loop().create_server(
        lambda: MessagesConnection(delays, log), "127.0.0.1", 0, backlog=1000
    )
    ports = VendorPorts(sockets.sockets[0].getsockname()[1], http.sockets[0].getsockname()[1])
    sys.stdout.write(msgspec.json.encode(ports).decode() + "\n")
    sys.stdout.flush()
    gc.collect()
    gc.freeze()
    gc.disable()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve_for_ever(msgspec.json.decode(sys.argv[1], type=Delays)))
