"""Fixed phrases, rendered before the first call: they sound at once, also when every voice vendor is down."""

import asyncio
from collections.abc import AsyncIterator, Iterable

from msgspec import Struct

from switchboard.domain.voices import Voice
from switchboard.ports.errors import ProviderError
from switchboard.ports.synthesizer import SpeechChunk, Synthesizer

RENDERERS = 4
"""Sessions side by side: a start takes seconds, not the sum of all phrases, and no vendor's limit per session is reached."""
PHRASE_BYTES_MAX = 30 * 8000
"""Half a minute: longer than any fixed phrase."""


class Phrase(Struct, frozen=True):
    """One rendered phrase: mu-law audio and `(end_ms, end_char)` word timings where the vendor gives them."""

    audio: bytes
    words: tuple[tuple[int, int], ...] = ()


_Key = tuple[str, str, tuple[tuple[str, str], ...], str]


class PhraseCache:
    """All rendered phrases of this process."""

    def __init__(self) -> None:
        self._phrases: dict[_Key, Phrase] = {}

    def get(self, voice: Voice, text: str) -> Phrase | None:
        """The phrase in this voice, if it has been rendered."""
        return self._phrases.get(_key(voice, text))

    def keep_only(self, wanted: Iterable[tuple[Voice, str]]) -> None:
        """Forget every other phrase."""
        keys = {_key(voice, text) for voice, text in wanted}
        self._phrases = {key: phrase for key, phrase in self._phrases.items() if key in keys}

    async def render(self, synthesizer: Synthesizer, voice: Voice, texts: Iterable[str]) -> int:
        """Render what is missing; returns how many phrases are missing still.

        A vendor that is down does not keep the process from starting: those phrases are synthesised when needed.
        """
        wanted = [text for text in texts if self.get(voice, text) is None]
        shares = [wanted[start::RENDERERS] for start in range(RENDERERS)]
        missing = await asyncio.gather(
            *(self._render_share(synthesizer, voice, share) for share in shares if share)
        )
        return sum(missing)

    async def _render_share(self, synthesizer: Synthesizer, voice: Voice, texts: list[str]) -> int:
        try:
            session = await synthesizer.open(voice=voice)
        except ProviderError:
            return len(texts)
        missing = 0
        try:
            for text in texts:
                try:
                    self._phrases[_key(voice, text)] = await _render(session.synthesize(text))
                except ProviderError:
                    missing += 1
        finally:
            await session.close()
        return missing


def _key(voice: Voice, text: str) -> _Key:
    """Two tenants may share language and gender, and have chosen different voices of a vendor."""
    return voice.language, voice.gender, tuple(sorted(voice.names.items())), text


async def _render(chunks: AsyncIterator[SpeechChunk]) -> Phrase:
    audio = bytearray()
    words: list[tuple[int, int]] = []
    async for chunk in chunks:
        audio += chunk.audio[: PHRASE_BYTES_MAX - len(audio)]
        words += [(word.end_ms, word.end_char) for word in chunk.words]
    return Phrase(bytes(audio), tuple(words))
