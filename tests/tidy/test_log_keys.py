"""Every log line is a static message with declared keys (style.md, rules 20 and 21)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from switchboard.observability import LOG_KEYS, Kind
from tests.tidy.source import name_of, nodes, product_files

LOGGERS = {"log", "_log", "logger", "_logger"}
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
BINDERS = {"bind", "new"}
CONTEXT_BINDERS = {"bind_contextvars", "bound_contextvars"}
STRUCTLOG_OWN = {"exc_info"}


def log_calls(tree: Iterator[ast.AST]) -> Iterator[tuple[ast.Call, str]]:
    """Each call of a logger, with the method's name."""
    for node in tree:
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=method):
                if (owner in LOGGERS and method in LEVELS | BINDERS) or method in CONTEXT_BINDERS:
                    yield node, method
            case ast.Attribute(value=ast.Call(func=ast.Attribute(attr="get_logger" | "bind")), attr=method):
                if method in LEVELS | BINDERS:
                    yield node, method
            case ast.Name(id=method) if method in CONTEXT_BINDERS:
                yield node, method


def faults(tree: Iterator[ast.AST]) -> list[str]:
    found = []
    for call, method in log_calls(tree):
        if method in LEVELS and not (
            len(call.args) == 1
            and isinstance(call.args[0], ast.Constant)
            and isinstance(call.args[0].value, str)
        ):
            found.append(f"{call.lineno}: the message is not static")
        for keyword in call.keywords:
            if keyword.arg is None:
                found.append(f"{call.lineno}: keys are not spelt out")
            elif keyword.arg not in LOG_KEYS.keys() | STRUCTLOG_OWN:
                found.append(f"{call.lineno}: undeclared key {keyword.arg}")
    return found


@pytest.mark.parametrize("path", product_files(), ids=name_of)
def test_log_lines(path: Path):
    """Each log line of this file is static and uses keys declared in `switchboard.observability.LOG_KEYS`."""
    assert faults(nodes(path)) == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("log.info('call answered', call_id=x)", 0),
        ("log.info(f'call {x}')", 1),
        ("log.info('call ' + x)", 1),
        ("log.info('call %s', x)", 1),
        ("log.info('call', colour=x)", 1),
        ("log.info('call', **fields)", 1),
        ("self._log.warning('call', shoe_size=x)", 1),
        ("log = log.bind(shoe_size=x)", 1),
        ("structlog.get_logger().info('call', shoe_size=x)", 1),
        ("structlog.contextvars.bind_contextvars(shoe_size=x)", 1),
        ("bind_contextvars(shoe_size=x)", 1),
        ("log.exception('call failed', exc_info=e)", 0),
        ("math.log(2, base=3)", 0),
    ],
)
def test_scan_finds(source: str, count: int):
    """The scan itself sees every way to log, and nothing else."""
    assert count == len(faults(ast.walk(ast.parse(source))))


def test_personal_keys():
    """What callers say and are reached by is declared personal."""
    for key in ("from_number", "to_number", "transcript", "text", "prompt", "digits", "arguments"):
        assert Kind.PERSONAL is LOG_KEYS[key]
