"""The composition root: settings become providers, stores and a platform. The only place that knows every adapter."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Literal

import boto3
import structlog

from switchboard.adapters.anthropic.language_model import AnthropicLanguageModel
from switchboard.adapters.aws.bedrock_language_model import BedrockLanguageModel
from switchboard.adapters.aws.polly import PollySynthesizer
from switchboard.adapters.aws.secrets import Secrets, SecretValues
from switchboard.adapters.aws.transcribe import TranscribeTranscriber
from switchboard.adapters.deepgram.synthesizer import DeepgramSynthesizer
from switchboard.adapters.deepgram.transcriber import DeepgramTranscriber
from switchboard.adapters.elevenlabs.synthesizer import ElevenLabsSynthesizer
from switchboard.adapters.embedded.language_model import EmbeddedLanguageModel
from switchboard.adapters.embedded.synthesizer import EmbeddedSynthesizer
from switchboard.adapters.embedded.tools import BrightlineTools
from switchboard.adapters.embedded.transcriber import EmbeddedTranscriber
from switchboard.adapters.failover.language_model import FailoverLanguageModel
from switchboard.adapters.failover.synthesizer import FailoverSynthesizer
from switchboard.adapters.failover.transcriber import FailoverTranscriber
from switchboard.adapters.silero.detector import SileroDetector
from switchboard.domain.facts import ProviderSwitched
from switchboard.ports.event_sink import EventSink
from switchboard.ports.language_model import LanguageModel
from switchboard.ports.synthesizer import Synthesizer
from switchboard.ports.transcriber import Transcriber
from switchboard.settings import LanguageModelName, Settings, SynthesizerName, TranscriberName
from voice_gateway.call import Platform
from voice_gateway.phrase_cache import PhraseCache
from voice_gateway.stores import open_stores
from voice_gateway.tenant_policies import TenantPolicies
from voice_gateway.vad_ticker import VadTicker

TRANSCRIBER_BUDGET_MS = 500
"""First result of a vendor after the first speech; twice this, three times in a row, opens its breaker (D2)."""
LANGUAGE_MODEL_BUDGET_MS = 800
SYNTHESIZER_BUDGET_MS = 400
RESTART_AFTER_S = 5.0

ProviderKind = Literal["transcriber", "language_model", "synthesizer"]

log = structlog.get_logger()


@asynccontextmanager
async def compose(settings: Settings, secrets: Secrets | None = None) -> AsyncIterator[Platform]:
    """Build everything, render the fixed phrases, and take it down in reverse order.

    Raises `SnapshotUnavailable` or `TenantsUnusable` where nobody would know whom to answer for.
    """
    loop = asyncio.get_running_loop()
    secrets = secrets or Secrets(SecretValues())
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(open_stores(settings, secrets))
        switched = partial(_switched, stores.sink)
        transcriber = await stack.enter_async_context(
            FailoverTranscriber(
                [(_transcriber(name, settings, secrets), TRANSCRIBER_BUDGET_MS) for name in settings.asr],
                on_switch=partial(switched, "transcriber"),
                on_rejected=secrets.refused,
            )
        )
        language_model = await stack.enter_async_context(
            FailoverLanguageModel(
                [
                    (_language_model(name, settings, secrets), LANGUAGE_MODEL_BUDGET_MS)
                    for name in settings.llm
                ],
                on_switch=partial(switched, "language_model"),
                on_rejected=secrets.refused,
            )
        )
        synthesizer = await stack.enter_async_context(
            FailoverSynthesizer(
                [(_synthesizer(name, settings, secrets), SYNTHESIZER_BUDGET_MS) for name in settings.tts],
                on_switch=partial(switched, "synthesizer"),
                on_rejected=secrets.refused,
            )
        )
        toolbox = BrightlineTools()
        phrases = PhraseCache()
        policies = TenantPolicies(
            stores.directory, tools=toolbox.specs, phrases=phrases, synthesizer=synthesizer
        )
        await policies.start()
        for name, work in (*stores.background, ("policies", policies.keep_updated)):
            stack.push_async_callback(_cancelled, loop.create_task(_for_ever(name, work), name=name))
        yield Platform(
            policies=policies,
            transcriber=transcriber,
            language_model=language_model,
            synthesizer=synthesizer,
            toolbox=toolbox,
            checkpoints=stores.checkpoints,
            tokens=stores.tokens,
            sink=stores.sink,
            phrases=phrases,
            ticker=VadTicker(SileroDetector(), loop),
            loop=loop,
            wall_ms=_wall_ms,
        )


async def _for_ever(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run background work; a fault in it is told and must not end with it what calls rely on."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("background work failed", state=name)
        await asyncio.sleep(RESTART_AFTER_S)


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait({task})


def _transcriber(name: TranscriberName, settings: Settings, secrets: Secrets) -> Transcriber:
    match name:
        case "deepgram":
            return DeepgramTranscriber(
                api_key=secrets.key("DEEPGRAM_API_KEY", settings.deepgram_api_key.get_secret_value()),
                base_url=_socket_url(settings.deepgram_base_url),
            )
        case "transcribe":
            return TranscribeTranscriber(
                session=boto3.Session(region_name=settings.aws_region),
                region=settings.aws_region,
                endpoint_url=settings.aws_endpoint_url or None,
            )
        case "embedded":
            return EmbeddedTranscriber()


def _language_model(name: LanguageModelName, settings: Settings, secrets: Secrets) -> LanguageModel:
    match name:
        case "anthropic":
            return AnthropicLanguageModel(
                api_key=secrets.key("ANTHROPIC_API_KEY", settings.anthropic_api_key.get_secret_value()),
                base_url=settings.anthropic_base_url,
                model=settings.anthropic_model,
            )
        case "bedrock":
            return BedrockLanguageModel(
                region=settings.aws_region,
                model=settings.bedrock_model_id,
                endpoint_url=settings.aws_endpoint_url or None,
            )
        case "embedded":
            return EmbeddedLanguageModel()


def _synthesizer(name: SynthesizerName, settings: Settings, secrets: Secrets) -> Synthesizer:
    match name:
        case "deepgram":
            return DeepgramSynthesizer(
                api_key=secrets.key("DEEPGRAM_API_KEY", settings.deepgram_api_key.get_secret_value()),
                base_url=_socket_url(settings.deepgram_base_url),
            )
        case "polly":
            return PollySynthesizer(
                region=settings.aws_region, endpoint_url=settings.aws_endpoint_url or None
            )
        case "elevenlabs":
            return ElevenLabsSynthesizer(
                api_key=secrets.key("ELEVENLABS_API_KEY", settings.elevenlabs_api_key.get_secret_value()),
                base_url=_socket_url(settings.elevenlabs_base_url),
            )
        case "embedded":
            return EmbeddedSynthesizer()


def _socket_url(base_url: str) -> str:
    """The vendor's host as a WebSocket address: https means wss, http means ws."""
    return f"ws{base_url.removeprefix('http')}" if base_url.startswith("http") else base_url


def _switched(sink: EventSink, kind: ProviderKind, before: str, after: str, reason: str) -> None:
    log.warning("provider switched", provider_kind=kind, status=f"{before} -> {after}", reason=reason)
    sink.publish(
        ProviderSwitched(
            id=uuid.uuid4().hex,
            tenant="",
            at_ms=_wall_ms(),
            kind=kind,
            before=before,
            after=after,
            reason=reason,
        )
    )


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
