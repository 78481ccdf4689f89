"""Structured logs that cannot leak what callers say.

Every key that a log line may carry stands in `LOG_KEYS` as safe or personal. Personal keys are dropped unless the
entrypoint allows them by name, undeclared keys always; a test refuses undeclared keys and messages that are not static.
Exceptions are logged by kind and place, never by text, because vendors' texts carry transcripts and numbers.
"""

import logging
import sys
from collections.abc import Collection, Iterator
from enum import StrEnum
from traceback import walk_tb
from types import TracebackType
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

from switchboard.telemetry.line_sink import LineSink

TRACE_FRAMES_MAX = 20
"""Enough to find the place; a recursion must not fill the log."""


class Kind(StrEnum):
    """Whether a value may be kept with the logs."""

    SAFE = "safe"
    PERSONAL = "personal"


def _table(kind: Kind, keys: str) -> dict[str, Kind]:
    return dict.fromkeys(keys.split(), kind)


LOG_KEYS: dict[str, Kind] = {
    # Which call, and where in it. The carrier's ids name no person.
    **_table(
        Kind.SAFE,
        "call_id trace_id stream_id account_id tenant channel fence sequence turn generation_id utterance_id mark",
    ),
    # What happened.
    **_table(
        Kind.SAFE,
        "reason why outcome status state event_type disposition next_step instruction resumes close_code",
    ),
    **_table(Kind.SAFE, "refusal error retryable retry_after_ms trace level timestamp logger signal"),
    # Who did it.
    **_table(
        Kind.SAFE,
        "provider provider_kind model voice language tool breaker host port version pid path method "
        "service environment sink speculative",
    ),
    # How much and how long.
    **_table(
        Kind.SAFE, "calls calls_max count dropped size_bytes queue_size duration_ms duration_s elapsed_ms"
    ),
    **_table(Kind.SAFE, "deadline_ms lag_ms first_audio_ms first_token_ms grace_s confidence"),
    # What a person said, typed or is reached by, and what was made of it.
    **_table(
        Kind.PERSONAL, "from_number to_number caller transcript text prompt reply digits arguments result"
    ),
}

FACT_KEYS = frozenset(
    "id to kind before after at_ms turns configuration transfer_failed latency_ms endpointing_ms generation_ms "
    "synthesis_ms callback_id voicemail_id attempts sentiment qa_score analyst".split()
)
"""What facts (`switchboard.domain.facts`) carry beside safe log keys. Their types say which values are possible; as log
keys some of these names could come to hold a number or a text."""


def configure_logging(
    *,
    level: int = logging.INFO,
    allowed: Collection[str] = (),
    stream: TextIO = sys.stderr,
    sink: LineSink | None = None,
) -> None:
    """Send one JSON object per log line to `stream`; `allowed` names personal keys to keep, for local work only.

    A process with live calls gives a `sink` instead, because writing to a stream can block. Lines of libraries that use
    `logging` pass from WARNING up, as their message template without its arguments.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            drop_exception_texts,
            KeyFilter(allowed),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=(lambda: SinkLogger(sink)) if sink else structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[LibraryHandler()], force=True)


class SinkLogger:
    """What structlog writes through: hands rendered lines to a `LineSink`."""

    def __init__(self, sink: LineSink) -> None:
        self._sink = sink

    def msg(self, line: str) -> None:
        """Write one line."""
        self._sink.write(line.encode())

    debug = info = warning = error = critical = msg


class KeyFilter:
    """The structlog processor that keeps declared, safe keys and those allowed by name."""

    def __init__(self, allowed: Collection[str] = ()) -> None:
        unknown = [key for key in allowed if LOG_KEYS.get(key) is not Kind.PERSONAL]
        assert not unknown, "only personal keys need allowing"
        safe = {key for key, kind in LOG_KEYS.items() if kind is Kind.SAFE}
        self._kept = frozenset({"event", *safe, *allowed})

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Return the line with its kept keys only."""
        return {key: value for key, value in event.items() if key in self._kept}


def drop_exception_texts(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace an exception by its kind (`error`) and its places (`trace`)."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["trace"] = list(_places(error.__traceback__))[-TRACE_FRAMES_MAX:]
    return event


class LibraryHandler(logging.Handler):
    """Passes library log records on without their arguments, which may be personal."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log the record's template and exception kind."""
        log = structlog.get_logger()
        log.log(record.levelno, str(record.msg), logger=record.name, exc_info=record.exc_info)


def _places(trace: TracebackType | None) -> Iterator[str]:
    for frame, line in walk_tb(trace):
        yield f"{frame.f_globals.get('__name__', '?')}:{frame.f_code.co_name}:{line}"
