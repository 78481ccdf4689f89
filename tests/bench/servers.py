"""The processes of one run: vendors, the gateway or the floor, and the load on it; each on its core."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from tests.bench import proc
from tests.bench.plan import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    BUILD,
    TOKEN_SECRET,
    Delays,
    Load,
    Measured,
    VendorPorts,
)

START_S_MAX = 60.0
LOAD_MARGIN_S = 120.0
"""Set-up, ramp and tear-down of the load, beyond the seconds that are measured."""
LOAD_MARGIN = 1.5
"""Judging what was heard takes time in proportion."""
SERVER_CORE, TOOLS_CORE = proc.cores()
GATEWAY = ("-m", "voice_gateway")


@contextmanager
def vendors(delays: Delays) -> Iterator[VendorPorts]:
    """The fake vendors, for the whole benchmark."""
    arguments = ["-m", "tests.bench.vendors", msgspec.json.encode(delays).decode()]
    with proc.python(arguments, core=TOOLS_CORE) as process:
        assert process.stdout is not None
        yield msgspec.json.decode(process.stdout.readline(), type=VendorPorts)


@contextmanager
def gateway(
    ports: VendorPorts, *, calls_max: int, command: Sequence[str] = GATEWAY
) -> Iterator[tuple[int, int]]:
    """The real gateway in its production configuration, but for addresses; yields its process id and port."""
    port = _free_port()
    with TemporaryDirectory() as state:
        env = {
            name: value
            for name, value in os.environ.items()
            if name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV")
        } | {
            "PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
            "SWITCHBOARD_HOST": "127.0.0.1",
            "SWITCHBOARD_PORT": str(port),
            "SWITCHBOARD_ASR": "deepgram",
            "SWITCHBOARD_LLM": "anthropic",
            "SWITCHBOARD_TTS": "deepgram",
            "DEEPGRAM_API_KEY": "bench-key",
            "DEEPGRAM_BASE_URL": f"ws://127.0.0.1:{ports.sockets}",
            "ANTHROPIC_API_KEY": "bench-key",
            "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{ports.http}",
            "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "SWITCHBOARD_STREAM_TOKEN_SECRET": TOKEN_SECRET,
            "SWITCHBOARD_STATE_PATH": str(Path(state, "state.sqlite3")),
            "SWITCHBOARD_CALLS_MAX": str(calls_max),
            "SWITCHBOARD_DRAIN_GRACE_S": "0",
        }
        with proc.python(command, core=SERVER_CORE, env=env, log=BUILD / "gateway.log") as process:
            _await_port(process, port)
            yield process.pid, port


@contextmanager
def floor(ports: VendorPorts, *, block_ms: int, echo_share: float) -> Iterator[tuple[int, int]]:
    """The floor server; yields its process id and port."""
    port = _free_port()
    arguments = ["-m", "tests.bench.floor", str(port), str(ports.sockets), str(block_ms), str(echo_share)]
    with proc.python(arguments, core=SERVER_CORE, log=BUILD / "floor.log") as process:
        _await_port(process, port)
        yield process.pid, port


def load(plan: Load) -> Measured:
    """Run the load generator. Raises `RuntimeError` where it fails."""
    arguments = ["-m", "tests.bench.load", msgspec.json.encode(plan).decode()]
    with proc.python(arguments, core=TOOLS_CORE) as process:
        try:
            out, _ = process.communicate(timeout=plan.seconds * LOAD_MARGIN + LOAD_MARGIN_S)
        except subprocess.TimeoutExpired:
            raise RuntimeError(
                f"the load generator did not end in time for {plan.seconds:g} s of load"
            ) from None
    if process.returncode:
        raise RuntimeError("the load generator failed")
    return msgspec.json.decode(out, type=Measured)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_port(process: "subprocess.Popen[bytes]", port: int) -> None:
    ends_s = time.monotonic() + START_S_MAX
    while time.monotonic() < ends_s:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}; see {BUILD}/*.log")
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"the server did not listen within {START_S_MAX:g} s; see {BUILD}/*.log")
