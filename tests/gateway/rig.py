"""A call against the real gateway code, in virtual time: real frames, voice activity, session, core and playout.

The far end speaks Twilio's messages over memory. Every word of the caller is its own loud sample value, so that the fake
recogniser knows exactly what was said and when, wherever the audio is cut.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import numpy as np
from msgspec.structs import replace

from switchboard.conversation.policy import Policy
from switchboard.domain.agents import Agent
from switchboard.domain.calls import CallKey
from switchboard.domain.messages import JsonObject, ToolCall, ToolResult, ToolSpec
from switchboard.domain.rotating import fixed
from switchboard.domain.stream_tokens import StreamClaims, mint
from switchboard.ports.transcriber import Transcript
from tests.fakes.checkpoints import InMemoryCheckpointStore
from tests.fakes.event_sink import ListSink
from tests.fakes.language_model import FakeLanguageModel
from tests.fakes.model_scripts import Pause, Reply, Text
from tests.fakes.synthesizer import FakeSynthesizer
from tests.fakes.token_ledger import InMemoryTokenLedger
from voice_gateway.admission import Admission
from voice_gateway.call import Platform
from voice_gateway.connection import Connection
from voice_gateway.fact_reporter import FactReporter
from voice_gateway.gateway import Gateway
from voice_gateway.phrase_cache import PhraseCache
from voice_gateway.session import Session
from voice_gateway.tenant_policies import TenantPolicy
from voice_gateway.vad_ticker import VadTicker

SECRET = "a test's secret of more than thirty-two characters"
TENANT = "acme"
ACCOUNT = "AC" + "0" * 32
SILENCE = b"\xff"
WORD_MS = 240
GAP_MS = 60
COUGH = 64
"""The loudest sample value that is no word."""
FRAME_MS = 20
FRAME_BYTES = 160
LOOK_UP = ToolSpec(
    "look_up",
    "Look something up.",
    {"type": "object", "properties": {"key": {"type": "string"}}, "required": ["key"]},
)
AGENT = Agent(
    name="Ava",
    company="Brightline",
    instructions="You are Ava.",
    disclosure="Hi, this is Ava, an AI assistant.",
    greeting="How can I help?",
    tools=(LOOK_UP,),
)
POLICY = Policy(AGENT)


def reply(*texts: str, after_s: float = 0.3, pace_s: float = 0.02) -> Reply:
    """A model's answer, first token after `after_s`."""
    steps = [step for text in texts for step in (Pause(pace_s), Text(text))]
    return Reply((Pause(after_s), *steps))


def tool_reply(call: ToolCall, *, text: str = "") -> Reply:
    """A model's wish for a tool."""
    said = (Text(text),) if text else ()
    return Reply((Pause(0.2), *said, call), stop_reason="tool_use")


class LoudnessDetector:
    """Scores windows by their level: the caller's words are loud constants."""

    window_samples = 256

    def new_state(self):
        return np.zeros(1, np.float32)

    def score(self, windows, states):
        return (np.abs(windows).mean(axis=1) > 0.05).astype(np.float32), states


class Words:
    """Gives each word a sample value of its own."""

    def __init__(self) -> None:
        self._words: list[str] = []

    def audio(self, text: str) -> bytes:
        spoken = bytearray()
        for word in text.split():
            if word not in self._words:
                self._words.append(word)
            code = self._words.index(word)
            assert code < COUGH, "too many different words for one test"
            spoken += bytes([code]) * (WORD_MS * 8) + SILENCE * (GAP_MS * 8)
        return bytes(spoken)

    def word(self, code: int) -> str | None:
        return self._words[code] if code < len(self._words) else None


class CodedTranscriber:
    """Reads words off sample values; interim results at once, finals when asked. `delay_s` is its slowness."""

    name = "coded"

    def __init__(self, words: Words, *, delay_s: float = 0.12) -> None:
        self.words = words
        self.delay_s = delay_s
        self.confidence = 0.95
        self.open_error: Exception | None = None
        self.deaf = False
        self.streams: list[CodedStream] = []

    async def open(self, *, language: str, keyterms: Sequence[str] = ()) -> "CodedStream":
        if self.open_error:
            raise self.open_error
        self.streams.append(CodedStream(self))
        return self.streams[-1]

    async def probe(self) -> None:
        return None

    async def close(self) -> None:
        return None


