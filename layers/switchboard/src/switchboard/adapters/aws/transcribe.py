"""Amazon Transcribe streaming speech to text over its WebSocket.

Source: Amazon Transcribe Developer Guide, "Transcribing streaming audio"; API reference, StartStreamTranscription and
TranscriptResultStream. The service knows no mu-law and no "finalize"; see `TranscribeStream` for what stands in.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import BotoCoreError

from switchboard.adapters.aws.transcribe_wire import (
    ExceptionEvent,
    Result,
    decode_event,
    encode_audio_event,
    presigned_url,
)
from switchboard.adapters.inline_socket import InlineSocket
from switchboard.adapters.transcript_queue import TranscriptQueue
from switchboard.media import mulaw
from switchboard.media.replay import has_speech
from switchboard.ports.errors import (
    ProviderError,
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from switchboard.ports.transcriber import Transcript

CHUNK_MS = 100
"""The guide asks for chunks of 50 to 200 ms; the shortest that keeps the message rate at 10 a second."""
CHUNK_SAMPLES = CHUNK_MS * mulaw.SAMPLES_PER_MS
FINALIZE_SILENCE_MS = 800
"""A pause after which the service ends a segment; longer than the pauses inside spoken sentences."""
KEEP_ALIVE_MS = 5_000
"""The service ends a stream after 15 s without audio."""
FLUSH_TOLERANCE_MS = 200
"""A segment's end time may lie this much before the last loud sample: the tail of a word is quiet."""

_ERRORS: dict[str, type[ProviderError]] = {
    "BadRequestException": ProviderRejected,
    "LimitExceededException": ProviderOverloaded,
    "InternalFailureException": ProviderUnavailable,
    "ServiceUnavailableException": ProviderUnavailable,
    "ConflictException": ProviderUnavailable,
    "UnrecognizedClientException": ProviderRejected,
    "AccessDeniedException": ProviderRejected,
}


class CredentialsSession(Protocol):
    """What we need of `botocore.session.Session` or `boto3.Session`."""

    def get_credentials(self) -> Credentials | None:
        """Find credentials, possibly by a request to the machine's metadata service."""


class TranscribeTranscriber:
    """Opens live streams. The credentials of the botocore or boto3 session are looked up for every stream.

    `endpoint_url` (http or https) replaces the regional endpoint. Key terms are not sent: the service takes them only
    as vocabularies that were stored beforehand. Connections are not remade here; that is the fail-over's work.
    """

    name = "transcribe"

    def __init__(
        self,
        *,
        session: CredentialsSession,
        region: str,
        endpoint_url: str | None = None,
        connect_timeout_ms: int = 1_000,
        probe_timeout_ms: int = 5_000,
        finalize_silence_ms: int = FINALIZE_SILENCE_MS,
        keep_alive_ms: int = KEEP_ALIVE_MS,
    ) -> None:
        self._session = session
        self._region = region
        self._endpoint_url = endpoint_url or f"https://transcribestreaming.{region}.amazonaws.com:8443"
        # Loading the trusted certificates takes tens of ms: once per process, not once per call.
        self._tls = ssl.create_default_context() if self._endpoint_url.startswith("https:") else None
        self._connect_timeout_ms = connect_timeout_ms
        self._probe_timeout_ms = probe_timeout_ms
        self._finalize_silence_ms = finalize_silence_ms
        self._keep_alive_ms = keep_alive_ms
        self._streams: set[TranscribeStream] = set()

    async def open(self, *, language: str, keyterms: Sequence[str] = ()) -> "TranscribeStream":
        """Start a stream. Raises `ProviderError` within `connect_timeout_ms`."""
        del keyterms
        stream = TranscribeStream(
            self._streams, finalize_silence_ms=self._finalize_silence_ms, keep_alive_ms=self._keep_alive_ms
        )
        try:
            async with asyncio.timeout(self._connect_timeout_ms / 1000):
                url = await self._url(language)
                await stream.connect(url, timeout_ms=self._connect_timeout_ms, tls=self._tls)
        except TimeoutError:
            raise ProviderTimeout(self.name, f"not open within {self._connect_timeout_ms} ms") from None
        return stream

    async def probe(self) -> None:
        """Open a stream, end it at once and wait for the service to end it too, which it does without an error."""
        stream = await self.open(language="en-US")
        try:
            stream.send_audio(bytes([mulaw.SILENCE]) * CHUNK_SAMPLES)
            async with asyncio.timeout(self._probe_timeout_ms / 1000):
                await stream.end()
        except TimeoutError:
            raise ProviderTimeout(self.name, f"no answer within {self._probe_timeout_ms} ms") from None
        finally:
            await stream.close()

    async def close(self) -> None:
        """Close the streams that are still open."""
        for stream in tuple(self._streams):
            await stream.close()

    async def _url(self, language: str) -> str:
        # Credentials may come from the container's or instance's endpoint: blocking, and refreshed in mid-life.
        credentials = await asyncio.to_thread(self._credentials)
        return presigned_url(
            self._endpoint_url,
            region=self._region,
            credentials=credentials,
            parameters={"language-code": language, "media-encoding": "pcm", "sample-rate": "8000"},
        )

    def _credentials(self) -> ReadOnlyCredentials:
        try:
            credentials = self._session.get_credentials()
            if credentials is None:
                raise ProviderRejected(self.name, "no AWS credentials")
            return credentials.get_frozen_credentials()
        except BotoCoreError:
            raise ProviderUnavailable(self.name, "the AWS credentials could not be had") from None


