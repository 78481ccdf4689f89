"""Log lines keep what is safe and lose what is personal."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from switchboard.observability import LOG_KEYS, TRACE_FRAMES_MAX, KeyFilter, Kind, configure_logging

CARD = "4111 1111 1111 1111"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leave logging as it was found."""
    root = logging.getLogger()
    before = root.level, root.handlers[:]
    yield
    root.handlers[:] = before[1]
    root.setLevel(before[0])
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_json_line(out: io.StringIO):
    """A line is one JSON object with level, time, message and its safe keys."""
    configure_logging(stream=out)
    structlog.get_logger().info("call answered", call_id="CA1", duration_ms=5)
    (line,) = lines(out)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "call answered", "level": "info", "call_id": "CA1", "duration_ms": 5}


def test_personal_keys_are_dropped(out: io.StringIO):
    """Every personal key is dropped, bound ones and context ones too."""
    configure_logging(stream=out)
    structlog.contextvars.bind_contextvars(from_number=CARD)
    personal = dict.fromkeys((key for key, kind in LOG_KEYS.items() if kind is Kind.PERSONAL), CARD)
    structlog.get_logger().bind(transcript=CARD).warning("turn ended", call_id="CA1", **personal)
    assert {"event", "level", "timestamp", "call_id"} == lines(out)[0].keys()
    assert CARD not in out.getvalue()


def test_allowed_personal_key(out: io.StringIO):
    """A personal key is kept where the entrypoint allows it by name, and only that one."""
    configure_logging(stream=out, allowed={"transcript"})
    structlog.get_logger().info("turn ended", transcript="hello", digits="1")
    assert lines(out)[0]["transcript"] == "hello"
    assert "digits" not in lines(out)[0]


def test_undeclared_key_is_dropped(out: io.StringIO):
    """A key that nobody declared is dropped."""
    configure_logging(stream=out)
    structlog.get_logger().info("turn ended", shoe_size=CARD)
    assert CARD not in out.getvalue()


def test_only_personal_keys_can_be_allowed():
    """Allowing a key that is not personal is our own mistake."""
    with pytest.raises(AssertionError):
        KeyFilter({"call_id"})


def test_level(out: io.StringIO):
    """Lines below the level are not written."""
    configure_logging(stream=out, level=logging.WARNING)
    structlog.get_logger().info("call answered")
    assert out.getvalue() == ""


def fail(depth: int) -> None:
    if depth:
        fail(depth - 1)
    raise ValueError(CARD)


def test_exception(out: io.StringIO):
    """An exception is logged by kind and place; its text, which may be a transcript, is not."""
    configure_logging(stream=out)
    for raised_in in (0, 100):
        try:
            fail(raised_in)
        except ValueError as error:
            structlog.get_logger().exception("call failed")
            structlog.get_logger().error("call failed", exc_info=error)
    assert CARD not in out.getvalue()
    for line in lines(out):
        assert line["error"] == "ValueError"
        assert ":fail:" in line["trace"][-1]
        assert len(line["trace"]) <= TRACE_FRAMES_MAX


def test_no_exception(out: io.StringIO):
    """Asking for an exception where there is none adds nothing."""
    configure_logging(stream=out)
    structlog.get_logger().error("call failed", exc_info=True)
    assert {"event", "level", "timestamp"} == lines(out)[0].keys()


def test_library_lines(out: io.StringIO):
    """A library's warning passes with its template; its arguments and chatter do not."""
    configure_logging(stream=out)
    logging.getLogger("vendor").info("heard %s", CARD)
    logging.getLogger("vendor").warning("cannot parse %s", CARD)
    try:
        fail(0)
    except ValueError:
        logging.getLogger("vendor").exception("cannot send %s", CARD)
    assert [line["event"] for line in lines(out)] == ["cannot parse %s", "cannot send %s"]
    assert lines(out)[0]["logger"] == "vendor"
    assert lines(out)[1]["error"] == "ValueError"
    assert CARD not in out.getvalue()
