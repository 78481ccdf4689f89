"""Deepgram speech to text over its live WebSocket, version 1, mu-law 8 kHz straight through.

Source: developers.deepgram.com, "Live Audio" reference and the pages Endpointing, Utterance End, Audio Keep Alive, Finalize.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from switchboard.adapters.deepgram.errors import error_of_message
from switchboard.adapters.deepgram.listen_messages import (
    CLOSE_STREAM,
    FINALIZE,
    KEEP_ALIVE,
    Channel,
    ListenMessage,
    parse_message,
)
from switchboard.adapters.inline_socket import InlineSocket
from switchboard.adapters.keys import Key, reader
from switchboard.adapters.transcript_queue import TranscriptQueue
from switchboard.media import mulaw
from switchboard.media.replay import AnswerWatch, ReplayBuffer
from switchboard.ports.errors import ProviderError, ProviderProtocolError, ProviderTimeout
from switchboard.ports.transcriber import Transcript

KEYTERMS_MAX = 100
"""Nova-3 refuses more."""
RECONNECTS_MAX = 3
"""Attempts without a final result in between; then another vendor is the better bet."""
RECONNECT_BACKOFF_MS = 100
"""Doubles with each attempt; the first is at once, since most drops are a single server's."""
TICKS_PER_DEADLINE = 4
"""How finely the keep-alive and stall deadlines are watched: one timer per stream, nothing per frame."""
PROBE_AUDIO = bytes([mulaw.SILENCE]) * 800
"""100 ms of silence."""


class DeepgramTranscriber:
    """Opens live streams. `base_url` may be ws:// for a self-hosted server or a test.

    Smart formatting, numerals and punctuation stay off: we want the words as they were spoken. Formatting holds a final
    result back until an entity is complete, turns "double four" into digits in ways our redaction would have to undo, and
    punctuation is the turn-taking's guess to make from pauses, not the recogniser's.
    """

    name = "deepgram"

    def __init__(
        self,
        *,
        api_key: Key,
        base_url: str = "wss://api.deepgram.com",
        model: str = "nova-3",
        endpointing_ms: int = 300,
        connect_timeout_ms: int = 1_000,
        reconnect_timeout_ms: int = 1_000,
        keep_alive_ms: int = 3_500,
        stall_timeout_ms: int = 5_000,
    ) -> None:
        self._base_url = base_url
        self._model = model
        self._endpointing_ms = endpointing_ms
        self._settings = _Settings(
            provider=self.name,
            key=reader(api_key),
            # Loading the trusted certificates takes tens of ms: once per process, not once per call.
            tls=ssl.create_default_context() if base_url.startswith("wss:") else None,
            connect_timeout_ms=connect_timeout_ms,
            reconnect_timeout_ms=reconnect_timeout_ms,
            keep_alive_ms=keep_alive_ms,
            stall_timeout_ms=stall_timeout_ms,
        )
        self._streams: set[DeepgramStream] = set()

    async def open(self, *, language: str, keyterms: Sequence[str] = ()) -> "DeepgramStream":
        """Start a stream. Raises `ProviderError` within `connect_timeout_ms`."""
        stream = DeepgramStream(self._url(language, keyterms), self._settings, self._streams)
        await stream.connect()
        return stream

    async def probe(self) -> None:
        """Send a little silence and wait for the summary of the stream: the whole path, in a few hundred ms."""
        answered = asyncio.get_running_loop().create_future()
        settings = self._settings

        def fail(error: ProviderError) -> None:
            if not answered.done():
                answered.set_exception(error)

        def succeed(message: bytes) -> ProviderError | None:
            parsed = _parse(settings.provider, message)
            if isinstance(parsed, ProviderError):
                return parsed
            if not answered.done():
                answered.set_result(None)
            return None

        socket = await InlineSocket.open(
            settings.provider,
            self._url("en", ()),
            headers={"Authorization": f"Token {settings.key()}"},
            timeout_ms=settings.connect_timeout_ms,
            on_message=succeed,
            on_lost=fail,
            tls=settings.tls,
        )
        try:
            socket.send_binary(PROBE_AUDIO)
            socket.send_text(CLOSE_STREAM)
            async with asyncio.timeout(settings.stall_timeout_ms / 1000):
                await answered
        except TimeoutError:
            raise ProviderTimeout(self.name, f"no answer within {settings.stall_timeout_ms} ms") from None
        finally:
            await socket.close()

    async def close(self) -> None:
        """Close the streams that are still open."""
        for stream in tuple(self._streams):
            await stream.close()

    def _url(self, language: str, keyterms: Sequence[str]) -> str:
        parameters = [
            ("model", self._model),
            ("language", language),
            ("encoding", "mulaw"),
            ("sample_rate", "8000"),
            ("channels", "1"),
            ("interim_results", "true"),
            ("endpointing", str(self._endpointing_ms)),
            ("utterance_end_ms", "1000"),
            ("smart_format", "false"),
            *(("keyterm", term) for term in keyterms[:KEYTERMS_MAX]),
        ]
        return f"{self._base_url}/v1/listen?{urlencode(parameters)}"


