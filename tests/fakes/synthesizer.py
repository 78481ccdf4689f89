"""A synthesizer in memory."""

from collections.abc import AsyncGenerator

from switchboard.domain.voices import Voice
from switchboard.ports.errors import (
    ProviderError,
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from switchboard.ports.synthesizer import SpeechChunk, WordTiming
from tests.fakes.speech_script import CHUNK_MS, MS_PER_CHAR, Fault, Script, audio_of, chunks_of


class FakeSynthesizer:
    """Speaks at `script.ms_per_char`, and fails as `script.fault` says; a fault raises at once instead of stalling."""

    def __init__(
        self,
        name: str = "fake",
        *,
        ms_per_char: int = MS_PER_CHAR,
        tells_words: bool = True,
        fault: Fault | None = None,
    ) -> None:
        self.name = name
        self.script = Script(fault=fault, ms_per_char=ms_per_char)
        self.tells_words = tells_words
        self.voices: list[Voice] = []
        self.texts: list[str] = []
        self.cancelled: list[str] = []
        self.open_sessions = 0
        self.is_closed = False

    async def open(self, *, voice: Voice) -> "FakeSpeech":
        if self.script.fault in {
            Fault.STALLED_CONNECT,
            Fault.SERVER_ERROR,
            Fault.RATE_LIMITED,
            Fault.UNAUTHORIZED,
        }:
            raise self.error()
        self.voices.append(voice)
        self.open_sessions += 1
        return FakeSpeech(self)

    async def probe(self) -> None:
        if self.script.fault not in {None, Fault.SILENT_AUDIO}:
            raise self.error()

    async def close(self) -> None:
        self.is_closed = True

    def error(self) -> ProviderError:
        match self.script.fault:
            case Fault.STALL_BEFORE_AUDIO | Fault.STALL_MID_AUDIO | Fault.STALLED_CONNECT:
                return ProviderTimeout(self.name, "stalled")
            case Fault.RATE_LIMITED:
                return ProviderOverloaded(self.name, "rate limited", retry_after_ms=2_000)
            case Fault.UNAUTHORIZED:
                return ProviderRejected(self.name, "unauthorized")
            case Fault.GARBAGE | Fault.NO_AUDIO:
                return ProviderProtocolError(self.name, "garbage")
            case _:
                return ProviderUnavailable(self.name, "dropped")


class FakeSpeech:
    def __init__(self, synthesizer: FakeSynthesizer) -> None:
        self._synthesizer = synthesizer
        self._is_closed = False

    async def synthesize(self, text: str) -> AsyncGenerator[SpeechChunk, None]:
        if not any(character.isalnum() for character in text):
            return
        fake = self._synthesizer
        fake.texts.append(text)
        finished = False
        try:
            for number, audio in enumerate(chunks_of(self._audio(text))):
                if self._fails_at(number):
                    raise fake.error()
                yield SpeechChunk(audio=audio, words=self._words(text, number))
            finished = True
        except GeneratorExit:
            fake.cancelled.append(text)
            raise
        finally:
            assert finished or not self._is_closed, "closed while speaking"

    async def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._synthesizer.open_sessions -= 1

    def _audio(self, text: str) -> bytes:
        audio = audio_of(text, self._synthesizer.script.ms_per_char)
        if self._synthesizer.script.fault is Fault.SILENT_AUDIO:
            return b"\xff" * len(audio)
        return audio

    def _fails_at(self, number: int) -> bool:
        match self._synthesizer.script.fault:
            case None | Fault.SILENT_AUDIO:
                return False
            case Fault.STALL_MID_AUDIO | Fault.DROP_MID_AUDIO:
                return number == 1
            case _:
                return True

    def _words(self, text: str, number: int) -> tuple[WordTiming, ...]:
        if not self._synthesizer.tells_words:
            return ()
        step = self._synthesizer.script.ms_per_char
        start_ms = number * CHUNK_MS
        ends = [at for at in range(1, len(text) + 1) if at == len(text) or text[at] == " "]
        return tuple(
            WordTiming(end_char=end, end_ms=end * step)
            for end in ends
            if start_ms < end * step <= start_ms + CHUNK_MS
        )
