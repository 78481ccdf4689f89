"""A synthesizer that is several: when one fails in mid-sentence, the next speaks the rest of it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from msgspec import structs

from switchboard.adapters.failover.providers import Member, Providers
from switchboard.adapters.voices import is_speakable
from switchboard.domain.voices import Voice
from switchboard.media import mulaw
from switchboard.ports.errors import ProviderError, ProviderProtocolError
from switchboard.ports.synthesizer import SpeechChunk, SpeechSession, Synthesizer

CHARS_PER_S = 15
"""The usual pace of synthetic speech, for vendors without word timings."""
NEAR_SILENCE_AMPLITUDE = 100
"""About -50 dBFS: comfort noise and codec dither stay below, the softest spoken vowel far above."""
LEADING_SILENCE_MAX_MS = 2_000
"""Held back at most; natural leading silence is under half a second, so this much is a broken voice."""

_NEAR_SILENT_CODES = mulaw.codes_up_to(NEAR_SILENCE_AMPLITUDE)


class FailoverSynthesizer(Providers[Synthesizer]):
    """Implements the port over others. Budgets are for the first audible audio of a text."""

    kind = "synthesizer"

    async def open(self, *, voice: Voice) -> "FailoverSpeechSession":
        """Part of the port."""
        session = FailoverSpeechSession(self, voice)
        await session.connect()
        return session


class FailoverSpeechSession:
    """One call's voice over several vendors. Stays with a vendor while it serves, so that the voice changes seldom."""

    def __init__(self, providers: FailoverSynthesizer, voice: Voice) -> None:
        self._providers = providers
        self._voice = voice
        self._member: Member[Synthesizer] | None = None
        self._session: SpeechSession | None = None

    async def connect(self) -> None:
        """Open the first session. Raises `ProviderError`."""
        await self._open([], None)

    async def synthesize(self, text: str) -> AsyncGenerator[SpeechChunk, None]:
        """Part of the port."""
        tried: list[Member[Synthesizer]] = []
        error: ProviderError | None = None
        chars_spoken = 0
        audio_ms = 0
        await self._leave_slow_provider()
        while True:
            if self._session is None:
                await self._open(tried, error)
            member, session = self._current()
            part = _Part(text[chars_spoken:])
            try:
                with self._providers.use(member) as use:
                    async with aclosing(_audible(session, part.text, member.name)) as chunks:
                        async for chunk in chunks:
                            use.answered()
                            part.add(chunk)
                            yield _shifted(chunk, chars=chars_spoken, by_ms=audio_ms)
            except ProviderError as failure:
                self._providers.failed(member, failure)
                await self._drop_session()
                tried.append(member)
                error = failure
                chars_spoken += part.chars_spoken()
                audio_ms += part.audio_ms
                if not is_speakable(text[chars_spoken:]):
                    return
            else:
                return

    async def close(self) -> None:
        """Part of the port."""
        await self._drop_session()

    async def _open(self, tried: list[Member[Synthesizer]], error: ProviderError | None) -> None:
        tried = list(tried)
        while True:
            member = self._providers.choose(tried, error)
            if tried and error is not None:
                self._providers.switched(tried[-1], member, error)
            try:
                self._session = await member.provider.open(voice=self._voice)
            except ProviderError as failure:
                self._providers.failed(member, failure)
                tried.append(member)
                error = failure
            else:
                self._member = member
                return

    async def _leave_slow_provider(self) -> None:
        """Between two texts is the moment to leave a vendor whose breaker other calls have opened."""
        member = self._member
        if member is not None and not member.breaker.allows() and self._providers.has_other(member):
            await self._drop_session()

    async def _drop_session(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _current(self) -> tuple[Member[Synthesizer], SpeechSession]:
        assert self._member is not None
        assert self._session is not None
        return self._member, self._session


class _Part:
    """What one vendor has spoken of the text it was given."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._samples = 0
        self._words: list[tuple[int, int]] = []

    @property
    def audio_ms(self) -> int:
        return self._samples // mulaw.SAMPLES_PER_MS

    def add(self, chunk: SpeechChunk) -> None:
        self._samples += len(chunk.audio)
        self._words += [(word.end_char, word.end_ms) for word in chunk.words]

    def chars_spoken(self) -> int:
        """Where the next vendor starts: after the last whole word of the audio, rather a word too early than too late."""
        if not self._samples:
            return 0
        if self._words:
            return max((char for char, end_ms in self._words if end_ms <= self.audio_ms), default=0)
        estimate = min(self.audio_ms * CHARS_PER_S // 1000, len(self.text))
        return self.text.rfind(" ", 0, max(0, estimate - 1)) + 1


async def _audible(session: SpeechSession, text: str, provider: str) -> AsyncGenerator[SpeechChunk, None]:
    """Pass speech on from its first sound. Leading silence waits for that sound, so that a vendor that sends only
    silence can still be replaced; nothing audible is delayed. Raises `ProviderProtocolError` for silence alone.
    """
    held: list[SpeechChunk] = []
    held_samples = 0
    heard = not is_speakable(text)
    async with aclosing(session.synthesize(text)) as chunks:
        async for chunk in chunks:
            if not heard:
                held.append(chunk)
                held_samples += len(chunk.audio)
                heard = bool(chunk.audio.translate(None, _NEAR_SILENT_CODES))
                if heard:
                    for waiting in held:
                        yield waiting
                elif held_samples > LEADING_SILENCE_MAX_MS * mulaw.SAMPLES_PER_MS:
                    break
            else:
                yield chunk
    if not heard:
        raise ProviderProtocolError(provider, "spoke without a sound")


def _shifted(chunk: SpeechChunk, *, chars: int, by_ms: int) -> SpeechChunk:
    if not chunk.words or not (chars or by_ms):
        return chunk
    words = tuple(
        structs.replace(word, end_char=word.end_char + chars, end_ms=word.end_ms + by_ms)
        for word in chunk.words
    )
    return structs.replace(chunk, words=words)
