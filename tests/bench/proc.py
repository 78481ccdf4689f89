"""What the kernel knows about a process (proc(5)), and starting processes on a chosen core."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


class Usage(Struct, frozen=True):
    """`cpu_s` is user and system time of all threads; `starved_s` is how long the main one could run but had no core."""

    cpu_s: float
    starved_s: float
    rss_mb: float


def usage(pid: int) -> Usage:
    """Of a running process."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    cpu_s = (int(stat[11]) + int(stat[12])) / _TICKS_PER_S
    return Usage(cpu_s, waited_s(pid), int(stat[21]) * _PAGE_MB)


def waited_s(pid: int) -> float:
    """How long the main thread has waited for a core while it could run."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def cores() -> tuple[set[int], set[int]]:
    """The core of the system under test and the core of everything else."""
    available = sorted(os.sched_getaffinity(0))
    return {available[0]}, {available[-1]}


@contextmanager
def python(
    arguments: Sequence[str], *, core: set[int], env: Mapping[str, str] | None = None, log: Path | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a Python process on `core`; it is ended and reaped afterwards. Output goes to `log`, else to a pipe."""
    before = os.sched_getaffinity(0)
    with (log or Path(os.devnull)).open("wb") as log_file:
        os.sched_setaffinity(0, core)  # inherited by the child
        try:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log_file if log else subprocess.PIPE,
                stderr=subprocess.STDOUT if log else None,
                env=dict(env) if env is not None else None,
            )
        finally:
            os.sched_setaffinity(0, before)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