class TranscribeStream:
    """One caller's audio.

    `finalize()` sends silence at once instead of waiting for the caller's, so that the service ends its segment. The
    final result that covers the last speech before it is marked `flushed`. Without unrecognised speech there is
    nothing to wait for, and a flushed empty final follows at once. Silence of ours is taken out of all positions.
    """

    def __init__(
        self, registry: "set[TranscribeStream]", *, finalize_silence_ms: int, keep_alive_ms: int
    ) -> None:
        self._provider = TranscribeTranscriber.name
        self._registry = registry
        self._finalize_silence_ms = finalize_silence_ms
        self._keep_alive_ms = keep_alive_ms
        self._loop = asyncio.get_running_loop()
        self._transcripts = TranscriptQueue()
        self._timeline = _Timeline()
        self._socket: InlineSocket | None = None
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._ending = False
        self._pending = bytearray()
        self._speech_end_ms = 0
        self._finals_end_ms = 0
        self._interim_open = False
        self._flush_due_ms: int | None = None
        self._sent_at_s = 0.0
        self._ticker: asyncio.TimerHandle | None = None
        self._closed = False

    async def connect(self, url: str, *, timeout_ms: int, tls: ssl.SSLContext | None) -> None:
        """Connect. Raises `ProviderError`."""
        self._socket = await InlineSocket.open(
            self._provider,
            url,
            headers={},
            timeout_ms=timeout_ms,
            on_message=self._received,
            on_lost=self._lost,
            tls=tls,
        )
        self._registry.add(self)
        self._sent_at_s = self._loop.time()
        self._tick()

    def send_audio(self, audio: bytes) -> None:
        """Part of the port."""
        self._pending += audio
        while len(self._pending) >= CHUNK_SAMPLES:
            self._send_caller_audio(bytes(self._pending[:CHUNK_SAMPLES]))
            del self._pending[:CHUNK_SAMPLES]

    def finalize(self) -> None:
        """Part of the port."""
        self._send_pending()
        if self._speech_end_ms <= self._finals_end_ms and not self._interim_open:
            self._flush_nothing()
            return
        self._flush_due_ms = self._speech_end_ms - FLUSH_TOLERANCE_MS
        self._send_silence(self._finalize_silence_ms)

    def results(self) -> AsyncIterator[Transcript]:
        """Part of the port."""
        return self._transcripts.read()

    async def end(self) -> None:
        """End the audio and wait until the service has ended the stream. Raises `ProviderError`."""
        self._send_pending()
        self._ending = True
        if self._socket is not None:
            self._socket.send_binary(encode_audio_event(b""))
        await asyncio.shield(self._ended)

    async def close(self) -> None:
        """Part of the port."""
        if self._closed:
            return
        self._closed = True
        self._registry.discard(self)
        self._transcripts.end()
        if self._ticker is not None:
            self._ticker.cancel()
        self._ended.cancel()
        if self._socket is not None:
            self._socket.send_binary(encode_audio_event(b""))
            await self._socket.close()
            self._socket = None

    def _send_pending(self) -> None:
        if self._pending:
            self._send_caller_audio(bytes(self._pending))
            self._pending.clear()

    def _send_caller_audio(self, audio: bytes) -> None:
        self._timeline.sent(len(audio))
        if has_speech(audio):
            self._speech_end_ms = self._timeline.stream_end_ms
        self._send(audio)

    def _send_silence(self, duration_ms: int) -> None:
        self._timeline.inserted(duration_ms * mulaw.SAMPLES_PER_MS)
        for sent_ms in range(0, duration_ms, CHUNK_MS):
            chunk_ms = min(CHUNK_MS, duration_ms - sent_ms)
            self._send(bytes([mulaw.SILENCE]) * chunk_ms * mulaw.SAMPLES_PER_MS)

    def _send(self, audio: bytes) -> None:
        self._sent_at_s = self._loop.time()
        if self._socket is not None:
            self._socket.send_binary(encode_audio_event(mulaw.decode(audio).astype("<i2").tobytes()))

    def _tick(self) -> None:
        self._ticker = self._loop.call_later(self._keep_alive_ms / 1000, self._tick)
        if self._loop.time() - self._sent_at_s >= self._keep_alive_ms / 1000:
            self._send_silence(CHUNK_MS)

    def _received(self, message: bytes) -> ProviderError | None:
        try:
            event = decode_event(message)
        except ValueError:
            return ProviderProtocolError(self._provider, "sent a message that is not documented")
        if isinstance(event, ExceptionEvent):
            kind = _ERRORS.get(event.name, ProviderUnavailable)
            return kind(self._provider, f"ended the stream: {event.name or 'no name'}")
        for result in event:
            self._recognised(result)
        return None

    def _recognised(self, result: Result) -> None:
        is_final = not result.is_partial
        text = result.alternatives[0].transcript if result.alternatives else ""
        start_ms = max(self._finals_end_ms, self._timeline.to_stream_ms(result.start_time))
        end_ms = max(start_ms, self._timeline.to_stream_ms(result.end_time))
        flushed = False
        self._interim_open = not is_final
        if is_final:
            self._finals_end_ms = end_ms
            self._timeline.forget(result.end_time)
            flushed = self._flush_due_ms is not None and end_ms >= self._flush_due_ms
            if flushed:
                self._flush_due_ms = None
        self._transcripts.put(
            Transcript(
                text=text,
                is_final=is_final,
                confidence=_confidence(result),
                start_ms=start_ms,
                end_ms=end_ms,
                flushed=flushed,
            )
        )

    def _flush_nothing(self) -> None:
        end_ms = self._timeline.stream_end_ms
        self._transcripts.put(
            Transcript(
                text="",
                is_final=True,
                confidence=0.0,
                start_ms=self._finals_end_ms,
                end_ms=end_ms,
                flushed=True,
            )
        )
        self._finals_end_ms = end_ms

    def _lost(self, error: ProviderError) -> None:
        self._socket = None
        if self._ticker is not None:
            self._ticker.cancel()
        # After our own end of audio the service closes; a refusal would have come as an exception message.
        if self._ending and isinstance(error, ProviderUnavailable):
            self._ended.set_result(None)
        elif self._ending:
            self._ended.set_exception(error)
        else:
            self._transcripts.fail(error)


