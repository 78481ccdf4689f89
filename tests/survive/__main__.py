"""Calls that outlive their gateways: `python -m tests.survive [--calls N] [--seconds S] [--seed N]`; build/survive.json.

Real gateways and webhooks as processes behind the local edge, fake vendors, and callers at a carrier that behaves as Twilio
does. While all of them talk, gateways are stopped (SIGTERM: drained, calls handed over) and killed (`kill -9`) at
random and started again, at least one being ready at any time. Every caller then judges its call: how long was it interrupted, does
the agent know what it was told, did it greet again or repeat itself.
"""

import argparse
import asyncio
import json
import random
import shutil
import signal
import sys
import time
from pathlib import Path

import httpx2
import msgspec
import uvloop

from switchboard.cli.local_platform import LocalPlatform, free_ports, local_platform
from tests.bench.speech import render
from tests.survive import figures
from tests.survive.plan import ACCOUNT_SID, BUILD, CLIPS_PATH, Load, Outcome, VendorPorts

RESULT_PATH = Path("build/survive.json")
PAUSE_S = (3.0, 6.0)
"""Between a restart and the next kill."""
DRAIN_S_MAX = 60.0
AUTH_TOKEN = "the account's token"
STREAM_LIMIT_BYTES = 64 * 2**20


def main() -> int:
    """Play, kill, judge; returns 1 unless every call survived in time."""
    parser = argparse.ArgumentParser(prog="python -m tests.survive", description=__doc__)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=90.0, help="of killing (default: 90)")
    parser.add_argument("--gateways", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1, help="of the callers' habits and of the kills")
    options = parser.parse_args()
    began_s = time.monotonic()
    run = Run(calls=options.calls, seconds=options.seconds, gateways=options.gateways, seed=options.seed)
    outcome = uvloop.run(run.play(BUILD))
    result = figures.result(
        outcome,
        drained=run.kills.count(signal.SIGTERM),
        killed=run.kills.count(signal.SIGKILL),
        seconds=options.seconds,
        seed=options.seed,
    )
    RESULT_PATH.write_text(json.dumps(result, indent=1) + "\n")
    failed = figures.failures(result)
    sys.stdout.write(f"\n{figures.table(result)}\n{time.monotonic() - began_s:.0f} s; {RESULT_PATH}\n")
    sys.stdout.write("".join(f"FAILED {each}\n" for each in failed))
    return 1 if failed else 0


class Run:
    """One run. `kills` is what really was done, in order."""

    def __init__(self, *, calls: int, seconds: float, gateways: int, seed: int) -> None:
        assert gateways >= 2, "somebody must be left"
        self._calls = calls
        self._seconds = seconds
        self._gateways = gateways
        self._seed = seed
        self._random = random.Random(seed)
        self.kills: list[signal.Signals] = []

    async def play(self, folder: Path) -> Outcome:
        """Everything from the first process to the last word."""
        _prepare(folder, msgspec.msgpack.encode(await render()))
        state = folder / "state.sqlite3"
        vendors = await _python("tests.survive.vendors")
        try:
            assert vendors.stdout is not None
            ports = msgspec.json.decode(await vendors.stdout.readline(), type=VendorPorts)
            overrides = _settings(ports, state, calls_max=2 * self._calls + 10)
            async with local_platform(
                log_dir=folder, overrides=overrides, gateways=self._gateways
            ) as platform:
                return await self._with_callers(platform, ports)
        finally:
            vendors.kill()
            await vendors.wait()

    async def _with_callers(self, platform: LocalPlatform, ports: VendorPorts) -> Outcome:
        load = Load(
            calls=self._calls,
            seed=self._seed,
            public_url=platform.public_url,
            auth_token=platform.auth_token,
            vendors_http_port=ports.http,
        )
        callers = await _python("tests.survive.load", msgspec.json.encode(load).decode())
        try:
            assert callers.stdout is not None
            assert callers.stdin is not None
            if await callers.stdout.readline() != b"ready\n":
                raise RuntimeError("the callers' process failed before its calls were greeted")
            _tell(f"{self._calls} calls are live on {self._gateways} gateways.")
            await self.kill(platform)
            callers.stdin.write(b"enough\n")
            return msgspec.json.decode(await callers.stdout.readline(), type=Outcome)
        finally:
            if callers.returncode is None:
                callers.kill()
            await callers.wait()

    async def kill(self, platform: LocalPlatform) -> None:
        """Stop, kill and restart gateways while there is time."""
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + self._seconds
        names = [name for name in platform.processes if name.startswith("gateway")]
        planned = [signal.SIGTERM, signal.SIGKILL]
        while loop.time() < ends_s:
            await asyncio.sleep(self._random.uniform(*PAUSE_S))
            number = planned.pop(0)
            planned.append(self._random.choice((signal.SIGTERM, signal.SIGKILL)))
            calls = {name: await _calls(platform, name) for name in names}
            # By their calls: an empty gateway's death is nobody's concern.
            victim = self._random.choices(names, [calls[name] for name in names])[0]
            self.kills.append(number)
            await self._end(platform, victim, number, calls[victim])

    async def _end(self, platform: LocalPlatform, name: str, number: signal.Signals, calls: int) -> None:
        process = platform.processes[name]
        began_s = time.monotonic()
        process.send_signal(number)
        async with asyncio.timeout(DRAIN_S_MAX):
            await process.wait()
        ended_s = time.monotonic()
        await platform.restart(name)
        _tell(
            f"{number.name} to {name} with {calls} calls: gone after {ended_s - began_s:.1f} s, "
            f"ready again {time.monotonic() - ended_s:.1f} s later"
        )


def _prepare(folder: Path, clips: bytes) -> None:
    """The callers' sentences, and nothing that a former run knew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    CLIPS_PATH.parent.mkdir(parents=True, exist_ok=True)
    CLIPS_PATH.write_bytes(clips)


async def _calls(platform: LocalPlatform, name: str) -> int:
    async with httpx2.AsyncClient(trust_env=False) as client:
        return int((await client.get(f"{platform.urls[name]}/ready")).json()["calls"])


def _settings(ports: VendorPorts, state: Path, *, calls_max: int) -> dict[str, str]:
    return {
        "PUBLIC_BASE_URL": f"http://127.0.0.1:{free_ports(1)[0]}",
        "STREAM_URL": "",
        "SWITCHBOARD_ASR": "deepgram",
        "SWITCHBOARD_LLM": "anthropic",
        "SWITCHBOARD_TTS": "deepgram",
        "DEEPGRAM_API_KEY": "a key",
        "DEEPGRAM_BASE_URL": f"ws://127.0.0.1:{ports.sockets}",
        "ANTHROPIC_API_KEY": "a key",
        "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{ports.http}",
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "SWITCHBOARD_STATE_PATH": str(state),
        "SWITCHBOARD_CALLS_MAX": str(calls_max),
        "SWITCHBOARD_DRAIN_GRACE_S": "0",
        "SWITCHBOARD_WEB_CALLS": "false",
    }


async def _python(module: str, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=STREAM_LIMIT_BYTES,
    )


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
