"""Speech from espeak-ng in this process, for demo and tests: intelligible, instant, free, and not a human voice."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from threading import Event

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from switchboard.adapters.embedded import espeak
from switchboard.adapters.embedded.speech_track import SpeechTrack
from switchboard.domain.voices import Voice
from switchboard.media.mulaw import SAMPLES_PER_MS
from switchboard.ports.errors import ProviderRejected, ProviderTimeout, ProviderUnavailable
from switchboard.ports.synthesizer import SpeechChunk, WordTiming

NAME = "embedded"
PIECE_CHARS_MAX = 600
"""Longest text given to the library in one go: about 45 s of speech, so what waits for a slow reader stays under
400 kB, and other calls wait about 100 ms for the library at worst."""
TEXT_CHARS_MAX = 5000
"""A clause or a sentence is meant."""

_OPEN_DEADLINE_S = 5.0  # loading the library takes 20 ms; this is for a machine that swaps
_CHUNK_DEADLINE_S = 5.0  # pieces of other calls go first, each about 100 ms of CPU at most


class _Sound(Struct, frozen=True):
    """A voice of the library; `gain` brings its peaks to about half of full scale (-6 dBFS)."""

    name: str
    gain: float
    pitch: int = 50


# Gains as measured over ten sentences each.
_SOUNDS = {
    ("en", "female"): _Sound("en-us+f2", 0.62),
    ("en", "male"): _Sound("en-us+m3", 0.57),
    ("en-gb", "female"): _Sound("en-gb-x-rp+f2", 0.54),
    ("en-gb", "male"): _Sound("en-gb-x-rp+m3", 0.52),
    ("es", "female"): _Sound("es+f2", 0.51),
    ("es", "male"): _Sound("es+m3", 0.51),
    ("de", "female"): _Sound("de+f2", 0.51),
    ("de", "male"): _Sound("de+m3", 0.51),
    ("fr", "female"): _Sound("fr+f2", 0.76),
    ("fr", "male"): _Sound("fr+m3", 0.7),
}
_GAIN_OF_NAMED = 0.55  # of a voice chosen by name: the loudest then peaks at -5 dBFS


class EmbeddedSynthesizer:
    """espeak-ng behind the `Synthesizer` port; the sessions of all calls share one worker thread.

    `voice.names["embedded"]` may hold any espeak-ng voice (`en-us+f5`); otherwise language and gender choose.
    """

    name = NAME

    def __init__(self, *, words_per_minute: int = 165) -> None:
        assert 80 <= words_per_minute <= 450, "the range espeak-ng accepts"
        self._words_per_minute = words_per_minute
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="espeak")

    async def open(self, *, voice: Voice) -> "EmbeddedSpeechSession":
        """Load the library if nothing has yet. Raises `ProviderUnavailable`, `ProviderTimeout`."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_OPEN_DEADLINE_S):
                await loop.run_in_executor(self._worker, espeak.library)
        except espeak.EspeakFailed as error:
            raise ProviderUnavailable(NAME, str(error)) from None
        except TimeoutError:
            raise ProviderTimeout(NAME, "the speech library did not load") from None
        except RuntimeError:  # what an executor that was shut down raises
            raise ProviderUnavailable(NAME, "the synthesizer is closed") from None
        return EmbeddedSpeechSession(
            sound=_choose(voice), words_per_minute=self._words_per_minute, worker=self._worker
        )

    async def probe(self) -> None:
        """Speak one word and discard it."""
        session = await self.open(voice=Voice())
        async for _ in session.synthesize("ready"):
            pass
        await session.close()

    async def close(self) -> None:
        """End the worker thread after the current piece; the library stays with the process."""
        self._worker.shutdown(wait=False, cancel_futures=True)


