"""Brings a blocking event stream of boto3 into asyncio, one worker thread per stream."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from botocore.eventstream import EventStream

EVENTS_BUFFERED_MAX: Final = 256
"""Some ten seconds of tokens. Beyond that the worker stops reading and TCP slows the vendor down."""

JsonEvent = Mapping[str, Any]


class EventPump:
    """One stream: `run()` belongs to a worker thread, everything else to the event loop.

    The worker ends when the stream does, when it fails, or soon after `cancel()`. Before the response's head has arrived
    there is no stream to close: the request then lives on until its head or the client's read time-out.
    """

    def __init__(self, open_stream: "Callable[[], EventStream[Any]]", *, slot_timeout_s: float) -> None:
        self._open_stream = open_stream
        self._slot_timeout_s = slot_timeout_s
        self._loop = asyncio.get_running_loop()
        # Bounded by the slots, which, unlike the queue's own bound, a thread can wait for.
        self._queue: asyncio.Queue[JsonEvent | Exception | None] = asyncio.Queue()
        self._slots = threading.Semaphore(EVENTS_BUFFERED_MAX)
        self._lock = threading.Lock()
        self._stream: EventStream[Any] | None = None
        self._is_cancelled = False

    async def next(self) -> JsonEvent | None:
        """Return the next event, None after the last. Raises what boto3 raised in the thread."""
        item = await self._queue.get()
        self._slots.release()
        if isinstance(item, Exception):
            raise item
        return item

    def cancel(self) -> None:
        """Stop the worker and drop the connection. Idempotent, never blocks, harmless after the end."""
        with self._lock:
            self._is_cancelled = True
            self._slots.release()
            if self._stream is None:
                return
            # Closing a response while another thread reads it waits for that read; shutting its socket down ends it.
            # urllib3 refuses (RuntimeError, ValueError, OSError) where the connection is gone already, which is the aim.
            with suppress(RuntimeError, ValueError, OSError):
                self._stream._raw_stream.shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - no public way to end a read

    def run(self) -> None:
        """Read the stream to its end; the worker's whole life."""
        try:
            self._pump()
        except Exception as error:  # noqa: BLE001 - not swallowed: raised again by next() on the loop's side
            self._put(error)

    def _pump(self) -> None:
        stream = self._open_stream()
        try:
            with self._lock:
                if self._is_cancelled:
                    return
                self._stream = stream
            for event in stream:
                if not self._put(event):
                    return
            self._put(None)
        finally:
            with self._lock:
                self._stream = None
                stream.close()

    def _put(self, item: JsonEvent | Exception | None) -> bool:
        """Hand an item over; false when nobody wants more."""
        if not self._slots.acquire(timeout=self._slot_timeout_s) or self._is_cancelled:
            return False
        with suppress(RuntimeError):  # the loop was closed without closing the adapter
            self._loop.call_soon_threadsafe(self._queue.put_nowait, item)
            return True
        return False