class CodedStream:
    def __init__(self, owner: CodedTranscriber) -> None:
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Transcript | Exception | None] = asyncio.Queue()
        self._spoken: list[str] = []
        self._last = 0xFF
        self.audio = bytearray()

    def send_audio(self, audio: bytes) -> None:
        assert audio
        self.audio += audio
        before = len(self._spoken)
        for code in audio[::8]:
            if code != self._last and code < COUGH and not self._owner.deaf:
                self._spoken.append(self._owner.words.word(code) or "?")
            self._last = code
        if len(self._spoken) > before:
            self._later(
                Transcript(" ".join(self._spoken), is_final=False, confidence=0.5, start_ms=0, end_ms=0)
            )

    def finalize(self) -> None:
        text = " ".join(self._spoken)
        self._spoken.clear()
        self._later(Transcript(text, True, self._owner.confidence, 0, 0, flushed=True))

    async def results(self) -> AsyncIterator[Transcript]:
        while (item := await self._queue.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item

    def fail(self, error: Exception) -> None:
        self._queue.put_nowait(error)

    async def close(self) -> None:
        self._queue.put_nowait(None)

    def _later(self, transcript: Transcript) -> None:
        self._loop.call_later(self._owner.delay_s, self._queue.put_nowait, transcript)


class FakeToolbox:
    def __init__(self) -> None:
        self.specs: tuple[ToolSpec, ...] = (LOOK_UP,)
        self.delay_s = 0.1
        self.calls: list[JsonObject] = []

    async def run(self, call: ToolCall, *, call_id: str) -> ToolResult:
        self.calls.append(call.arguments)
        await asyncio.sleep(self.delay_s)
        return ToolResult(call.id, '{"answer": 42}')


class World:
    """Everything around the calls of one test."""

    def __init__(self, policy: Policy = POLICY, *, calls_max: int = 10) -> None:
        self.words = Words()
        self.transcriber = CodedTranscriber(self.words)
        self.model = FakeLanguageModel(
            sleep=asyncio.sleep, default=reply("I see. ", "Is there anything else I can do for you?")
        )
        self.synthesizer = FakeSynthesizer()
        self.toolbox = FakeToolbox()
        self.checkpoints = InMemoryCheckpointStore()
        self.tokens = InMemoryTokenLedger()
        self.sink = ListSink()
        self.loop = asyncio.get_running_loop()
        self.policy = policy
        self.calls_max = calls_max
        self.sessions: list[Session] = []
        self._nonces = 0

    async def gateway(self) -> Gateway:
        """One more gateway process, sharing the stores."""
        phrases = PhraseCache()
        await phrases.render(FakeSynthesizer(), self.policy.agent.voice, self.policy.fixed_texts())
        platform = Platform(
            policies=self,
            transcriber=self.transcriber,
            language_model=self.model,
            synthesizer=self.synthesizer,
            toolbox=self.toolbox,
            checkpoints=self.checkpoints,
            tokens=self.tokens,
            sink=self.sink,
            phrases=phrases,
            ticker=VadTicker(LoudnessDetector(), self.loop),
            loop=self.loop,
            wall_ms=lambda: int(self.loop.time() * 1000) + 1_700_000_000_000,
        )
        return Gateway(
            platform,
            token_secrets=fixed(SECRET),
            admission=Admission(calls_max=self.calls_max),
            observers=[self._remember, FactReporter.of],
        )

    def of(self, tenant_id: str) -> TenantPolicy | None:
        """Every tenant's calls are conducted like this."""
        return TenantPolicy(1, self.policy) if tenant_id == TENANT else None

    def token(self, call_sid: str, **changes) -> str:
        self._nonces += 1
        claims = StreamClaims(
            call_sid=call_sid,
            account_sid=ACCOUNT,
            tenant=TENANT,
            channel="phone",
            expires_at_s=1_700_000_000 + int(self.loop.time()) + 60,
            nonce=self._nonces.to_bytes(16),
        )
        return mint(SECRET, replace(claims, **changes))

    def _remember(self, session: Session) -> None:
        self.sessions.append(session)


class FarEnd:
    """Twilio, and the caller's ear and mouth, on one socket."""

    def __init__(self, world: World, call_sid: str = "CA" + "1" * 32) -> None:
        self.world = world
        self.call_sid = call_sid
        self.stream_sid = "MZ" + call_sid[2:]
        self.loop = world.loop
        self.closed: tuple[int, str] | None = None
        self.heard = bytearray()
        """What the caller's ear got, contiguous from the start of the stream."""
        self.sent: list[JsonObject] = []
        self.clears_s: list[float] = []
        self.lose_marks = False
        self._playing: list[bytes | str] = []
        self._mouth = bytearray()
        self._chunk = 0
        self._ticking: asyncio.Task[None] | None = None
        self.connection: Connection

    # -- the MediaSocket seam
    def send_text(self, data: bytes) -> None:
        message = json.loads(data)
        self.sent.append(message)
        assert message["streamSid"] == self.stream_sid
        match message["event"]:
            case "media":
                self._playing.append(base64.b64decode(message["media"]["payload"]))
            case "mark":
                self._playing.append(message["mark"]["name"])
                self._echo_due()
            case "clear":
                self.clears_s.append(self.loop.time())
                waiting, self._playing = self._playing, []
                for name in (item for item in waiting if isinstance(item, str)):
                    self.loop.call_soon(self._echo, name)

    def close(self, code: int, reason: str) -> None:
        if self.closed is None:
            self.closed = (code, reason)
            self.loop.call_later(0.02, self._gone)

    # -- the carrier
    async def dial(self, gateway: Gateway, *, token: str | None = None, **parameters: str) -> None:
        self.connection = Connection(gateway, self, "phone")
        gateway.entered(self.connection)
        self.tell({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        self.tell(self.start_message(token or self.world.token(self.call_sid), **parameters))
        self._ticking = self.loop.create_task(self._tick())

    def start_message(self, token: str, **parameters: str) -> JsonObject:
        return {
            "event": "start",
            "sequenceNumber": "1",
            "streamSid": self.stream_sid,
            "start": {
                "streamSid": self.stream_sid,
                "accountSid": ACCOUNT,
                "callSid": self.call_sid,
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": {"token": token, **parameters},
            },
        }

    def tell(self, message: JsonObject) -> None:
        if not self.closed:
            self.connection.on_text(json.dumps(message).encode())

    async def hang_up(self) -> None:
        self.tell({"event": "stop", "streamSid": self.stream_sid, "stop": {}})
        await self.over()

    def drop(self) -> None:
        """The network is gone; nobody says goodbye."""
        self.closed = (1006, "")
        self._gone()

    async def over(self) -> None:
        """Wait until the stream has ended and nothing of it runs any more."""
        assert self._ticking
        await asyncio.wait([self._ticking])
        if self.connection._task:
            await asyncio.wait([self.connection._task])

    # -- the caller
    def say(self, text: str) -> None:
        self._mouth += self.world.words.audio(text)

    async def speak(self, text: str) -> None:
        """Say it, and wait for the end of it."""
        self.say(text)
        await self.finished_saying()

    def noise(self, duration_ms: int) -> None:
        """A cough: loud, and no word."""
        self._mouth += bytes([COUGH]) * (duration_ms * 8)

    def press(self, digit: str) -> None:
        self.tell({"event": "dtmf", "streamSid": self.stream_sid, "dtmf": {"digit": digit}})

    @property
    def key(self) -> CallKey:
        """Under what the gateway stores this call."""
        return CallKey(TENANT, self.call_sid)

    @property
    def talking(self) -> bool:
        return bool(self._mouth)

    @property
    def agent_audible(self) -> bool:
        return any(isinstance(item, bytes) for item in self._playing)

    async def finished_saying(self) -> None:
        await self._when(lambda: not self.talking, 60)

    async def agent_starts(self, within_s: float = 10) -> float:
        """Wait for the agent's voice; seconds it took."""
        return await self._when(lambda: self.agent_audible, within_s)

    async def agent_stops(self, within_s: float = 30) -> float:
        waited_s = await self._when(lambda: not self.agent_audible, within_s)
        await asyncio.sleep(0.04)  # the last mark travels back
        return waited_s

    async def agent_has_spoken(self, within_s: float = 30) -> None:
        await self.agent_starts(within_s)
        await asyncio.sleep(0.3)
        await self.agent_stops(within_s)

    async def _when(self, condition, within_s: float) -> float:
        begin = self.loop.time()
        while not condition():
            assert self.loop.time() - begin < within_s, f"not within {within_s} s"
            await asyncio.sleep(0.02)
        return self.loop.time() - begin

    @property
    def session(self) -> Session:
        return self.world.sessions[-1]

    def memory(self) -> list[str]:
        return [message.text for message in self.session.conversation.history if message.text]

    async def _tick(self) -> None:
        """One frame each way every 20 ms."""
        while not self.closed:
            self._play()
            frame = bytes(self._mouth[:FRAME_BYTES]).ljust(FRAME_BYTES, SILENCE)
            del self._mouth[:FRAME_BYTES]
            timestamp = self._chunk * FRAME_MS
            self._chunk += 1
            self.tell(self.media(self._chunk, timestamp, frame))
            await asyncio.sleep(FRAME_MS / 1000)

    def media(self, chunk: int, timestamp: int, payload: bytes) -> JsonObject:
        body = {
            "track": "inbound",
            "chunk": str(chunk),
            "timestamp": str(timestamp),
            "payload": base64.b64encode(payload).decode(),
        }
        return {"event": "media", "streamSid": self.stream_sid, "media": body}

    def _play(self) -> None:
        wanted = FRAME_BYTES
        self._echo_due()
        while wanted and self._playing:
            item = self._playing.pop(0)
            if isinstance(item, str):
                self._echo(item)
                continue
            self.heard += item[:wanted]
            if len(item) > wanted:
                self._playing.insert(0, item[wanted:])
            wanted -= min(wanted, len(item))
        self.heard += SILENCE * wanted
        self._echo_due()

    def _echo_due(self) -> None:
        while self._playing and isinstance(self._playing[0], str):
            self.loop.call_soon(self._echo, str(self._playing.pop(0)))

    def _echo(self, name: str) -> None:
        if not self.lose_marks:
            self.tell({"event": "mark", "streamSid": self.stream_sid, "mark": {"name": name}})

    def _gone(self) -> None:
        self.connection.on_closed()


@asynccontextmanager
async def a_call(world: World | None = None, **parameters: str) -> AsyncIterator[FarEnd]:
    """One answered call; it is hung up at the end unless it has ended by itself."""
    world = world or World()
    far_end = FarEnd(world)
    gateway = await world.gateway()
    await far_end.dial(gateway, **parameters)
    try:
        yield far_end
    finally:
        if not far_end.closed:
            await far_end.hang_up()
        await far_end.over()
        gateway.close()
