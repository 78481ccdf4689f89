"""Amazon Polly text to speech, mu-law 8 kHz straight through.

Source: Amazon Polly API reference, SynthesizeSpeech (OutputFormat mulaw takes SampleRate "8000" only). boto3 blocks, so
requests and reads run in worker threads.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal, cast

import boto3
from botocore.config import Config
from botocore.response import StreamingBody

from switchboard.adapters.aws.failures import aws_failures
from switchboard.adapters.voices import choose_voice, is_speakable, probe_by_speaking, split_text
from switchboard.domain.voices import Voice
from switchboard.ports.errors import (
    ProviderProtocolError,
    ProviderTimeout,
    ProviderUnavailable,
)
from switchboard.ports.synthesizer import SpeechChunk

if TYPE_CHECKING:
    from mypy_boto3_polly.literals import VoiceIdType

Engine = Literal["standard", "neural", "long-form", "generative"]

DEFAULT_VOICES = {
    ("en", "female"): "Joanna",
    ("en", "male"): "Matthew",
    ("en-AU", "female"): "Olivia",
    ("en-GB", "female"): "Amy",
    ("en-GB", "male"): "Brian",
    ("en-IN", "female"): "Kajal",
    ("es", "female"): "Lupe",
    ("es", "male"): "Pedro",
    ("es-ES", "female"): "Lucia",
    ("es-ES", "male"): "Sergio",
    ("es-MX", "female"): "Mia",
    ("es-MX", "male"): "Andres",
    ("fr", "female"): "Lea",
    ("fr", "male"): "Remi",
    ("fr-CA", "female"): "Gabrielle",
    ("fr-CA", "male"): "Liam",
    ("de", "female"): "Vicki",
    ("de", "male"): "Daniel",
    ("it", "female"): "Bianca",
    ("it", "male"): "Adriano",
    ("pt", "female"): "Camila",
    ("pt", "male"): "Thiago",
    ("nl", "female"): "Laura",
    ("ja", "female"): "Tomoko",
    ("ja", "male"): "Takumi",
}
"""Voices that speak with the neural engine."""

REQUEST_CHARS_MAX = 3_000
"""Billed characters of one request; longer texts are refused with TextLengthExceededException."""

FIRST_CHUNK_BYTES = 400
"""50 ms: enough to start playing."""

CHUNK_BYTES = 800
"""100 ms: a hop to a worker thread costs about 0.1 ms, which larger pieces spread."""

WORKERS_MAX = 32
"""Sentences fetched at once by one process. Polly is faster than speech, so more calls than this can talk at once."""


class PollySynthesizer:
    """Polly voices; all sessions share one HTTP client and its worker threads.

    Credentials come from the task's role. `endpoint_url` replaces the regional endpoint. The deadlines are in
    milliseconds: to connect, from the text to its first audio (connecting included), and between two pieces.
    """

    name = "polly"

    def __init__(
        self,
        *,
        region: str,
        endpoint_url: str | None = None,
        engine: Engine = "neural",
        connect_timeout_ms: int = 1_000,
        first_audio_timeout_ms: int = 1_500,
        gap_timeout_ms: int = 1_000,
    ) -> None:
        self._engine: Engine = engine
        self._first_audio_timeout_ms = first_audio_timeout_ms
        self._gap_timeout_ms = gap_timeout_ms
        self._client = boto3.session.Session().client(
            "polly",
            region_name=region,
            endpoint_url=endpoint_url,
            config=Config(
                connect_timeout=connect_timeout_ms / 1000,
                # Bounds the life of a worker thread that nobody waits for any more.
                read_timeout=max(first_audio_timeout_ms, gap_timeout_ms) / 1000,
                # Whether to try again, and where, is decided by who holds the caller's clock.
                retries={"total_max_attempts": 1},
                max_pool_connections=WORKERS_MAX,
            ),
        )
        self._workers = ThreadPoolExecutor(WORKERS_MAX, thread_name_prefix="polly")

    async def open(self, *, voice: Voice) -> "PollySpeech":
        """Choose the voice; Polly keeps no connection between texts. Raises `ProviderRejected`."""
        voice_id = choose_voice(self.name, voice, DEFAULT_VOICES)
        return PollySpeech(self, voice_id)

    async def probe(self) -> None:
        """Speak a word to nobody. Raises `ProviderError`."""
        await probe_by_speaking(self)

    async def close(self) -> None:
        """Release the threads, each after its last read, and the connections."""
        await asyncio.to_thread(self._workers.shutdown, wait=True, cancel_futures=True)
        self._client.close()

    def request(self, text: str, voice_id: str) -> StreamingBody:
        """Ask for one text (blocks). Raises `ProviderError`."""
        with aws_failures(self.name):
            response = self._client.synthesize_speech(
                Text=text,
                TextType="text",
                VoiceId=cast("VoiceIdType", voice_id),
                Engine=self._engine,
                OutputFormat="mulaw",
                SampleRate="8000",
            )
        if not response["ContentType"].startswith("audio/"):
            response["AudioStream"].close()
            raise ProviderProtocolError(self.name, "answered something that is not audio")
        return response["AudioStream"]

    async def run(self, work: Callable[[], bytes], *, is_first: bool) -> bytes:
        """Run blocking work in a worker thread, within the deadline that applies. Raises `ProviderError`."""
        timeout_ms = self._first_audio_timeout_ms if is_first else self._gap_timeout_ms
        future = asyncio.get_running_loop().run_in_executor(self._workers, work)
        future.add_done_callback(_forget)
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                # The thread has to end by itself, or nobody would close what it has opened.
                return await asyncio.shield(future)
        except TimeoutError:
            raise ProviderTimeout(self.name, f"no audio within {timeout_ms} ms") from None


class PollySpeech:
    """One call's voice: a request per text."""

    def __init__(self, polly: PollySynthesizer, voice_id: str) -> None:
        self._polly = polly
        self._voice_id = voice_id
        self._download: _Download | None = None
        self._is_closed = False

    async def synthesize(self, text: str) -> AsyncGenerator[SpeechChunk, None]:
        """Speak one text; see `SpeechSession.synthesize`."""
        for part in split_text(text, REQUEST_CHARS_MAX):
            if not is_speakable(part):
                continue
            if self._is_closed:
                raise ProviderUnavailable(self._polly.name, "the session is closed")
            download = self._download = _Download(self._polly, part, self._voice_id)
            try:
                audio = await self._polly.run(download.begin, is_first=True)
                if not audio:
                    raise ProviderProtocolError(self._polly.name, "finished a text without audio")
                while audio:
                    yield SpeechChunk(audio=audio)
                    audio = await self._polly.run(download.read, is_first=False)
            finally:
                download.abandon()

    async def close(self) -> None:
        """Release the connection. Idempotent; never raises."""
        self._is_closed = True
        if self._download is not None:
            self._download.abandon()


