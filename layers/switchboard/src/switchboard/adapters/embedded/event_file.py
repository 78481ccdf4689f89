"""Facts without a cloud: into a file, or nowhere."""

from pathlib import Path

import msgspec
import structlog

from switchboard.domain.facts import Fact

log = structlog.get_logger()


class EventFile:
    """`ports.event_sink.EventSink` that appends one JSON object a line. For one machine: a disk that hangs is waited for."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)

    def publish(self, fact: Fact) -> None:
        """Write one fact."""
        try:
            self._file.write(msgspec.json.encode(fact) + b"\n")
        except (OSError, ValueError) as error:
            # A full disk, or a call that outlives the sink.
            log.warning("fact not written", error=type(error).__name__)

    async def flush(self, *, deadline_s: float) -> None:
        """Everything is written already."""

    async def close(self, *, deadline_s: float) -> None:  # noqa: ARG002 - part of EventSink
        """Close the file."""
        self._file.close()


class NoEvents:
    """`ports.event_sink.EventSink` to nowhere."""

    def publish(self, fact: Fact) -> None:
        """Forget it."""

    async def flush(self, *, deadline_s: float) -> None:
        """Nothing waits."""

    async def close(self, *, deadline_s: float) -> None:
        """Nothing to release."""
