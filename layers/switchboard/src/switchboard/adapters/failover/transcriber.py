"""A transcriber that is several: when a stream fails, the next vendor hears again what is not yet recognised."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from msgspec import structs

from switchboard.adapters.failover.providers import Member, Providers
from switchboard.media.replay import AnswerWatch, ReplayBuffer
from switchboard.ports.errors import ProviderError, ProviderTimeout, ProviderUnavailable
from switchboard.ports.transcriber import Transcriber, Transcript, TranscriptionStream

OVERDUE_FACTOR = 4
"""Speech unanswered for this multiple of the budget moves its own stream, whatever the breaker says."""
TICKS_PER_BUDGET = 2
"""How often unanswered speech is looked for: one timer per stream, nothing per frame."""


class FailoverTranscriber(Providers[Transcriber]):
    """Implements the port over others. Budgets are for the first result to the first speech of a stream."""

    kind = "transcriber"

    async def open(self, *, language: str, keyterms: Sequence[str] = ()) -> "FailoverTranscriptionStream":
        """Part of the port: opened at the first provider that may serve and does."""
        stream = FailoverTranscriptionStream(self, language, tuple(keyterms))
        await stream.connect()
        return stream


class FailoverTranscriptionStream:
    """One caller's audio over several vendors. Positions are those of this stream, whoever recognises.

    Switching happens in the task that reads `results()`. `dropped_ms` counts audio that was too old to be replayed.
    """

    def __init__(self, providers: FailoverTranscriber, language: str, keyterms: tuple[str, ...]) -> None:
        self.dropped_ms = 0
        self._providers = providers
        self._language = language
        self._keyterms = keyterms
        self._loop = asyncio.get_running_loop()
        self._audio = ReplayBuffer()
        self._watch = AnswerWatch(self._audio, providers.clock())
        self._member: Member[Transcriber] | None = None
        self._stream: TranscriptionStream | None = None
        self._tried: list[Member[Transcriber]] = []
        self._retiring: set[asyncio.Task[None]] = set()
        self._overdue: ProviderError | None = None
        self._failure: ProviderError | None = None
        self._base_ms = 0
        self._first_answered = False
        self._slow_reported = False
        self._finalize_pending = False
        self._ticker: asyncio.TimerHandle | None = None
        self._closed = asyncio.Event()

    async def connect(self) -> None:
        """Open the first stream. Raises the last `ProviderError` if nobody serves."""
        await self._attach(None)

    def send_audio(self, audio: bytes) -> None:
        """Part of the port."""
        if not audio:
            return
        self._audio.append(audio)
        if self._stream is not None:
            self._stream.send_audio(audio)

    def finalize(self) -> None:
        """Part of the port."""
        self._finalize_pending = True
        if self._stream is not None:
            self._stream.finalize()

    async def results(self) -> AsyncGenerator[Transcript, None]:
        """Part of the port. Raises the last `ProviderError` once no provider is left."""
        while not self._closed.is_set():
            if self._failure is not None:
                raise self._failure
            assert self._stream is not None
            try:
                async for transcript in self._stream.results():
                    if self._closed.is_set():
                        return
                    yield self._accept(transcript)
            except ProviderError as failure:
                error = failure
            else:
                error = self._overdue or ProviderUnavailable(self._current().name, "ended the stream")
            if not self._closed.is_set():
                await self._switch(error)

    async def close(self) -> None:
        """Part of the port."""
        self._closed.set()
        self._retire()
        if self._retiring:
            await asyncio.wait(self._retiring)

    async def _switch(self, error: ProviderError) -> None:
        member = self._current()
        self._retire()
        self._providers.failed(member, error)
        self._tried.append(member)
        try:
            await self._attach(error)
        except ProviderError as last:
            self._failure = last

    async def _attach(self, error: ProviderError | None) -> None:
        while True:
            member = self._providers.choose(self._tried, error)
            if self._tried and error is not None:
                self._providers.switched(self._tried[-1], member, error)
            try:
                stream = await member.provider.open(language=self._language, keyterms=self._keyterms)
            except ProviderError as failure:
                self._providers.failed(member, failure)
                self._tried.append(member)
                error = failure
            else:
                break
        if self._closed.is_set():
            await stream.close()
            return
        self._member = member
        self._stream = stream
        self._begin(stream)

    def _begin(self, stream: TranscriptionStream) -> None:
        self._base_ms = self._audio.start_ms
        self.dropped_ms += self._audio.gap_ms
        self._audio.forget(self._base_ms)
        self._overdue = None
        self._first_answered = False
        self._slow_reported = False
        self._watch = AnswerWatch(self._audio, self._providers.clock())
        for audio in self._audio.chunks():
            stream.send_audio(audio)
        if self._finalize_pending:
            stream.finalize()
        self._tick()

    def _accept(self, transcript: Transcript) -> Transcript:
        now_ms = self._providers.clock()
        waited_ms = self._watch.answered(now_ms)
        if not self._first_answered:
            self._first_answered = True
            self._providers.answered(self._current(), waited_ms)
            if not self._slow_reported:
                self._current().breaker.record_latency(waited_ms, now_ms)
        self._slow_reported = False
        if self._base_ms:
            transcript = structs.replace(
                transcript,
                start_ms=transcript.start_ms + self._base_ms,
                end_ms=transcript.end_ms + self._base_ms,
            )
        if transcript.is_final:
            self._audio.forget(transcript.end_ms)
            # It works: should it fail later, those that failed before may have recovered.
            self._tried.clear()
        if transcript.flushed:
            self._finalize_pending = False
        return transcript

    def _tick(self) -> None:
        member = self._current()
        breaker = member.breaker
        self._ticker = self._loop.call_later(breaker.budget_ms / TICKS_PER_BUDGET / 1000, self._tick)
        now_ms = self._providers.clock()
        waited_ms = self._watch.check(now_ms)
        if waited_ms <= breaker.slow_after_ms:
            return
        if not self._slow_reported:
            self._slow_reported = True
            breaker.record_latency(waited_ms, now_ms)
        patience_over = not breaker.allows() or waited_ms >= OVERDUE_FACTOR * breaker.budget_ms
        if patience_over and self._providers.has_other(member):
            # Closing the vendor's stream ends its results, which lets the reader switch.
            self._overdue = ProviderTimeout(member.name, "speech went unanswered")
            self._retire()

    def _retire(self) -> None:
        if self._ticker is not None:
            self._ticker.cancel()
            self._ticker = None
        stream, self._stream = self._stream, None
        if stream is not None:
            # In a task of its own: the caller's words must not wait for a dead vendor's goodbye.
            task = self._loop.create_task(stream.close())
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)

    def _current(self) -> Member[Transcriber]:
        assert self._member is not None
        return self._member
