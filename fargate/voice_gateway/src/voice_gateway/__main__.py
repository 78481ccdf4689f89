"""Run the gateway: settings -> platform -> serve; SIGTERM -> drain. `python -m voice_gateway`."""

import asyncio
import gc
import signal
import sys

import structlog
import uvloop

from switchboard.adapters.twilio.signature import SignatureChecker
from switchboard.observability import configure_logging
from switchboard.settings import Settings, SettingsError, load_settings
from voice_gateway.admission import Admission
from voice_gateway.composition import compose
from voice_gateway.gateway import Gateway, ObserverFactory
from voice_gateway.journal import Journal
from voice_gateway.narrator import Narrator
from voice_gateway.server import serve

log = structlog.get_logger()


def main() -> int:
    """Entry point; returns the process's exit code."""
    configure_logging()
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.stderr.write(f"{error}\nRun `switchboard doctor` for all of it.\n")
        return 2
    uvloop.run(run(settings))
    return 0


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then drain."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with compose(settings) as platform:
        gateway = Gateway(
            platform,
            token_secret=settings.token_secret.get_secret_value(),
            admission=Admission(calls_max=settings.calls_max),
            observers=_observers(settings),
        )
        server = await serve(
            gateway,
            host=settings.host,
            port=settings.port,
            stream_url=settings.stream_url,
            signatures=SignatureChecker(settings.twilio_auth_token.get_secret_value()),
            web_calls=settings.web_calls,
        )
        _freeze()
        log.info("gateway listening", host=settings.host, port=settings.port, calls_max=settings.calls_max)
        await stopping.wait()
        # Still listening: health and readiness answer to the end, or live calls would be killed as a dead task's.
        await gateway.drain(settings.drain_grace_s)
        server.close()
    log.info("gateway stopped")


def _observers(settings: Settings) -> tuple[ObserverFactory, ...]:
    observers: list[ObserverFactory] = [Narrator.of]
    if settings.journal_dir:
        observers.append(Journal.into(settings.journal_dir))
    return tuple(observers)


def _freeze() -> None:
    """Keep what start-up made out of every later collection: a full one stalls all calls for 0.1 s and more."""
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    sys.exit(main())
