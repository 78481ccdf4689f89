"""Speech to text, streaming."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from msgspec import Struct


class Transcript(Struct, frozen=True):
    """What was recognised in one stretch of audio.

    An interim result (`is_final` false) replaces the previous interim one; a final result stands and
    the next interim starts after it. A final with empty text is normal: it says that recognition has
    caught up and heard no words. `confidence` is 0..1. `start_ms`/`end_ms` are positions in the audio sent since
    the stream was opened (also after an adapter's own reconnect). `flushed` marks the answer to `finalize()`.
    """

    text: str
    is_final: bool
    confidence: float
    start_ms: int
    end_ms: int
    flushed: bool = False


class TranscriptionStream(Protocol):
    """One caller's audio on its way to text. Used by one task at a time."""

    def send_audio(self, audio: bytes) -> None:
        """Send 8 kHz mono mu-law, any length above zero. Never blocks and never raises for network trouble.

        Buffers at most a few seconds while the connection is being (re)made, dropping the oldest beyond that;
        trouble shows in `results()`.
        """

    def finalize(self) -> None:
        """Ask for final results of everything sent so far, now. Answered by a `flushed` final where the vendor can."""

    def results(self) -> AsyncIterator[Transcript]:
        """Yield transcripts until `close()`. Raises `ProviderError` when the stream cannot go on."""

    async def close(self) -> None:
        """Release the connection. Idempotent; never raises."""


class Transcriber(Protocol):
    """A vendor of transcription; one per process, shared by all calls."""

    name: str

    async def open(self, *, language: str, keyterms: Sequence[str] = ()) -> TranscriptionStream:
        """Start a stream. `language` is BCP 47. Raises `ProviderError` within the adapter's connect deadline."""

    async def probe(self) -> None:
        """Check the vendor without a live caller: returns when healthy, raises `ProviderError` if not."""

    async def close(self) -> None:
        """Release what all streams share."""