class _Settings(Struct, frozen=True):
    """What all streams of one transcriber share."""

    provider: str
    key: Callable[[], str]
    tls: ssl.SSLContext | None
    connect_timeout_ms: int
    reconnect_timeout_ms: int
    keep_alive_ms: int
    stall_timeout_ms: int


class DeepgramStream:
    """One caller's audio. Survives dropped connections by replaying what no final result covers yet.

    `dropped_ms` counts audio that was too old to be replayed.
    """

    def __init__(self, url: str, settings: _Settings, registry: "set[DeepgramStream]") -> None:
        self.dropped_ms = 0
        self._url = url
        self._settings = settings
        self._registry = registry
        self._loop = asyncio.get_running_loop()
        self._audio = ReplayBuffer()
        self._watch = AnswerWatch(self._audio, self._now_ms())
        self._transcripts = TranscriptQueue()
        self._socket: InlineSocket | None = None
        self._reconnecting: asyncio.Task[None] | None = None
        self._reconnects_left = RECONNECTS_MAX
        self._base_ms = 0
        self._finals_end_ms = 0
        self._interim_shown = False
        self._finalizes_pending = 0
        self._quiet_since_ms = self._now_ms()
        self._ticked_at_end_ms = 0
        self._tick_s = min(settings.keep_alive_ms, settings.stall_timeout_ms) / TICKS_PER_DEADLINE / 1000
        self._ticker: asyncio.TimerHandle | None = None
        self._closed = False

    async def connect(self) -> None:
        """Make the first connection. Raises `ProviderError`."""
        await self._connect(self._settings.connect_timeout_ms)
        self._registry.add(self)
        self._ticker = self._loop.call_later(self._tick_s, self._tick)

    def send_audio(self, audio: bytes) -> None:
        """Part of the port."""
        if not audio:
            return  # The vendor takes an empty frame for the end of the stream.
        self._audio.append(audio)
        if self._socket is not None:
            self._socket.send_binary(audio)

    def finalize(self) -> None:
        """Part of the port."""
        self._finalizes_pending += 1
        if self._socket is not None:
            self._socket.send_text(FINALIZE)

    def results(self) -> AsyncIterator[Transcript]:
        """Part of the port."""
        return self._transcripts.read()

    async def close(self) -> None:
        """Part of the port."""
        if self._closed:
            return
        self._closed = True
        self._registry.discard(self)
        self._transcripts.end()
        if self._ticker is not None:
            self._ticker.cancel()
        if self._reconnecting is not None:
            self._reconnecting.cancel()
            await asyncio.wait({self._reconnecting})
        if self._socket is not None:
            self._socket.send_text(CLOSE_STREAM)
            await self._socket.close()
            self._socket = None

    async def _connect(self, timeout_ms: int) -> None:
        socket = await InlineSocket.open(
            self._settings.provider,
            self._url,
            headers={"Authorization": f"Token {self._settings.key()}"},
            timeout_ms=timeout_ms,
            on_message=self._received,
            on_lost=self._connection_lost,
            tls=self._settings.tls,
        )
        self._socket = socket
        self._base_ms = self._audio.start_ms
        self.dropped_ms += self._audio.gap_ms
        self._audio.forget(self._base_ms)
        self._watch = AnswerWatch(self._audio, self._now_ms())
        for audio in self._audio.chunks():
            socket.send_binary(audio)
        if self._finalizes_pending:
            socket.send_text(FINALIZE)

    def _connection_lost(self, error: ProviderError) -> None:
        self._socket = None
        if error.retryable:
            self._reconnecting = self._loop.create_task(self._reconnect(error))
            self._reconnecting.add_done_callback(self._reconnected)
        else:
            self._give_up(error)

    async def _reconnect(self, error: ProviderError) -> None:
        ends_ms = self._now_ms() + self._settings.reconnect_timeout_ms
        backoff_ms = 0
        while self._reconnects_left > 0 and error.retryable and self._now_ms() + backoff_ms < ends_ms:
            self._reconnects_left -= 1
            await asyncio.sleep(backoff_ms / 1000)
            timeout_ms = min(self._settings.connect_timeout_ms, ends_ms - self._now_ms())
            try:
                await self._connect(max(timeout_ms, 1))
            except ProviderError as failure:
                error = failure
                backoff_ms = max(RECONNECT_BACKOFF_MS, 2 * backoff_ms)
            else:
                return
        self._give_up(error)

    def _reconnected(self, task: asyncio.Task[None]) -> None:
        # A mistake of ours in the task must reach the call, not vanish with the task.
        if not task.cancelled() and isinstance(mistake := task.exception(), Exception):
            self._transcripts.fail(mistake)

    def _give_up(self, error: ProviderError) -> None:
        if self._ticker is not None:
            self._ticker.cancel()
        self._transcripts.fail(error)

    def _received(self, message: bytes) -> ProviderError | None:
        parsed = _parse(self._settings.provider, message)
        if isinstance(parsed, ProviderError):
            return parsed
        self._watch.answered(self._now_ms())
        if parsed.type == "Results" and isinstance(parsed.channel, Channel):
            self._recognised(parsed, parsed.channel)
        return None

    def _recognised(self, message: ListenMessage, channel: Channel) -> None:
        best = channel.alternatives[0] if channel.alternatives else None
        text = best.transcript if best is not None else ""
        is_final = message.is_final or message.from_finalize
        if not is_final and not text and not self._interim_shown:
            return  # An empty guess matters only where it takes an earlier one back.
        start_ms = max(self._finals_end_ms, self._base_ms + round(message.start * 1000))
        end_ms = max(start_ms, self._base_ms + round((message.start + message.duration) * 1000))
        self._interim_shown = bool(text) and not is_final
        if is_final:
            self._finals_end_ms = end_ms
            self._audio.forget(end_ms)
            self._reconnects_left = RECONNECTS_MAX
        if message.from_finalize:
            self._finalizes_pending = max(0, self._finalizes_pending - 1)
        self._transcripts.put(
            Transcript(
                text=text,
                is_final=is_final,
                confidence=best.confidence if best is not None else 0.0,
                start_ms=start_ms,
                end_ms=end_ms,
                flushed=message.from_finalize,
            )
        )

    def _tick(self) -> None:
        self._ticker = self._loop.call_later(self._tick_s, self._tick)
        if self._socket is None:
            return
        now_ms = self._now_ms()
        if self._audio.end_ms != self._ticked_at_end_ms:
            self._ticked_at_end_ms = self._audio.end_ms
            self._quiet_since_ms = now_ms
        elif now_ms - self._quiet_since_ms >= self._settings.keep_alive_ms:
            self._quiet_since_ms = now_ms
            self._socket.send_text(KEEP_ALIVE)
        if self._watch.check(now_ms) >= self._settings.stall_timeout_ms:
            self._socket.fail(ProviderTimeout(self._settings.provider, "speech went unanswered"))

    def _now_ms(self) -> int:
        return int(self._loop.time() * 1000)


def _parse(provider: str, message: bytes) -> ListenMessage | ProviderError:
    try:
        parsed = parse_message(message)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ProviderProtocolError(provider, "sent a message that is not in its documented form")
    return error_of_message(provider, parsed.code) if parsed.type == "Error" else parsed
