"""Where the process's lines leave it: logs and metrics, by one file descriptor, never in anybody's way.

Whoever reads our standard error may stop reading (a log driver that hangs, a disk that is full): a plain `write` would then
stop the event loop and with it every call (failure F41). Here a line is put into a bounded queue and one thread writes. What
does not fit is dropped and counted, and the count is told in a line of its own as soon as somebody reads again.
"""

import os
import select
from queue import SimpleQueue
from threading import Thread

LINES_MAX = 4096
"""Waiting lines: about a minute of a busy process, and some two megabytes."""
LINE_BYTES_MAX = 16 * 1024
"""Log drivers cut longer lines in two, and half a JSON object is no line at all."""
BATCH_BYTES_MAX = 64 * 1024
CLOSE_TIMEOUT_S = 2.0


class LineSink:
    """Takes lines from any thread. `close()` it, or what waits may be lost."""

    def __init__(self, fd: int, *, lines_max: int = LINES_MAX) -> None:
        self._fd = fd
        self._lines_max = lines_max
        # SimpleQueue.put may be interrupted by itself: a finaliser that logs during a collection must not deadlock.
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._refused = 0
        self._unwritten = 0
        self._told = 0
        self._closing = False
        self._thread = Thread(target=self._write_for_ever, name="line-sink", daemon=True)
        self._thread.start()

    @property
    def dropped_count(self) -> int:
        """Lines given up since the start."""
        return self._refused + self._unwritten

    def write(self, line: bytes) -> None:
        """Queue one line, without its newline. Never blocks, never raises."""
        if self._closing or len(line) >= LINE_BYTES_MAX or self._queue.qsize() >= self._lines_max:
            # Not locked: a count that misses one of two threads' drops is worth less than a lock a finaliser may hold.
            self._refused += 1
        else:
            self._queue.put(line)

    def close(self, timeout_s: float = CLOSE_TIMEOUT_S) -> None:
        """Write what waits, unless nobody takes it within `timeout_s`."""
        self._closing = True
        self._queue.put(None)
        self._thread.join(timeout_s)

    def _write_for_ever(self) -> None:
        while (line := self._queue.get()) is not None:
            lines, ended = self._batch(line)
            self._report_drops(lines)
            if not self._written(b"\n".join([*lines, b""])):
                self._unwritten += len(lines)
            if ended:
                return

    def _batch(self, line: bytes) -> tuple[list[bytes], bool]:
        """What waits already, up to a size; and whether it was the end."""
        lines, size = [line], len(line)
        while size < BATCH_BYTES_MAX and not self._queue.empty():
            further = self._queue.get()
            if further is None:
                return lines, True
            lines.append(further)
            size += len(further)
        return lines, False

    def _report_drops(self, lines: list[bytes]) -> None:
        dropped = self.dropped_count
        if dropped > self._told:
            lines.append(b'{"event":"lines dropped","level":"error","dropped":%d}' % (dropped - self._told))
            self._told = dropped

    def _written(self, data: bytes) -> bool:
        """Write all of it, however long that takes; False where it cannot be written at all."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._fd, rest) :]
            except BlockingIOError:
                # Somebody who shares the descriptor has made it non-blocking.
                select.select([], [self._fd], [])
            except OSError:
                # Nobody is at the other end, or the disk is full. The next lines may fare better.
                return False
        return True
