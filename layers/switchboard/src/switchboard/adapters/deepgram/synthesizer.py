"""Deepgram Aura text to speech over its WebSocket, mu-law 8 kHz straight through.

Source: developers.deepgram.com, "Text to Speech WebSocket", pages Flush, Clear, Close and Limits.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncGenerator, Callable
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from switchboard.adapters.audio_inbox import AudioInbox
from switchboard.adapters.inline_socket import InlineSocket
from switchboard.adapters.keys import Key, reader
from switchboard.adapters.sockets import shared_tls
from switchboard.adapters.voices import choose_voice, is_speakable, probe_by_speaking, split_text
from switchboard.domain.voices import Voice
from switchboard.ports.errors import (
    ProviderError,
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderTimeout,
    ProviderUnavailable,
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

PING_AFTER_S = 20.0
"""Texts are many seconds apart; a connection that died meanwhile is found before the next one."""

FLUSH = b'{"type":"Flush"}'
CLEAR = b'{"type":"Clear"}'


class _Message(Struct):
    """A text message from the server; its further fields are not needed."""

    type: str


class _Settings(Struct, frozen=True):
    """What all sessions of one synthesizer share; each deadline is for one wait."""

    provider: str
    key: Callable[[], str]
    tls: ssl.SSLContext | None
    connect_timeout_ms: int
    first_audio_timeout_ms: int
    gap_timeout_ms: int


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
        self._base_url = base_url
        self._settings = _Settings(
            provider=self.name,
            key=reader(api_key),
            tls=shared_tls() if base_url.startswith("wss:") else None,
            connect_timeout_ms=connect_timeout_ms,
            first_audio_timeout_ms=first_audio_timeout_ms,
            gap_timeout_ms=gap_timeout_ms,
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
        session = DeepgramSpeech(f"{self._base_url}/v1/speak?{query}", self._settings)
        await session.connect()
        return session

    async def probe(self) -> None:
        """Speak a word to nobody. Raises `ProviderError`."""
        await probe_by_speaking(self)

    async def close(self) -> None:
        """Nothing is shared between sessions."""


class DeepgramSpeech:
    """One call's voice on one socket.

    Cancelling a text costs the caller of `aclose()` no round trip: what still comes of it is thrown away as it arrives, and the
    next text waits for `Cleared` before it speaks.
    """

    def __init__(self, url: str, settings: _Settings) -> None:
        self._url = url
        self._settings = settings
        self._socket: InlineSocket | None = None
        self._inbox = AudioInbox(settings.provider)
        self._spent = _Spent(0.0)
        self._clears_unanswered = 0
        self._settled = asyncio.Event()
        self._was_cleared = False
        self._was_warned = False
        self._closed = False

    async def connect(self) -> None:
        """Have a connection that stands, with its limits counted from zero if it is new. Raises `ProviderError`."""
        settings = self._settings
        self._refuse_if_closed()
        if self._socket is not None:
            return
        self._inbox = AudioInbox(settings.provider)
        self._clears_unanswered = 0
        self._was_cleared = self._was_warned = False
        socket = await InlineSocket.open(
            settings.provider,
            self._url,
            headers={"Authorization": f"Token {settings.key()}"},
            timeout_ms=settings.connect_timeout_ms,
            on_message=self._told,
            on_binary=self._heard,
            on_lost=self._lost,
            tls=settings.tls,
            ping_after_s=PING_AFTER_S,
        )
        if self._closed:  # while we were connecting
            socket.abort()
        self._refuse_if_closed()
        self._socket = socket
        self._spent = _Spent(_now_s())

    async def synthesize(self, text: str) -> AsyncGenerator[SpeechChunk, None]:
        """Speak one text; see `SpeechSession.synthesize`."""
        if not is_speakable(text):
            return
        finished = False
        try:
            audio = await self._first_audio(text)
            while audio:
                yield SpeechChunk(audio=audio)
                audio = await self._inbox.get(
                    timeout_ms=self._settings.gap_timeout_ms, awaited="further audio"
                )
            finished = True
        except ProviderError:
            # What this connection would still send belongs to a text that has failed.
            self._drop()
            raise
        finally:
            if not finished:
                self._cancel()

    async def close(self) -> None:
        """Release the connection. Idempotent; never raises."""
        self._closed = True
        socket, self._socket = self._socket, None
        if socket is not None:
            try:
                await socket.close()
            finally:
                # For a goodbye that was itself cancelled; otherwise there is nothing left to cut.
                socket.abort()

    # -- One text ---------------------------------------------------------------------------------

    async def _first_audio(self, text: str) -> bytes:
        is_new = await self._prepare(len(text))
        try:
            return await self._start(text)
        except ProviderError:
            # A server may close an idle connection while our text is on its way; that is no failure yet.
            if is_new or self._socket is not None:
                raise
        await self.connect()
        return await self._start(text)

    async def _prepare(self, chars: int) -> bool:
        if self._socket is not None and self._clears_unanswered:
            await self._await_cleared()
        if not self._spent.allows(chars, _now_s()) or self._was_warned:
            self._drop()
        is_new = self._socket is None
        await self.connect()
        return is_new

    async def _start(self, text: str) -> bytes:
        socket = self._socket
        assert socket is not None, "connected a moment ago"
        timeout_ms = self._settings.first_audio_timeout_ms
        self._spent.add(len(text), _now_s())
        try:
            for part in split_text(text, SPEAK_CHARS_MAX):
                socket.send_text(msgspec.json.encode({"type": "Speak", "text": part}))
            socket.send_text(FLUSH)
            audio = await self._inbox.get(timeout_ms=timeout_ms, awaited="first audio")
            if not audio and self._was_cleared:
                # The `Flushed` of the text that was cleared may come after `Cleared`.
                audio = await self._inbox.get(timeout_ms=timeout_ms, awaited="first audio")
        except ProviderTimeout:
            if self._was_warned:
                raise ProviderOverloaded(
                    self._settings.provider, "warned of a limit and stayed silent"
                ) from None
            raise
        self._was_cleared = False
        if not audio:
            raise ProviderProtocolError(self._settings.provider, "finished a text without audio")
        return audio

    def _cancel(self) -> None:
        if self._socket is not None:
            self._clears_unanswered += 1
            self._settled.clear()
            self._inbox.clear()
            self._socket.send_text(CLEAR)

    async def _await_cleared(self) -> None:
        """Wait for the end of cancelled texts; a connection that does not confirm it goes."""
        try:
            async with asyncio.timeout(CLEAR_TIMEOUT_MS / 1000):
                await self._settled.wait()
            self._was_cleared = True
        except TimeoutError:
            self._drop()

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.abort()
            self._socket = None

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise ProviderUnavailable(self._settings.provider, "the session is closed")

    # -- What comes -------------------------------------------------------------------------------

    def _heard(self, audio: bytes) -> ProviderError | None:
        if audio and not self._clears_unanswered and not self._inbox.put(audio):
            return ProviderProtocolError(self._settings.provider, "sent audio beyond every limit")
        return None

    def _told(self, message: bytes) -> ProviderError | None:
        try:
            kind = _DECODER.decode(message).type
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return ProviderProtocolError(self._settings.provider, "sent an unreadable message")
        match kind:
            case "Flushed" if not self._clears_unanswered:
                self._inbox.put(b"")
            case "Cleared" if self._clears_unanswered:
                self._clears_unanswered -= 1
                if not self._clears_unanswered:
                    self._settled.set()
            case "Warning":
                # Codes are not documented. A limit that was hit shows in the silence after it.
                self._was_warned = True
            case _:
                pass  # Metadata, and whatever Deepgram adds
        return None

    def _lost(self, error: ProviderError) -> None:
        self._socket = None
        self._settled.set()
        self._inbox.fail(error)


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


_DECODER = msgspec.json.Decoder(_Message)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
