"""Audio on its way from a socket's callback to the one task that awaits it."""

import asyncio
from collections import deque

from switchboard.ports.errors import ProviderError, ProviderTimeout

AUDIO_BYTES_MAX = 4 * 1024 * 1024
"""Unread audio: eight minutes of mu-law, several times what any text we send can become."""


class AudioInbox:
    """A bounded queue with deadlines. One reader; an empty piece stands for the end of a text.

    A wait is a future and a timer; `asyncio.timeout` around a socket's `recv` takes three times as long.
    """

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._loop = asyncio.get_running_loop()
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._error: ProviderError | None = None
        self._waiter: asyncio.Future[None] | None = None

    def put(self, audio: bytes) -> bool:
        """Add a piece; False where the reader is too far behind."""
        self._pieces.append(audio)
        self._size += len(audio)
        self._wake()
        return self._size <= AUDIO_BYTES_MAX

    def fail(self, error: ProviderError) -> None:
        """Nothing more comes: the reader gets what is here, then `error`."""
        self._error = error
        self._wake()

    def clear(self) -> None:
        """Forget what is unread."""
        self._pieces.clear()
        self._size = 0

    async def get(self, *, timeout_ms: int, awaited: str) -> bytes:
        """The next piece. Raises `ProviderTimeout` that names what was `awaited`, or what `fail` was given."""
        if not self._pieces:
            if self._error is None:
                await self._wait(timeout_ms)
            if not self._pieces:
                raise self._error or ProviderTimeout(self._provider, f"no {awaited} within {timeout_ms} ms")
        audio = self._pieces.popleft()
        self._size -= len(audio)
        return audio

    async def _wait(self, timeout_ms: int) -> None:
        self._waiter = self._loop.create_future()
        timer = self._loop.call_later(timeout_ms / 1000, self._wake)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
