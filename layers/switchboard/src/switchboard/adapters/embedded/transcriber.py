"""Speech recognition in this process, for demo and tests: it knows what Brightline's callers say and nothing else.

What lies outside its grammar is reported as heard but not understood (an empty final), never as something else.
Dictation through it is not possible.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TypeVar

from msgspec import Struct

from switchboard.adapters.embedded import confidence
from switchboard.adapters.embedded.recognizer import Recognizer
from switchboard.adapters.embedded.segmenter import Segmenter, Utterance
from switchboard.adapters.transcript_queue import TranscriptQueue
from switchboard.ports.errors import ProviderError, ProviderRejected, ProviderTimeout, ProviderUnavailable
from switchboard.ports.transcriber import Transcript

NAME = "embedded"
JOBS_MAX = 16
"""Utterances of one stream that wait to be recognised. At 12 s each more than three minutes of speech, and the decoder is ten
times faster than speech: reached only when the machine is hopelessly overloaded."""
FIRST_INTERIM_MS = 500
"""Of audio with its 240 ms of lead: the first word of an interruption."""
INTERIM_GROWTH = 1.5
"""Each interim result decodes the utterance from its start again; growing steps keep the sum at about three times the utterance."""

_READY_DEADLINE_S = 15.0  # loading takes 0.15 s of CPU per decoder
_DECODE_DEADLINE_S = 10.0  # the longest utterance takes 1.2 s of CPU; other streams' jobs go first

_T = TypeVar("_T")


class EmbeddedTranscriber:
    """pocketsphinx behind the `Transcriber` port. `workers_max` decoders, 40 MB and a thread each, serve all calls."""

    name = NAME

    def __init__(self, *, workers_max: int = 2, endpoint_ms: int = 300) -> None:
        assert workers_max > 0
        assert endpoint_ms > 0
        self._endpoint_ms = endpoint_ms
        self._pool = _Pool(workers_max)
        self._streams: set[EmbeddedTranscriptionStream] = set()

    async def warm(self) -> None:
        """Load the decoders, before the first call rather than in it. Raises `ProviderError`."""
        await self._pool.load()

    async def open(self, *, language: str, keyterms: Sequence[str] = ()) -> "EmbeddedTranscriptionStream":  # noqa: ARG002 - the grammar is fixed: key terms can add nothing
        """Start a stream. Raises `ProviderRejected` for any language but English, `ProviderTimeout`."""
        if language.lower().partition("-")[0] != "en":
            raise ProviderRejected(NAME, "only English is embedded")
        await self.warm()
        stream = EmbeddedTranscriptionStream(
            self._pool, endpoint_ms=self._endpoint_ms, on_close=self._streams.discard
        )
        self._streams.add(stream)
        return stream

    async def probe(self) -> None:
        """Decode nothing with every decoder loaded."""
        await self.warm()

    async def close(self) -> None:
        """Close the streams that are left, and the decoders once their present utterance is done."""
        for stream in tuple(self._streams):
            await stream.close()
        self._pool.close()


class EmbeddedTranscriptionStream:
    """One caller; made by `EmbeddedTranscriber.open`."""

    def __init__(
        self, pool: "_Pool", *, endpoint_ms: int, on_close: Callable[["EmbeddedTranscriptionStream"], None]
    ) -> None:
        self._pool = pool
        self._on_close = on_close
        self._segmenter = Segmenter(endpoint_ms=endpoint_ms)
        self._transcripts = TranscriptQueue()
        self._jobs: deque[_Job] = deque(maxlen=JOBS_MAX)
        self._wake = asyncio.Event()
        self._interim_at_ms = FIRST_INTERIM_MS
        self._closed = False
        self._task = asyncio.create_task(self._work(), name="embedded transcription")

    def send_audio(self, audio: bytes) -> None:
        """Take audio; costs some 20 us per 20 ms here, the rest is the worker's."""
        if self._closed:
            return
        for utterance in self._segmenter.add(audio):
            self._enqueue(_Job(utterance, at_ms=utterance.end_ms))
        if self._segmenter.open_ms >= self._interim_at_ms:
            self._wake.set()

    def finalize(self) -> None:
        """End the utterance here; answered by a flushed final in any case, an empty one if there was no speech."""
        if not self._closed:
            self._enqueue(_Job(self._segmenter.flush(), at_ms=self._segmenter.position_ms, flushes=True))

    async def results(self) -> AsyncGenerator[Transcript, None]:
        """Yield transcripts until `close()`. Raises `ProviderTimeout` when the workers do not keep up."""
        async for transcript in self._transcripts.read():
            yield transcript

    async def close(self) -> None:
        """Stop; what is not recognised yet is dropped."""
        if self._closed:
            return
        self._closed = True
        self._transcripts.end()
        self._task.cancel()
        await asyncio.wait({self._task})
        self._on_close(self)

    def _enqueue(self, job: "_Job") -> None:
        self._jobs.append(job)
        self._interim_at_ms = FIRST_INTERIM_MS
        self._wake.set()

    async def _work(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._jobs:
                    await self._finish(self._jobs.popleft())
                if self._segmenter.open_ms >= self._interim_at_ms:
                    await self._look_ahead()
        except ProviderError as error:
            self._transcripts.fail(error)

    async def _finish(self, job: "_Job") -> None:
        if job.utterance is None:
            self._transcripts.put(Transcript("", True, 0.0, job.at_ms, job.at_ms, job.flushes))
            return
        audio = job.utterance.audio
        recognition = await self._pool.run(lambda recognizer: recognizer.recognize(audio))
        text, certainty = confidence.judge(recognition)
        start_ms, end_ms = job.utterance.start_ms, min(job.utterance.end_ms, job.at_ms)
        self._transcripts.put(Transcript(text, True, certainty, start_ms, end_ms, job.flushes))

    async def _look_ahead(self) -> None:
        utterance = self._segmenter.open_utterance()
        if utterance is None:
            return
        text = await self._pool.run(lambda recognizer: recognizer.recognize_beginning(utterance.audio))
        still_open = self._segmenter.open_utterance()
        if still_open is None or still_open.start_ms != utterance.start_ms:
            return  # its final is on the way
        self._interim_at_ms = int(self._segmenter.open_ms * INTERIM_GROWTH)
        if text:
            self._transcripts.put(
                Transcript(text, False, _INTERIM_CONFIDENCE, utterance.start_ms, utterance.end_ms)
            )


# An unfinished sentence cannot be weighed against the phones: it may be right or not.
_INTERIM_CONFIDENCE = 0.5


class _Job(Struct, frozen=True):
    """An utterance that ended; none when `finalize()` came in silence."""

    utterance: Utterance | None
    at_ms: int
    flushes: bool = False


class _Pool:
    """Decoders and as many threads, so a thread that runs always finds a decoder free."""

    def __init__(self, workers_max: int) -> None:
        self._missing = workers_max
        self._threads = ThreadPoolExecutor(max_workers=workers_max, thread_name_prefix="recognizer")
        self._idle: SimpleQueue[Recognizer] = SimpleQueue()
        self._loading = asyncio.Lock()

    async def load(self) -> None:
        """Make the decoders that are missing, one after the other."""
        async with self._loading:
            while self._missing:
                self._idle.put(await self._submit(Recognizer, deadline_s=_READY_DEADLINE_S))
                self._missing -= 1

    async def run(self, work: Callable[[Recognizer], _T]) -> _T:
        """Run on the next free decoder. Raises `ProviderTimeout`, `ProviderUnavailable` when closed."""

        def borrow() -> _T:
            recognizer = self._idle.get_nowait()
            try:
                return work(recognizer)
            finally:
                self._idle.put(recognizer)

        return await self._submit(borrow, deadline_s=_DECODE_DEADLINE_S)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _submit(self, work: Callable[[], _T], *, deadline_s: float) -> _T:
        try:
            future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        except RuntimeError:  # what an executor that was shut down raises
            raise ProviderUnavailable(NAME, "the transcriber is closed") from None
        try:
            async with asyncio.timeout(deadline_s):
                return await future
        except TimeoutError:
            raise ProviderTimeout(NAME, "the decoders do not keep up with the audio") from None
