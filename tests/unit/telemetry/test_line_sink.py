"""Lines leave the process without ever holding it up (failure F41)."""

import fcntl
import json
import os
import threading
import time
from contextlib import suppress

import pytest
import structlog

from switchboard.observability import configure_logging
from switchboard.telemetry.line_sink import LINE_BYTES_MAX, LineSink

PATIENCE_S = 10.0


@pytest.fixture
def pipe():
    """A pipe of one page: (reading end, writing end)."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    yield reading, writing
    for fd in (reading, writing):
        with suppress(OSError):
            os.close(fd)


def read_all(fd: int, found: list[bytes]) -> threading.Thread:
    """Read in the background until the writing end is closed."""

    def read() -> None:
        while data := os.read(fd, 65536):
            found.append(data)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def test_lines_arrive_whole_and_in_order(pipe):
    """What is written is read, one line each, also when it is more than the pipe holds at once."""
    found: list[bytes] = []
    reader = read_all(pipe[0], found)
    sink = LineSink(pipe[1])
    lines = [b"line %d" % number for number in range(3000)]
    for line in lines:
        sink.write(line)
    sink.close(PATIENCE_S)
    os.close(pipe[1])
    reader.join(PATIENCE_S)

    assert lines == b"".join(found).splitlines()
    assert 0 == sink.dropped_count


def test_a_blocked_reader_costs_lines_and_never_time(pipe):
    """With nobody reading, ten thousand lines are taken at once: what fits waits, the rest is counted."""
    sink = LineSink(pipe[1], lines_max=100)
    begin_s = time.monotonic()
    for number in range(10_000):
        sink.write(b"line %d, long enough to fill the pipe soon" % number)
    elapsed_s = time.monotonic() - begin_s
    dropped = sink.dropped_count
    found: list[bytes] = []
    reader = read_all(pipe[0], found)
    sink.close(PATIENCE_S)
    os.close(pipe[1])
    reader.join(PATIENCE_S)
    lines = b"".join(found).splitlines()
    reports = [json.loads(line) for line in lines if line.startswith(b"{")]

    assert elapsed_s < 1.0
    assert dropped > 9000
    assert 10_000 == dropped + len(lines) - len(reports)
    assert dropped == sum(report["dropped"] for report in reports)


def test_closing_does_not_wait_for_a_reader_that_is_gone(pipe):
    """A process that stops is not held up by its own last words."""
    sink = LineSink(pipe[1])
    for _ in range(1000):
        sink.write(b"x" * 100)
    begin_s = time.monotonic()
    sink.close(0.2)

    assert time.monotonic() - begin_s < 2.0
    os.close(pipe[0])
    sink._thread.join(PATIENCE_S)  # or it would write to whoever gets the descriptor's number next


def test_a_closed_pipe_is_counted_and_survived(pipe):
    """Nobody at the other end: lines are dropped and counted, and the thread lives on."""
    os.close(pipe[0])
    sink = LineSink(pipe[1])
    sink.write(b"nobody reads this")
    sink.close(PATIENCE_S)

    assert 1 == sink.dropped_count


def test_a_descriptor_that_somebody_made_non_blocking(pipe):
    """A full pipe answers EAGAIN then; lines still arrive whole."""
    os.set_blocking(pipe[1], False)
    sink = LineSink(pipe[1])
    lines = [b"y" * 100 for _ in range(500)]
    for line in lines:
        sink.write(line)
    found: list[bytes] = []
    reader = read_all(pipe[0], found)
    sink.close(PATIENCE_S)
    os.close(pipe[1])
    reader.join(PATIENCE_S)

    assert lines == b"".join(found).splitlines()


def test_a_line_that_a_log_driver_would_cut(pipe):
    """It is dropped whole, and counted."""
    sink = LineSink(pipe[1])
    sink.write(b"z" * LINE_BYTES_MAX)
    sink.close(PATIENCE_S)

    assert 1 == sink.dropped_count


def test_structlog_writes_through_it(pipe):
    """Every level's lines are JSON objects, one a line, and nothing is written past the sink."""
    sink = LineSink(pipe[1])
    configure_logging(sink=sink)
    try:
        log = structlog.get_logger()
        log.debug("not shown")
        log.info("call answered", call_id="CA1")
        log.warning("call status", call_id="CA2")
        log.error("call failed", call_id="CA3", exc_info=KeyError("private"))
    finally:
        structlog.reset_defaults()
    sink.close(PATIENCE_S)
    lines = [json.loads(line) for line in os.read(pipe[0], 65536).splitlines()]

    assert [("info", "CA1"), ("warning", "CA2"), ("error", "CA3")] == [
        (line["level"], line["call_id"]) for line in lines
    ]
    assert "KeyError" == lines[2]["error"]
