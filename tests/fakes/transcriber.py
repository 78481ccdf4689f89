"""A transcriber in memory, with switches for what can go wrong."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from switchboard.ports.errors import ProviderError, ProviderUnavailable
from switchboard.ports.transcriber import Transcript
from tests.fakes.recognition import Heard, Recognition


class FakeTranscriber:
    """`open_error` refuses streams and probes; `fail_after_ms` breaks every stream at that position; `is_mute` hears
    without answering; `open_delay_s` makes it slow to open.
    """

    def __init__(self, name: str = "fake") -> None:
        self.name = name
        self.open_error: ProviderError | None = None
        self.fail_after_ms: int | None = None
        self.is_mute = False
        self.open_delay_s = 0.0
        self.streams: list[FakeStream] = []
        self.probes = 0
        self.is_closed = False

    async def open(self, *, language: str, keyterms: Sequence[str] = ()) -> "FakeStream":
        await asyncio.sleep(self.open_delay_s)
        if self.open_error is not None:
            raise self.open_error
        stream = FakeStream(self)
        self.streams.append(stream)
        return stream

    async def probe(self) -> None:
        self.probes += 1
        if self.open_error is not None:
            raise self.open_error

    async def close(self) -> None:
        self.is_closed = True
        for stream in self.streams:
            await stream.close()


class FakeStream:
    def __init__(self, transcriber: FakeTranscriber) -> None:
        self.audio = b""
        self.is_closed = False
        self.finalizes = 0
        self._transcriber = transcriber
        self._recognition = Recognition()
        self._queue: asyncio.Queue[Transcript | ProviderError | None] = asyncio.Queue()

    def send_audio(self, audio: bytes) -> None:
        assert audio, "an empty frame was sent"
        self.audio += audio
        for heard in self._recognition.hear(audio):
            self._put(heard)
        limit_ms = self._transcriber.fail_after_ms
        if limit_ms is not None and self._recognition.received_ms >= limit_ms:
            self.fail(ProviderUnavailable(self._transcriber.name, "was told to fail"))

    def fail(self, error: ProviderError) -> None:
        self._queue.put_nowait(error)

    def finalize(self) -> None:
        self.finalizes += 1
        self._put(self._recognition.flush(), flushed=True)

    async def results(self) -> AsyncGenerator[Transcript, None]:
        while (item := await self._queue.get()) is not None:
            if isinstance(item, ProviderError):
                raise item
            yield item

    async def close(self) -> None:
        self.is_closed = True
        self._queue.put_nowait(None)

    def _put(self, heard: Heard, *, flushed: bool = False) -> None:
        if not self._transcriber.is_mute:
            self._queue.put_nowait(
                Transcript(heard.text, heard.is_final, 0.9, heard.start_ms, heard.end_ms, flushed)
            )
