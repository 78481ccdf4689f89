"""Text to speech, streaming."""

from collections.abc import AsyncGenerator
from typing import Protocol

from msgspec import Struct

from switchboard.domain.voices import Voice


class WordTiming(Struct, frozen=True):
    """Characters `[0, end_char)` of the text have been spoken when `end_ms` of its audio have been played."""

    end_char: int
    end_ms: int


class SpeechChunk(Struct, frozen=True):
    """The next piece of audio (8 kHz mono mu-law, no header) and, where the vendor tells, word timings in it."""

    audio: bytes
    words: tuple[WordTiming, ...] = ()


class SpeechSession(Protocol):
    """One call's voice. Speaks one text at a time."""

    def synthesize(self, text: str) -> AsyncGenerator[SpeechChunk, None]:
        """Speak one clause or sentence. Yields at least one chunk for text with a letter or digit in it.

        Closing the generator cancels; the session can then speak the next text. Raises `ProviderError`.
        """

    async def close(self) -> None:
        """Release the connection. Idempotent; never raises."""


class Synthesizer(Protocol):
    """A vendor of speech; one per process, shared by all calls."""

    name: str

    async def open(self, *, voice: Voice) -> SpeechSession:
        """Start a session, ready to speak. Raises `ProviderError` within the adapter's connect deadline."""

    async def probe(self) -> None:
        """Check the vendor without a live caller: returns when healthy, raises `ProviderError` if not."""

    async def close(self) -> None:
        """Release what all sessions share."""
