"""ElevenLabs text to speech over its multi-context WebSocket, mu-law 8 kHz straight through.

Source: elevenlabs.io/docs, API reference "Multi-Context WebSocket" and its how-to guide.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct

from switchboard.adapters.elevenlabs.alignment import Alignment, WordClock
from switchboard.adapters.keys import Key, reader
from switchboard.adapters.sockets import ProviderSocket
from switchboard.adapters.voices import ANY_LANGUAGE, choose_voice, is_speakable, probe_by_speaking
from switchboard.domain.voices import Voice
from switchboard.ports.errors import (
    ProviderError,
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderUnavailable,
)
from switchboard.ports.synthesizer import SpeechChunk

DEFAULT_VOICES = {
    (ANY_LANGUAGE, "female"): "EXAVITQu4vr4xnSDxMaL",
    (ANY_LANGUAGE, "male"): "JBFqnCBsd6RMkjVDRZzb",
}
"""Premade voices Sarah and George; the flash models speak every language with any voice."""

LANGUAGE_MODELS = frozenset({"eleven_flash_v2_5", "eleven_turbo_v2_5"})
"""The models that take a language; others guess it from the text and refuse to be told."""

CONTEXTS_OPEN_MAX = 4
"""ElevenLabs refuses the sixth context of a connection; the fifth is the one that keeps it awake."""

INACTIVITY_TIMEOUT_S = 180
"""The longest idle time that may be asked for."""

SEND_TIMEOUT_MS = 500
"""A keep-alive is a few bytes; a socket that cannot take them is broken."""

IDLE_CONTEXT = "idle"
KEEP_ALIVE = msgspec.json.encode({"text": " ", "context_id": IDLE_CONTEXT})

OVERLOADED_ERRORS = frozenset(
    {
        "max_active_conversations",
        "too_many_concurrent_requests",
        "system_busy",
        "rate_limit_exceeded",
    }
)
REJECTED_ERRORS = frozenset(
    {
        "invalid_api_key",
        "missing_permissions",
        "model_not_found",
        "quota_exceeded",
        "unauthorized",
        "voice_not_found",
    }
)


class _Message(Struct, rename="camel"):
    """One server message. msgspec decodes the base64 of `audio`; alignment times start at zero in every message."""

    audio: bytes | None = None
    is_final: bool | None = None
    alignment: Alignment | None = None
    context_id: str | None = None
    error: str | None = None


class _Timeouts(Struct, frozen=True):
    """Deadlines in milliseconds, each for one wait; and how often an idle connection is kept awake."""

    connect_ms: int
    first_audio_ms: int
    gap_ms: int
    keep_alive_ms: int


class ElevenLabsSynthesizer:
    """ElevenLabs voices; every session holds one socket and gives each text a context of its own.

    `base_url` is the WebSocket root without a path. `voice_settings` are the vendor's (stability,
    similarity_boost, speed …). The deadlines are in milliseconds: to connect, from the text to its first audio,
    between two pieces of audio; `keep_alive_ms` is the pause between keep-alive messages.
    """

    name = "elevenlabs"

    def __init__(
        self,
        *,
        api_key: Key,
        base_url: str = "wss://api.elevenlabs.io",
        model: str = "eleven_flash_v2_5",
        voice_settings: Mapping[str, float | bool] | None = None,
        connect_timeout_ms: int = 1_000,
        first_audio_timeout_ms: int = 1_000,
        gap_timeout_ms: int = 1_000,
        keep_alive_ms: int = 15_000,
    ) -> None:
        self._key = reader(api_key)
        self._base_url = base_url
        self._model = model
        self._voice_settings = dict(voice_settings or {})
        self._timeouts = _Timeouts(
            connect_ms=connect_timeout_ms,
            first_audio_ms=first_audio_timeout_ms,
            gap_ms=gap_timeout_ms,
            keep_alive_ms=keep_alive_ms,
        )

    async def open(self, *, voice: Voice) -> "ElevenLabsSpeech":
        """Connect for one call. Raises `ProviderError`."""
        voice_id = quote(choose_voice(self.name, voice, DEFAULT_VOICES), safe="")
        query: dict[str, str | int] = {
            "model_id": self._model,
            "output_format": "ulaw_8000",
            "inactivity_timeout": INACTIVITY_TIMEOUT_S,
            "auto_mode": "true",
            "sync_alignment": "true",
        }
        if self._model in LANGUAGE_MODELS:
            query["language_code"] = voice.language.partition("-")[0]
        socket = ProviderSocket(
            self.name,
            f"{self._base_url}/v1/text-to-speech/{voice_id}/multi-stream-input?{urlencode(query)}",
            headers={"xi-api-key": self._key()},
            connect_timeout_ms=self._timeouts.connect_ms,
        )
        session = ElevenLabsSpeech(self.name, socket, self._timeouts, self._voice_settings)
        await session.start()
        return session

    async def probe(self) -> None:
        """Speak a word to nobody. Raises `ProviderError`."""
        await probe_by_speaking(self)

    async def close(self) -> None:
        """Nothing is shared between sessions."""


class ElevenLabsSpeech:
    """One call's voice on one socket.

    A context is closed as soon as its text is sent: only a closed context is answered by `isFinal`, after its
    last audio. Cancelling therefore needs no message at all; audio of any but the current context is dropped.
    """

    def __init__(
        self,
        provider: str,
        socket: ProviderSocket,
        timeouts: _Timeouts,
        voice_settings: Mapping[str, float | bool],
    ) -> None:
        self._provider = provider
        self._socket = socket
        self._timeouts = timeouts
        self._voice_settings = voice_settings
        self._contexts_opened = 0
        self._contexts_open: set[str] = set()
        self._keeping_alive: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect, and keep the connection awake from now on. Raises `ProviderError`."""
        await self._connect()
        self._keeping_alive = asyncio.create_task(self._keep_alive(), name="elevenlabs keep-alive")

    async def synthesize(self, text: str) -> AsyncGenerator[SpeechChunk, None]:
        """Speak one text; see `SpeechSession.synthesize`."""
        if not is_speakable(text):
            return
        try:
            context, message = await self._first_message(text)
            clock = WordClock(text)
            while True:
                if message.audio:
                    yield SpeechChunk(
                        audio=message.audio, words=clock.advance(message.audio, message.alignment)
                    )
                if message.is_final:
                    return
                async with self._socket.failures(timeout_ms=self._timeouts.gap_ms, awaited="further audio"):
                    message = await self._next_message(context)
        except ProviderError:
            # What this connection would still send belongs to a text that has failed.
            self._socket.drop()
            raise

    async def close(self) -> None:
        """Release the connection. Idempotent; never raises."""
        task, self._keeping_alive = self._keeping_alive, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        await self._socket.close()

    async def _connect(self) -> None:
        if await self._socket.ensure():
            self._contexts_open.clear()

    async def _first_message(self, text: str) -> tuple[str, _Message]:
        if len(self._contexts_open) >= CONTEXTS_OPEN_MAX:
            self._socket.drop()
        is_new = not self._socket.is_open
        await self._connect()
        try:
            return await self._begin(text)
        except ProviderError:
            # A server may close an idle connection while our text is on its way; that is no failure yet.
            if is_new or self._socket.is_open:
                raise
        await self._connect()
        return await self._begin(text)

    async def _begin(self, text: str) -> tuple[str, _Message]:
        """Send the whole text and wait for the first message with audio."""
        self._contexts_opened += 1
        context = f"text-{self._contexts_opened}"
        self._contexts_open.add(context)
        opening: dict[str, object] = {"text": " ", "context_id": context}
        if self._voice_settings:
            opening["voice_settings"] = self._voice_settings
        async with self._socket.failures(timeout_ms=self._timeouts.first_audio_ms, awaited="first audio"):
            for message in (
                opening,
                # The vendor asks for a space after every text, or it waits for the rest of the word.
                {"text": f"{text} ", "context_id": context, "flush": True},
                {"context_id": context, "close_context": True},
            ):
                await self._socket.connection.send(msgspec.json.encode(message), text=True)
            while True:
                answer = await self._next_message(context)
                if answer.audio:
                    return context, answer
                if answer.is_final:
                    raise ProviderProtocolError(self._provider, "finished a text without audio")

    async def _next_message(self, context: str) -> _Message:
        """The next message of this context; those of cancelled ones are dropped on the way."""
        while True:
            data = await self._socket.connection.recv(decode=False)
            message = msgspec.json.decode(data, type=_Message)
            if message.error is not None:
                raise self._error(message.error)
            if message.is_final and message.context_id is not None:
                self._contexts_open.discard(message.context_id)
            if message.context_id == context:
                return message

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(self._timeouts.keep_alive_ms / 1000)
            if not self._socket.is_open:
                continue  # the next text connects again
            try:
                async with self._socket.failures(timeout_ms=SEND_TIMEOUT_MS, awaited="room to send"):
                    await self._socket.connection.send(KEEP_ALIVE, text=True)
            except ProviderError:
                self._socket.drop()

    def _error(self, code: str) -> ProviderError:
        # Only codes we know are repeated: the field is not documented and might quote the text.
        if code in OVERLOADED_ERRORS:
            return ProviderOverloaded(self._provider, f"answered {code}")
        if code in REJECTED_ERRORS:
            return ProviderRejected(self._provider, f"answered {code}")
        return ProviderUnavailable(self._provider, "answered an error of its own")