class EmbeddedSpeechSession:
    """One call's voice; made by `EmbeddedSynthesizer.open`."""

    def __init__(self, *, sound: _Sound, words_per_minute: int, worker: ThreadPoolExecutor) -> None:
        self._sound = sound
        self._words_per_minute = words_per_minute
        self._worker = worker
        self._stop = Event()
        self._closed = False

    async def synthesize(self, text: str) -> AsyncGenerator[SpeechChunk, None]:
        """Speak `text`; see the port. Word timings are the library's own, one per blank-separated word.

        Raises `ProviderRejected` for text over `TEXT_CHARS_MAX` or an unknown voice, `ProviderUnavailable` after
        `close()`, `ProviderTimeout` when the worker is stuck.
        """
        if self._closed:
            raise ProviderUnavailable(NAME, "the session is closed")
        if len(text) > TEXT_CHARS_MAX:
            raise ProviderRejected(NAME, f"text longer than {TEXT_CHARS_MAX} characters")
        spoken_ms = 0
        for start_char, piece in _pieces(text):
            piece_ms = 0
            async with aclosing(self._speak(piece)) as chunks:
                async for chunk in chunks:
                    piece_ms += len(chunk.audio) // SAMPLES_PER_MS
                    words = (WordTiming(w.end_char + start_char, w.end_ms + spoken_ms) for w in chunk.words)
                    yield SpeechChunk(chunk.audio, tuple(words))
            spoken_ms += piece_ms

    async def close(self) -> None:
        """Stop speaking."""
        self._closed = True
        self._stop.set()

    async def _speak(self, piece: str) -> AsyncGenerator[SpeechChunk, None]:
        loop = asyncio.get_running_loop()
        # Bounded by PIECE_CHARS_MAX, not by a limit: the shared worker must never wait for one call's reader.
        chunks: asyncio.Queue[SpeechChunk | None] = asyncio.Queue()
        self._stop = Event()

        stop = self._stop

        def deliver(chunk: SpeechChunk | None) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody listens any more
                loop.call_soon_threadsafe(chunks.put_nowait, chunk)

        def work() -> None:
            try:
                if not stop.is_set():
                    self._produce(piece, stop, deliver)
            finally:
                deliver(None)

        try:
            job = loop.run_in_executor(self._worker, work)
        except RuntimeError:  # what an executor that was shut down raises
            raise ProviderUnavailable(NAME, "the synthesizer is closed") from None
        try:
            while (chunk := await asyncio.wait_for(chunks.get(), _CHUNK_DEADLINE_S)) is not None:
                yield chunk
            await job
        except espeak.EspeakFailed as error:
            raise ProviderRejected(NAME, str(error)) from None
        except TimeoutError:
            raise ProviderTimeout(NAME, "the speech worker did not answer") from None
        finally:
            stop.set()
            # At most one buffer of 60 ms is still being made, in well under a millisecond.
            await asyncio.wait({job}, timeout=_CHUNK_DEADLINE_S)

    def _produce(self, piece: str, stop: Event, deliver: Callable[[SpeechChunk], None]) -> None:
        """Speak on the worker thread until done or stopped."""
        track = SpeechTrack(piece, gain=self._sound.gain)

        def receive(samples: NDArray[np.int16], words: tuple[espeak.WordStart, ...]) -> bool:
            for chunk in track.add(samples, words):
                deliver(chunk)
            return not stop.is_set()

        espeak.library().speak(
            piece,
            voice=self._sound.name,
            words_per_minute=self._words_per_minute,
            pitch=self._sound.pitch,
            receive=receive,
        )
        if not stop.is_set():
            for chunk in track.finish():
                deliver(chunk)


def _choose(voice: Voice) -> _Sound:
    if named := voice.names.get(NAME):
        return _Sound(named, _GAIN_OF_NAMED)
    language = voice.language.lower()
    for known in (language, language.partition("-")[0], "en"):
        if sound := _SOUNDS.get((known, voice.gender)):
            return sound
    raise AssertionError("English has a sound for every gender")


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Cut text with something to say in it into pieces the worker may take in one go, at blanks where possible."""
    start = 0
    while start < len(text):
        end = min(len(text), start + PIECE_CHARS_MAX)
        if end < len(text) and (blank := text.rfind(" ", start, end)) > start:
            end = blank
        if any(character.isalnum() for character in text[start:end]):
            yield start, text[start:end]
        start = end
