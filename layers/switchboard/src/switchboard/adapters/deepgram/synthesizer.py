"""Deepgram Aura text to speech over its WebSocket, mu-law 8 kHz straight through.

Source: developers.deepgram.com, "Text to Speech WebSocket", pages Flush, Clear, Close and Limits.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from switchboard.adapters.keys import Key, reader
from switchboard.adapters.sockets import ProviderSocket
from switchboard.adapters.voices import choose_voice, is_speakable, probe_by_speaking, split_text
from switchboard.domain.voices import Voice
from switchboard.ports.errors import (
    ProviderError,
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderTimeout,
)
from switchboard.ports.synthesizer import SpeechChunk

DEFAULT_VOICES = {
    ("en", "female"): "aura-2-thalia-en",
    ("en", "male"): "aura-2-apollo-en",
    ("es", "female"): "aura-2-celeste-es",
    ("es", "male"): "aura-2-nestor-es",
    ("de", "female"): "aura-2-viktoria-de",
    ("de", "male"): "aura-2-julius-de",
    ("fr", "female"): "aura-2-agathe-fr",
    ("fr", "male"): "aura-2-hector-fr",
    ("it", "female"): "aura-2-livia-it",
    ("it", "male"): "aura-2-dionisio-it",
    ("nl", "female"): "aura-2-rhea-nl",
    ("nl", "male"): "aura-2-sander-nl",
    ("ja", "female"): "aura-2-izanami-ja",
    ("ja", "male"): "aura-2-fujin-ja",
}

SPEAK_CHARS_MAX = 2000
"""Characters in one Speak message."""

WINDOW_S = 60.0
"""The span over which Deepgram counts Flush messages and characters of a connection."""

FLUSHES_PER_WINDOW_MAX = 20
"""Beyond it a Flush is answered by a Warning and nothing is spoken."""

CHARS_PER_WINDOW_MAX = 2400
"""Beyond it the connection is dropped."""

CONNECTION_AGE_S_MAX = 55 * 60.0
"""Deepgram ends a connection after 60 minutes; we leave earlier, between two texts."""

CLEAR_TIMEOUT_MS = 300
"""How long the next text waits for `Cleared` before it takes a new connection instead."""

FLUSH = '{"type":"Flush"}'
CLEAR = '{"type":"Clear"}'


class _Message(Struct):
    """A text message from the server; its further fields are not needed."""

    type: str


class _Timeouts(Struct, frozen=True):
    """Deadlines in milliseconds, each for one wait."""

    connect_ms: int
    first_audio_ms: int
    gap_ms: int


class DeepgramSynthesizer:
    """Aura voices; every session holds one socket, as Deepgram asks of a conversation.

    `base_url` is the WebSocket root without a path (there are regional ones). The deadlines are in milliseconds: to
    connect, from the text to its first audio, and between two pieces of audio.
    """

    name = "deepgram"

    def __init__(
        self,
        *,
        api_key: Key,
        base_url: str = "wss://api.deepgram.com",
        connect_timeout_ms: int = 1_000,
        first_audio_timeout_ms: int = 1_000,
        gap_timeout_ms: int = 1_000,
    ) -> None:
        self._key = reader(api_key)
        self._base_url = base_url
        self._timeouts = _Timeouts(
            connect_ms=connect_timeout_ms, first_audio_ms=first_audio_timeout_ms, gap_ms=gap_timeout_ms
        )

    async def open(self, *, voice: Voice) -> "DeepgramSpeech":
        """Connect for one call. Raises `ProviderError`."""
        query = urlencode(
            {
                "model": choose_voice(self.name, voice, DEFAULT_VOICES),
                "encoding": "mulaw",
                "sample_rate": 8000,
            }
        )
        socket = ProviderSocket(
            self.name,
            f"{self._base_url}/v1/speak?{query}",
            headers={"Authorization": f"Token {self._key()}"},
            connect_timeout_ms=self._timeouts.connect_ms,
        )
        session = DeepgramSpeech(self.name, socket, self._timeouts)
        await session.connect()
        return session

    async def probe(self) -> None:
        """Speak a word to nobody. Raises `ProviderError`."""
        await probe_by_speaking(self)

    async def close(self) -> None:
        """Nothing is shared between sessions."""


class DeepgramSpeech:
    """One call's voice on one socket.

    Nobody reads the socket between two texts: the rest of a cancelled one waits there, and the next text throws
    it away up to `Cleared` before it speaks. So cancelling costs the caller of `aclose()` no round trip.
    """

    def __init__(self, provider: str, socket: ProviderSocket, timeouts: _Timeouts) -> None:
        self._provider = provider
        self._socket = socket
        self._timeouts = timeouts
        self._spent = _Spent(0.0)
        self._clears_unanswered = 0
        self._was_cleared = False
        self._was_warned = False

    async def connect(self) -> None:
        """Have a connection that stands, with its limits counted from zero if it is new."""
        if await self._socket.ensure():
            self._spent = _Spent(_now_s())
            self._clears_unanswered = 0
            self._was_cleared = False
            self._was_warned = False

    async def synthesize(self, text: str) -> AsyncGenerator[SpeechChunk, None]:
        """Speak one text; see `SpeechSession.synthesize`."""
        if not is_speakable(text):
            return
        finished = False
        try:
            audio = await self._first_audio(text)
            while audio:
                yield SpeechChunk(audio=audio)
                async with self._socket.failures(timeout_ms=self._timeouts.gap_ms, awaited="further audio"):
                    audio = await self._next_audio()
            finished = True
        except ProviderError:
            # What this connection would still send belongs to a text that has failed.
            self._socket.drop()
            raise
        finally:
            if not finished:
                await self._cancel()

    async def close(self) -> None:
        """Release the connection. Idempotent; never raises."""
        await self._socket.close()

    async def _first_audio(self, text: str) -> bytes:
        is_new = await self._prepare(len(text))
        try:
            return await self._start(text)
        except ProviderError:
            # A server may close an idle connection while our text is on its way; that is no failure yet.
            if is_new or self._socket.is_open:
                raise
        await self.connect()
        return await self._start(text)

    async def _prepare(self, chars: int) -> bool:
        if self._socket.is_open and self._clears_unanswered:
            await self._await_cleared()
        if not self._spent.allows(chars, _now_s()) or self._was_warned:
            self._socket.drop()
        is_new = not self._socket.is_open
        await self.connect()
        return is_new

    async def _start(self, text: str) -> bytes:
        self._spent.add(len(text), _now_s())
        try:
            async with self._socket.failures(timeout_ms=self._timeouts.first_audio_ms, awaited="first audio"):
                for part in split_text(text, SPEAK_CHARS_MAX):
                    speak = msgspec.json.encode({"type": "Speak", "text": part})
                    await self._socket.connection.send(speak, text=True)
                await self._socket.connection.send(FLUSH)
                audio = await self._next_audio()
                if not audio and self._was_cleared:
                    # The `Flushed` of the text that was cleared may come after `Cleared`.
                    audio = await self._next_audio()
        except ProviderTimeout:
            if self._was_warned:
                raise ProviderOverloaded(self._provider, "warned of a limit and stayed silent") from None
            raise
        self._was_cleared = False
        if not audio:
            raise ProviderProtocolError(self._provider, "finished a text without audio")
        return audio

    async def _next_audio(self) -> bytes:
        """The next piece of audio, or nothing once the text is finished."""
        while True:
            message = await self._socket.connection.recv()
            if isinstance(message, bytes):
                if message:
                    return message
                continue
            match msgspec.json.decode(message, type=_Message).type:
                case "Flushed":
                    return b""
                case "Warning":
                    # Codes are not documented. A limit that was hit shows in the silence after it.
                    self._was_warned = True
                case _:
                    pass  # Metadata, and whatever Deepgram adds

    async def _cancel(self) -> None:
        if not self._socket.is_open:
            return
        self._clears_unanswered += 1
        try:
            async with self._socket.failures(timeout_ms=CLEAR_TIMEOUT_MS, awaited="room to send"):
                await self._socket.connection.send(CLEAR)
        except ProviderError:
            self._socket.drop()

    async def _await_cleared(self) -> None:
        """Throw away the rest of cancelled texts; a connection that does not confirm goes with it."""
        try:
            async with self._socket.failures(timeout_ms=CLEAR_TIMEOUT_MS, awaited="Cleared"):
                while self._clears_unanswered:
                    message = await self._socket.connection.recv()
                    if isinstance(message, str):
                        is_answer = msgspec.json.decode(message, type=_Message).type == "Cleared"
                        self._clears_unanswered -= is_answer
            self._was_cleared = True
        except ProviderError:
            self._socket.drop()


class _Spent:
    """How much of its limits one connection has used. A new connection starts at zero (not documented as such)."""

    def __init__(self, opened_s: float) -> None:
        self._opened_s = opened_s
        self._texts: deque[tuple[float, int]] = deque(maxlen=FLUSHES_PER_WINDOW_MAX)

    def add(self, chars: int, now_s: float) -> None:
        """Count one flushed text."""
        self._texts.append((now_s, chars))

    def allows(self, chars: int, now_s: float) -> bool:
        """Whether one more text of this length stays within the limits. The first text always does."""
        recent = [spent for at_s, spent in self._texts if now_s - at_s < WINDOW_S]
        if not recent:
            return now_s - self._opened_s < CONNECTION_AGE_S_MAX
        return (
            len(recent) < FLUSHES_PER_WINDOW_MAX
            and sum(recent) + chars <= CHARS_PER_WINDOW_MAX
            and now_s - self._opened_s < CONNECTION_AGE_S_MAX
        )


def _now_s() -> float:
    return asyncio.get_running_loop().time()