class _Timeline:
    """Maps the service's times to the caller's audio: between them lies the silence that we inserted."""

    def __init__(self) -> None:
        self._sent_samples = 0
        self._inserted_samples = 0
        self._forgotten_ms = 0
        self._insertions: deque[tuple[int, int]] = deque()

    @property
    def stream_end_ms(self) -> int:
        return self._sent_samples // mulaw.SAMPLES_PER_MS

    def sent(self, samples: int) -> None:
        self._sent_samples += samples

    def inserted(self, samples: int) -> None:
        at_ms = (self._sent_samples + self._inserted_samples) // mulaw.SAMPLES_PER_MS
        self._insertions.append((at_ms, samples // mulaw.SAMPLES_PER_MS))
        self._inserted_samples += samples

    def to_stream_ms(self, service_s: float) -> int:
        service_ms = round(service_s * 1000)
        inside_ms = sum(
            min(duration_ms, service_ms - at_ms)
            for at_ms, duration_ms in self._insertions
            if at_ms < service_ms
        )
        return service_ms - self._forgotten_ms - inside_ms

    def forget(self, until_s: float) -> None:
        """Sum up insertions before a final result; the service does not go back behind it."""
        until_ms = round(until_s * 1000)
        while self._insertions and sum(self._insertions[0]) <= until_ms:
            self._forgotten_ms += self._insertions.popleft()[1]


def _confidence(result: Result) -> float:
    """The mean over the words that have one; the service rates words, not results."""
    items = result.alternatives[0].items if result.alternatives else []
    rated = [
        item.confidence for item in items if item.confidence is not None and item.type == "pronunciation"
    ]
    return sum(rated) / len(rated) if rated else 0.0
