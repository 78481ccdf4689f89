"""Run the gateway: settings -> platform -> serve; SIGTERM -> drain. `python -m voice_gateway`."""

import asyncio
import gc
import signal
import sys

import structlog
import uvloop

from switchboard.adapters.aws.secrets import Secrets, read_environment
from switchboard.adapters.twilio.signature import SignatureChecker
from switchboard.observability import configure_logging
from switchboard.settings import Settings, SettingsError, environment, load_settings
from voice_gateway.admission import Admission
from voice_gateway.composition import compose
from voice_gateway.fact_reporter import FactReporter
from voice_gateway.gateway import Gateway, ObserverFactory
from voice_gateway.journal import Journal
from voice_gateway.narrator import Narrator
from voice_gateway.server import serve

TOKEN_SECRET = "SWITCHBOARD_STREAM_TOKEN_SECRET"  # noqa: S105 - the name of one

log = structlog.get_logger()


def main() -> int:
    """Entry point; returns the process's exit code."""
    configure_logging()
    try:
        environ, secrets = read_environment(environment())
        settings = load_settings(environ)
    except SettingsError as error:
        sys.stderr.write(f"{error}\nRun `switchboard doctor` for all of it.\n")
        return 2
    uvloop.run(run(settings, secrets))
    return 0


async def run(settings: Settings, secrets: Secrets) -> None:
    """Serve until SIGTERM or SIGINT, then drain."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with compose(settings, secrets) as platform:
        gateway = Gateway(
            platform,
            token_secrets=secrets.secret(TOKEN_SECRET, settings.token_secret.get_secret_value()),
            on_forged_token=secrets.refused,
            admission=Admission(calls_max=settings.calls_max),
            observers=_observers(settings),
        )
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


def _observers(settings: Settings) -> tuple[ObserverFactory, ...]:
    observers: list[ObserverFactory] = [Narrator.of, FactReporter.of]
    if settings.journal_dir:
        observers.append(Journal.into(settings.journal_dir))
    return tuple(observers)


def _freeze() -> None:
    """Keep what start-up made out of every later collection: a full one stalls all calls for 0.1 s and more."""
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    sys.exit(main())