class _Download:
    """The body of one answer, read by one worker thread at a time and closed by whoever is last.

    `abandon` runs on the event loop while a thread may sit in a read; closing under it is not safe, so the thread
    closes when it comes out.
    """

    def __init__(self, polly: PollySynthesizer, text: str, voice_id: str) -> None:
        self._polly = polly
        self._text = text
        self._voice_id = voice_id
        self._body: StreamingBody | None = None
        self._lock = threading.Lock()
        self._is_busy = False
        self._abandoned = threading.Event()

    def begin(self) -> bytes:
        """Send the request and read the first audio (blocks)."""
        return self._work(lambda: self._polly.request(self._text, self._voice_id), FIRST_CHUNK_BYTES)

    def read(self) -> bytes:
        """Read further audio; nothing at the end (blocks)."""
        return self._work(lambda: self._body, CHUNK_BYTES)

    def abandon(self) -> None:
        """Nothing further is wanted. Idempotent."""
        with self._lock:
            self._abandoned.set()
            if not self._is_busy:
                self._close_body()

    def _work(self, body: Callable[[], StreamingBody | None], size_bytes: int) -> bytes:
        with self._lock:
            if self._abandoned.is_set():
                return b""
            self._is_busy = True
        try:
            self._body = body()
            with aws_failures(self._polly.name):
                return b"" if self._body is None else self._body.read(size_bytes)
        finally:
            with self._lock:
                self._is_busy = False
                if self._abandoned.is_set():
                    self._close_body()

    def _close_body(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None


def _forget(future: "asyncio.Future[bytes]") -> None:
    # The error of work that nobody waited for any more; asyncio would report it as lost.
    if not future.cancelled():
        future.exception()
