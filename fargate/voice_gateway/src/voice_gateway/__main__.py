"""Run the gateway: settings -> platform -> serve; SIGTERM -> drain. `python -m voice_gateway`."""

import asyncio
import gc
import signal
import sys
from contextlib import AsyncExitStack

import structlog
import uvloop

from switchboard.adapters.aws.secrets import Secrets, read_environment
from switchboard.adapters.aws.task_protection import EcsTaskProtection
from switchboard.adapters.twilio.signature import SignatureChecker
from switchboard.observability import configure_logging
from switchboard.settings import Settings, SettingsError, environment, load_settings
from switchboard.telemetry.emf import EmfMeter
from switchboard.telemetry.line_sink import LineSink
from switchboard.telemetry.metrics import LINES_DROPPED, SPANS_DROPPED, Meter, NoMeter
from switchboard.telemetry.tracing import open_tracer
from voice_gateway.admission import Admission
from voice_gateway.call import Platform
from voice_gateway.call_metrics import CallMetrics
from voice_gateway.composition import compose, wall_ms
from voice_gateway.fact_reporter import FactReporter
from voice_gateway.gateway import Gateway, ObserverFactory
from voice_gateway.journal import Journal
from voice_gateway.narrator import Narrator
from voice_gateway.scale_in_guard import ScaleInGuard
from voice_gateway.server import serve
from voice_gateway.vitals import Vitals

TRACES_CLOSE_S = 2.0
"""For the last spans, when no call is left."""

TOKEN_SECRET = "SWITCHBOARD_STREAM_TOKEN_SECRET"  # noqa: S105 - the name of one

log = structlog.get_logger()


def main() -> int:
    """Entry point; returns the process's exit code."""
    sink = LineSink(sys.stderr.fileno())
    configure_logging(sink=sink)
    try:
        environ, secrets = read_environment(environment())
        settings = load_settings(environ)
    except SettingsError as error:
        sys.stderr.write(f"{error}\nRun `switchboard doctor` for all of it.\n")
        return 2
    try:
        uvloop.run(run(settings, secrets, sink))
    finally:
        sink.close()
    return 0


async def run(settings: Settings, secrets: Secrets, sink: LineSink) -> None:
    """Serve until SIGTERM or SIGINT, then drain."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    meter = EmfMeter(sink.write, service="voice_gateway", environment=settings.environment)
    tracer = open_tracer(
        endpoint=settings.traces_endpoint,
        share=settings.traces_share,
        service="voice_gateway",
        environment=settings.environment,
    )
    async with (
        compose(settings, secrets, meter=meter if settings.metrics else NoMeter(), tracer=tracer) as platform,
        AsyncExitStack() as stack,
    ):
        stack.callback(tracer.close, TRACES_CLOSE_S)
        gateway = Gateway(
            platform,
            token_secrets=secrets.secret(TOKEN_SECRET, settings.token_secret.get_secret_value()),
            on_forged_token=secrets.refused,
            admission=Admission(calls_max=settings.calls_max),
            observers=_observers(settings, platform.meter),
            guard=await _guard(settings, platform, stack),
        )
        if settings.metrics:
            vitals = Vitals(
                gateway,
                meter,
                wall_ms=wall_ms,
                loop=loop,
                dropped_counts={
                    LINES_DROPPED: lambda: sink.dropped_count,
                    SPANS_DROPPED: lambda: tracer.dropped_count,
                },
            )
            stack.callback(vitals.close)
        server = await serve(
            gateway,
            host=settings.host,
            port=settings.port,
            stream_url=settings.stream_url,
            signatures=SignatureChecker(
                secrets.secret("TWILIO_AUTH_TOKEN", settings.twilio_auth_token.get_secret_value()),
                on_wrong=secrets.refused,
            ),
            web_calls=settings.web_calls,
        )
        _freeze()
        log.info("gateway listening", host=settings.host, port=settings.port, calls_max=settings.calls_max)
        await stopping.wait()
        # Still listening: health and readiness answer to the end, or live calls would be killed as a dead task's.
        await gateway.drain(settings.drain_grace_s)
        server.close()
    log.info("gateway stopped")


def _observers(settings: Settings, meter: Meter) -> tuple[ObserverFactory, ...]:
    observers: list[ObserverFactory] = [Narrator.of, FactReporter.of]
    if settings.metrics:
        observers.append(CallMetrics.into(meter))
    if settings.journal_dir:
        observers.append(Journal.into(settings.journal_dir))
    return tuple(observers)


async def _guard(settings: Settings, platform: Platform, stack: AsyncExitStack) -> ScaleInGuard | None:
    """What keeps ECS from stopping this task under its calls; None outside ECS."""
    if not settings.ecs_agent_uri:
        return None
    guard = ScaleInGuard(
        EcsTaskProtection(settings.ecs_agent_uri),
        call_max_s=platform.policies.longest_call_ms() / 1000,
        loop=platform.loop,
        meter=platform.meter,
    )
    guard.start()
    stack.push_async_callback(guard.close)
    return guard


def _freeze() -> None:
    """Keep what start-up made out of every later collection: a full one stalls all calls for 0.1 s and more."""
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    sys.exit(main())
