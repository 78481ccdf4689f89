"""The composition root: settings become providers, stores and a platform. The only place that knows every adapter."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypedDict

import boto3
import structlog

from switchboard.adapters.anthropic.language_model import AnthropicLanguageModel
from switchboard.adapters.aws.bedrock_language_model import BedrockLanguageModel
from switchboard.adapters.aws.polly import PollySynthesizer
from switchboard.adapters.aws.transcribe import TranscribeTranscriber
from switchboard.adapters.deepgram.synthesizer import DeepgramSynthesizer
from switchboard.adapters.deepgram.transcriber import DeepgramTranscriber
from switchboard.adapters.elevenlabs.synthesizer import ElevenLabsSynthesizer
from switchboard.adapters.embedded.agent import BRIGHTLINE
from switchboard.adapters.embedded.language_model import EmbeddedLanguageModel
from switchboard.adapters.embedded.synthesizer import EmbeddedSynthesizer
from switchboard.adapters.embedded.tools import BrightlineTools
from switchboard.adapters.embedded.transcriber import EmbeddedTranscriber
from switchboard.adapters.failover.language_model import FailoverLanguageModel
from switchboard.adapters.failover.providers import AnswerCallback, FailureCallback, SwitchCallback
from switchboard.adapters.failover.synthesizer import FailoverSynthesizer
from switchboard.adapters.failover.transcriber import FailoverTranscriber
from switchboard.adapters.silero.detector import SileroDetector
from switchboard.adapters.sqlite.store import SqliteCheckpointStore, SqliteTokenLedger
from switchboard.conversation.policy import Policy
from switchboard.ports.language_model import LanguageModel
from switchboard.ports.synthesizer import Synthesizer
from switchboard.ports.transcriber import Transcriber
from switchboard.settings import LanguageModelName, Settings, SynthesizerName, TranscriberName
from switchboard.telemetry.metrics import (
    PROVIDER_ERRORS,
    PROVIDER_LATENCY,
    PROVIDER_SWITCHES,
    Meter,
    NoMeter,
)
from switchboard.telemetry.tracing import NoTracer, Tracer
from voice_gateway.call import Platform
from voice_gateway.phrase_cache import PhraseCache
from voice_gateway.vad_ticker import VadTicker

TRANSCRIBER_BUDGET_MS = 500
"""First result of a vendor after the first speech; twice this, three times in a row, opens its breaker (D2)."""
LANGUAGE_MODEL_BUDGET_MS = 800
SYNTHESIZER_BUDGET_MS = 400

_NO_METER = NoMeter()
_NO_TRACER = NoTracer()

log = structlog.get_logger()


@asynccontextmanager
async def compose(
    settings: Settings, *, meter: Meter = _NO_METER, tracer: Tracer = _NO_TRACER
) -> AsyncIterator[Platform]:
    """Build everything, render the fixed phrases, and take it down in reverse order."""
    loop = asyncio.get_running_loop()
    policy = Policy(BRIGHTLINE, transfer_available=bool(settings.handover_number))
    async with AsyncExitStack() as stack:
        transcriber = await stack.enter_async_context(
            FailoverTranscriber(
                [(_transcriber(name, settings), TRANSCRIBER_BUDGET_MS) for name in settings.asr],
                **_told("transcriber", meter),
            )
        )
        language_model = await stack.enter_async_context(
            FailoverLanguageModel(
                [(_language_model(name, settings), LANGUAGE_MODEL_BUDGET_MS) for name in settings.llm],
                **_told("language-model", meter),
            )
        )
        synthesizer = await stack.enter_async_context(
            FailoverSynthesizer(
                [(_synthesizer(name, settings), SYNTHESIZER_BUDGET_MS) for name in settings.tts],
                **_told("synthesizer", meter),
            )
        )
        checkpoints = SqliteCheckpointStore(settings.state_path)
        stack.push_async_callback(checkpoints.close)
        tokens = SqliteTokenLedger(settings.state_path)
        stack.push_async_callback(tokens.close)
        phrases = PhraseCache()
        missing = await phrases.render(synthesizer, policy.agent.voice, policy.fixed_texts())
        if missing:
            log.warning("fixed phrases not rendered yet", count=missing)
        yield Platform(
            policy=policy,
            transcriber=transcriber,
            language_model=language_model,
            synthesizer=synthesizer,
            toolbox=BrightlineTools(),
            checkpoints=checkpoints,
            tokens=tokens,
            phrases=phrases,
            ticker=VadTicker(SileroDetector(), loop),
            loop=loop,
            wall_ms=wall_ms,
            meter=meter,
            tracer=tracer,
        )


def _transcriber(name: TranscriberName, settings: Settings) -> Transcriber:
    match name:
        case "deepgram":
            return DeepgramTranscriber(
                api_key=settings.deepgram_api_key.get_secret_value(),
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


def _language_model(name: LanguageModelName, settings: Settings) -> LanguageModel:
    match name:
        case "anthropic":
            return AnthropicLanguageModel(
                api_key=settings.anthropic_api_key.get_secret_value(),
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


def _synthesizer(name: SynthesizerName, settings: Settings) -> Synthesizer:
    match name:
        case "deepgram":
            return DeepgramSynthesizer(
                api_key=settings.deepgram_api_key.get_secret_value(),
                base_url=_socket_url(settings.deepgram_base_url),
            )
        case "polly":
            return PollySynthesizer(
                region=settings.aws_region, endpoint_url=settings.aws_endpoint_url or None
            )
        case "elevenlabs":
            return ElevenLabsSynthesizer(
                api_key=settings.elevenlabs_api_key.get_secret_value(),
                base_url=_socket_url(settings.elevenlabs_base_url),
            )
        case "embedded":
            return EmbeddedSynthesizer()


def _socket_url(base_url: str) -> str:
    """The vendor's host as a WebSocket address: https means wss, http means ws."""
    return f"ws{base_url.removeprefix('http')}" if base_url.startswith("http") else base_url


class _Told(TypedDict):
    on_switch: SwitchCallback
    on_answer: AnswerCallback
    on_failure: FailureCallback


def _told(kind: str, meter: Meter) -> _Told:
    """What a fail-over tells of its providers goes to the log and the metrics."""

    def switched(before: str, after: str, reason: str) -> None:
        log.warning(
            "provider switched",
            provider_kind=kind,
            provider=before,
            status=f"{before} -> {after}",
            reason=reason,
        )
        meter.record(PROVIDER_SWITCHES, provider_kind=kind, provider=before, reason=reason)

    def answered(provider: str, latency_ms: int) -> None:
        meter.record(PROVIDER_LATENCY, latency_ms, provider_kind=kind, provider=provider)

    def failed(provider: str, reason: str) -> None:
        meter.record(PROVIDER_ERRORS, provider_kind=kind, provider=provider, error=reason)

    return {"on_switch": switched, "on_answer": answered, "on_failure": failed}


def wall_ms() -> int:
    """UTC."""
    return time.time_ns() // 1_000_000
