"""Transcripts on their way from a socket's callback to the one task that reads them."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator

from switchboard.ports.transcriber import Transcript

TRANSCRIPTS_QUEUED_MAX = 256
"""Interim results replace one another, so this many finals would be minutes of speech nobody has read."""


class TranscriptQueue:
    """A bounded queue with an end. One reader; the oldest is dropped (and counted) when it does not keep up."""

    def __init__(self) -> None:
        self.dropped = 0
        self._items: deque[Transcript] = deque()
        self._wake = asyncio.Event()
        self._ended = False
        self._error: Exception | None = None

    def put(self, transcript: Transcript) -> None:
        """Add a transcript; an unread interim result is replaced by its successor."""
        if self._ended:
            return
        if self._items and not self._items[-1].is_final:
            self._items.pop()
        elif len(self._items) == TRANSCRIPTS_QUEUED_MAX:
            self._items.popleft()
            self.dropped += 1
        self._items.append(transcript)
        self._wake.set()

    def fail(self, error: Exception) -> None:
        """End the queue: the reader gets what is queued, then `error`."""
        if not self._ended:
            self._ended = True
            self._error = error
            self._wake.set()

    def end(self) -> None:
        """End the queue at once; what is unread is dropped, and so is an error nobody has seen."""
        self._ended = True
        self._error = None
        self._items.clear()
        self._wake.set()

    async def read(self) -> AsyncGenerator[Transcript, None]:
        """Yield until the end. Raises what `fail` was given."""
        while True:
            while self._items:
                yield self._items.popleft()
            if self._ended:
                if self._error is not None:
                    raise self._error
                return
            self._wake.clear()
            await self._wake.wait()
