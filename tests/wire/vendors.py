"""The gateway on its real vendor adapters, each wired to a scripted vendor on loopback, with deadlines of tests."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import boto3
from msgspec import Struct
from msgspec.structs import replace

from switchboard.adapters.anthropic.language_model import AnthropicLanguageModel
from switchboard.adapters.aws.bedrock_language_model import BedrockLanguageModel
from switchboard.adapters.aws.polly import PollySynthesizer
from switchboard.adapters.aws.transcribe import TranscribeTranscriber
from switchboard.adapters.deepgram.synthesizer import DeepgramSynthesizer
from switchboard.adapters.deepgram.transcriber import DeepgramTranscriber
from switchboard.adapters.failover.language_model import FailoverLanguageModel
from switchboard.adapters.failover.synthesizer import FailoverSynthesizer
from switchboard.adapters.failover.transcriber import FailoverTranscriber
from tests.fakes.anthropic_messages import FakeAnthropicMessages
from tests.fakes.bedrock_runtime import FakeBedrockRuntime
from tests.fakes.deepgram_listen import FakeListenServer, ListenScript, fake_listen_server
from tests.fakes.deepgram_speak import FakeDeepgramSpeak, fake_deepgram_speak
from tests.fakes.model_vendors import aws_session
from tests.fakes.polly import FakePolly, fake_polly
from tests.fakes.recognition import speech
from tests.fakes.speech_script import MS_PER_CHAR, audio_of
from tests.fakes.transcribe_streaming import SECRET_KEY, FakeStreamingServer, fake_streaming_server
from tests.gateway.rig import World
from tests.wire.peer import PATIENCE_S
from tests.wire.rig import BRIEF, Media, WireFarEnd, media_server

REGION = "us-east-1"
BUDGET_MS = 150
POLICY = replace(BRIEF, endpoint_digits_ms=250, stall_after_ms=500)


class Vendors(Struct):
    """Every vendor's other end, and who was left for whom."""

    media: Media
    listen: FakeListenServer
    transcribe: FakeStreamingServer
    anthropic: FakeAnthropicMessages
    bedrock: FakeBedrockRuntime
    speak: FakeDeepgramSpeak
    polly: FakePolly
    switches: list[tuple[str, str, str]]

    def listening_fails(self) -> ListenScript:
        """A script for the first listening connection; every later one is refused, so that the second vendor must."""
        script = ListenScript()
        self.listen.scripts = [script]
        self.listen.default = ListenScript(status=503)
        return script


class Caller(WireFarEnd):
    """Speaks the words that the scripted recognisers know, and measures."""

    def __init__(self, vendors: Vendors, number: int = 1) -> None:
        super().__init__(vendors.media, f"CA{number:032x}")

    async def ask(self, *words: str) -> float:
        """Say the words and hear the whole answer; seconds from the last word to the answer's first sound."""
        self.utter(*words)
        return await self.answer()

    def utter(self, *words: str) -> None:
        self._mouth += speech(*words)

    async def answer(self) -> float:
        await self.finished_saying()
        waited_s = await self.agent_starts(PATIENCE_S)
        await self.agent_has_spoken(PATIENCE_S)
        return waited_s

    def heard_ms(self, text: str) -> int:
        """How much of the text's audio has reached the caller's ear."""
        return self.heard.count(audio_of(text)[:1]) // 8

    def gap_ms(self, first: str, second: str) -> int:
        """The silence between the sounds of two texts."""
        return (self.heard.index(audio_of(second)[:1]) - self.heard.rindex(audio_of(first)[:1])) // 8


def spoken_ms(text: str) -> int:
    return len(text) * MS_PER_CHAR


@asynccontextmanager
async def vendors_on_loopback(*, first_token_timeout_ms: int = 2000) -> AsyncIterator[Vendors]:
    """Deepgram, Anthropic and Aura first; Transcribe, Bedrock and Polly second."""
    switches: list[tuple[str, str, str]] = []

    def switched(before: str, after: str, reason: str) -> None:
        switches.append((before, after, reason))

    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        listen, transcribe = await enter(fake_listen_server()), await enter(fake_streaming_server())
        anthropic, bedrock = await enter(FakeAnthropicMessages()), await enter(FakeBedrockRuntime())
        speak, polly = await enter(fake_deepgram_speak()), await enter(fake_polly())
        world = World(POLICY)
        providers: dict[str, Any] = {
            "transcriber": FailoverTranscriber(
                [(_deepgram(listen), BUDGET_MS), (_transcribe(transcribe), BUDGET_MS)], on_switch=switched
            ),
            "model": FailoverLanguageModel(
                [(_anthropic(anthropic, first_token_timeout_ms), BUDGET_MS), (_bedrock(bedrock), BUDGET_MS)],
                on_switch=switched,
            ),
            "synthesizer": FailoverSynthesizer(
                [(_aura(speak), BUDGET_MS), (_polly(polly), BUDGET_MS)], on_switch=switched
            ),
        }
        for name, provider in providers.items():
            setattr(world, name, await enter(provider))
        media = await enter(media_server(world))
        yield Vendors(media, listen, transcribe, anthropic, bedrock, speak, polly, switches)


@asynccontextmanager
async def call(vendors: Vendors, number: int = 1) -> AsyncIterator[Caller]:
    """One call that has been greeted; hung up at the end unless it is over."""
    caller = Caller(vendors, number)
    await caller.dial()
    await caller.agent_has_spoken(PATIENCE_S)
    try:
        yield caller
    finally:
        if not caller.closed:
            await caller.hang_up()
        await caller.over()


def _deepgram(fake: FakeListenServer) -> DeepgramTranscriber:
    return DeepgramTranscriber(
        api_key="key", base_url=fake.url, reconnect_timeout_ms=150, stall_timeout_ms=500
    )


def _transcribe(fake: FakeStreamingServer) -> TranscribeTranscriber:
    session = boto3.Session(aws_access_key_id="id", aws_secret_access_key=SECRET_KEY)
    return TranscribeTranscriber(session=session, region=REGION, endpoint_url=fake.url)


def _anthropic(fake: FakeAnthropicMessages, first_token_timeout_ms: int) -> AnthropicLanguageModel:
    return AnthropicLanguageModel(
        api_key="key", base_url=fake.url, first_token_timeout_ms=first_token_timeout_ms
    )


def _bedrock(fake: FakeBedrockRuntime) -> BedrockLanguageModel:
    return BedrockLanguageModel(region=REGION, model="m", endpoint_url=fake.url, session=aws_session())


def _aura(fake: FakeDeepgramSpeak) -> DeepgramSynthesizer:
    return DeepgramSynthesizer(
        api_key="key", base_url=fake.url, first_audio_timeout_ms=300, gap_timeout_ms=200
    )


def _polly(fake: FakePolly) -> PollySynthesizer:
    return PollySynthesizer(region=REGION, endpoint_url=fake.url)
