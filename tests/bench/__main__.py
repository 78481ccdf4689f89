"""Measure the gateway under load: `python -m tests.bench [--calls N] [--seconds S]`; results in build/bench.json.

Three processes on two cores: the gateway (or the floor it is compared with) has one core to itself, the load generator and the
fake vendors share the other. Ratios within one run are what counts: machines differ, and so do their other tenants. What the
figures mean: `reference.py` (added latency), `floor.py` (the floor), `rows.py` (the row's keys).
"""

import argparse
import json
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench import servers
from tests.bench.plan import CLIPS_PATH, Delays, Load, Measured, VendorPorts
from tests.bench.rows import Floors, calls_per_core, noise, passes, row, table
from tests.bench.speech import save_clips

ROWS = (1, 10, 25, 50, 100)
FURTHER_ROWS = (150, 200)
"""Tried as long as the row before passes; measured without a floor."""
SECONDS = 18.0
FLOOR_SECONDS = 6.0
LEAN_FLOOR_AT = 50
LEAN_BLOCK_MS = 200
SETUP_CALLS = 8
SPARE_CALLS = 30
"""Room for set-up calls that are still being closed."""
RESULT_PATH = Path("build/bench.json")


def main() -> int:
    """Run the rows; returns 1 where calls were lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="The gateway under load.")
    parser.add_argument(
        "--calls", type=int, help=f"one row only (default: {', '.join(map(str, ROWS))}, then more)"
    )
    parser.add_argument("--seconds", type=float, help=f"measured per row (default: {SECONDS:g}; one row: 30)")
    parser.add_argument("--seed", type=int, default=1, help="of the callers' habits")
    arguments = parser.parse_args()
    save_clips(CLIPS_PATH)
    seconds = arguments.seconds or (30.0 if arguments.calls else SECONDS)
    started_s = time.monotonic()
    rows: list[dict[str, Any]] = []
    with servers.vendors(Delays()) as ports:
        single = bool(arguments.calls)
        rows += [
            _measure(ports, calls, seconds, arguments.seed, compare=True, lean=single)
            for calls in ((arguments.calls,) if single else ROWS)
        ]
        for calls in () if single else FURTHER_ROWS:
            if passes(rows[-1]):
                rows.append(_measure(ports, calls, seconds, arguments.seed, compare=False))
    result = {
        "rows": rows,
        "calls_per_core": calls_per_core(rows),
        "commit": _commit(),
        "python": platform.python_version(),
        "delays": {name: getattr(Delays(), name) for name in Delays.__struct_fields__},
    }
    RESULT_PATH.write_text(json.dumps(result, indent=1) + "\n")
    sys.stdout.write(
        f"\n{table(rows)}\ncalls per core (added p99 < 100 ms, no gap > 40 ms, none lost): {result['calls_per_core']}"
        f"  (goal 100, stretch 200)\n{time.monotonic() - started_s:.0f} s; {RESULT_PATH}\n"
    )
    return 1 if any(each["lost_calls"] for each in rows) else 0


def _measure(
    ports: VendorPorts, calls: int, seconds: float, seed: int, *, compare: bool, lean: bool = False
) -> dict[str, Any]:
    with servers.gateway(ports, calls_max=calls + SPARE_CALLS) as (pid, port):
        measured = servers.load(
            Load(
                calls=calls,
                seconds=seconds,
                seed=seed,
                stream_url=f"ws://127.0.0.1:{port}/twilio/stream",
                http_port=port,
                pid=pid,
                vendors_http_port=ports.http,
                setup_calls=SETUP_CALLS,
            )
        )
    floors = Floors()
    if compare:
        plain = _floor(ports, measured, seed, block_ms=20, echo_share=1.0)
        lean = lean or calls == LEAN_FLOOR_AT
        share = min(1.0, measured.audio_out_share)
        floors = Floors(
            plain, _floor(ports, measured, seed, block_ms=LEAN_BLOCK_MS, echo_share=share) if lean else 0.0
        )
    figures = row(measured, floors)
    sys.stdout.write(
        f"{calls:4} calls: {figures['cpu_ms_per_call_s']:.2f} CPU-ms per call-second (floor "
        f"{floors.plain:.2f}), added p99 {figures['added_ms_p99']:.0f} ms over {figures['turns']} turns. {noise(figures)}\n"
    )
    sys.stdout.flush()
    return figures


def _floor(ports: VendorPorts, measured: Measured, seed: int, *, block_ms: int, echo_share: float) -> float:
    with servers.floor(ports, block_ms=block_ms, echo_share=echo_share) as (pid, port):
        return servers.load(
            Load(
                calls=measured.calls,
                seconds=FLOOR_SECONDS,
                seed=seed,
                stream_url=f"ws://127.0.0.1:{port}/",
                http_port=port,
                pid=pid,
                vendors_http_port=ports.http,
                mute=True,
            )
        ).cpu_ms_per_call_s


def _commit() -> str:
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return described.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
