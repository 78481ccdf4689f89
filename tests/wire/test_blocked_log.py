"""A log that nobody reads any more: the gateway's calls go on (failure F41), as a real process on real sockets."""

import asyncio
import fcntl
import json
import os
import signal
import subprocess
import sys
import time

import httpx2
import pytest

from switchboard.cli.local_platform import free_ports
from switchboard.domain.stream_tokens import StreamClaims, mint
from switchboard.settings import LOCAL_TOKEN_SECRET
from tests.wire.peer import TEXT, UPGRADE, Peer
from tests.wire.rig import AUTH_TOKEN, SIGNED, STREAM_URL

pytestmark = pytest.mark.wire

START_S_MAX = 60.0
STOP_S_MAX = 20.0
REFUSALS = 300
"""Each is a line in the log; about thirty fill the pipe."""
GREETING_S_MAX = 5.0
CALL_SID, ACCOUNT_SID, STREAM_SID = "CA" + "2" * 32, "AC" + "2" * 32, "MZ" + "2" * 32


@pytest.fixture
async def gateway(tmp_path):
    """A gateway whose standard error is a pipe of one page that nobody reads: its process, port and reading end."""
    (port,) = free_ports(1)
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    env = {
        "PATH": os.environ["PATH"],
        "PUBLIC_BASE_URL": "http://localhost:8080",
        "STREAM_URL": STREAM_URL,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "SWITCHBOARD_HOST": "127.0.0.1",
        "SWITCHBOARD_PORT": str(port),
        "SWITCHBOARD_STATE_PATH": str(tmp_path / "state.sqlite3"),
        "SWITCHBOARD_DRAIN_GRACE_S": "0",
    }
    arguments = (sys.executable, "-m", "voice_gateway")
    process = await asyncio.create_subprocess_exec(
        *arguments, env=env, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=writing
    )
    os.close(writing)
    try:
        await _ready(port)
        yield process, port, reading
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(reading)


async def test_calls_go_on_while_nobody_reads_the_log(gateway):
    """With the pipe full, a caller is greeted and the loop is on time; then the process stops well within its time."""
    process, port, reading = gateway
    for _ in range(REFUSALS):
        peer = await Peer.connect(port)
        assert 403 == await peer.request("/twilio/stream", UPGRADE)
        await peer.gone()
    os.set_blocking(reading, False)
    full = len(os.read(reading, 1))  # one byte of room changes nothing: no line fits
    greeted_s = await _greeted(port)
    async with httpx2.AsyncClient(trust_env=False) as client:
        status = (await client.get(f"http://127.0.0.1:{port}/ready")).json()
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(STOP_S_MAX):
        exit_code = await process.wait()
    first = os.read(reading, 65536).splitlines()[1]

    assert 1 == full
    assert greeted_s < GREETING_S_MAX
    assert status["callsMax"]
    assert 0 == exit_code
    assert "upgrade refused" == json.loads(first)["event"]


async def _ready(port: int) -> None:
    async with asyncio.timeout(START_S_MAX), httpx2.AsyncClient(trust_env=False) as client:
        while True:
            try:
                await client.get(f"http://127.0.0.1:{port}/health")
            except httpx2.TransportError:
                await asyncio.sleep(0.1)
            else:
                return


async def _greeted(port: int) -> float:
    """Seconds from the upgrade of a call's socket to the agent's first audio."""
    begin_s = time.monotonic()
    peer = await Peer.connect(port)
    assert 101 == await peer.request("/twilio/stream", SIGNED)
    claims = StreamClaims(
        call_sid=CALL_SID,
        account_sid=ACCOUNT_SID,
        tenant="default",
        channel="phone",
        expires_at_s=int(time.time()) + 60,
        nonce=os.urandom(16),
    )
    peer.tell({"event": "connected", "protocol": "Call", "version": "1.0.0"})
    peer.tell(
        {
            "event": "start",
            "sequenceNumber": "1",
            "streamSid": STREAM_SID,
            "start": {
                "streamSid": STREAM_SID,
                "accountSid": ACCOUNT_SID,
                "callSid": CALL_SID,
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": {"token": mint(LOCAL_TOKEN_SECRET, claims)},
            },
        }
    )
    opcode, payload = await peer.receive(GREETING_S_MAX)
    await peer.left()
    assert (TEXT, "media") == (opcode, json.loads(payload)["event"])
    return time.monotonic() - begin_s
