"""Every attribute of a span is a declared, safe key of the log schema, and every span has a static name."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from switchboard.observability import LOG_KEYS, Kind
from tests.tidy.source import name_of, nodes, product_files

METHODS = {"start_span", "add_span", "end_span"}
STRUCTURE = {"trace_id", "parent", "at_ms", "start_ms", "end_ms", "error"}
TRACING = {"tracing.py", "otlp.py"}
"""These two pass attributes on; their tests say which."""


def faults(tree: Iterator[ast.AST]) -> list[str]:
    found = []
    for call in tree:
        if not (
            isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in METHODS
        ):
            continue
        if call.args and not (isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)):
            found.append(f"{call.lineno}: the name is not static")
        for keyword in call.keywords:
            if keyword.arg is None:
                found.append(f"{call.lineno}: attributes are not spelt out")
            elif keyword.arg not in STRUCTURE and LOG_KEYS.get(keyword.arg) is not Kind.SAFE:
                found.append(f"{call.lineno}: {keyword.arg} is not a safe key")
    return found


@pytest.mark.parametrize("path", [path for path in product_files() if path.name not in TRACING], ids=name_of)
def test_spans(path: Path):
    """Each span of this file uses safe keys declared in `switchboard.observability.LOG_KEYS`."""
    assert faults(nodes(path)) == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("tracer.start_span('call', trace_id=a, parent=b, at_ms=c, call_id=d)", 0),
        ("span.start_span(f'call {x}', at_ms=c)", 1),
        ("self._turn.add_span('model', start_ms=a, end_ms=b, transcript=c)", 1),
        ("span.add_span('model', start_ms=a, end_ms=b, shoe_size=c)", 1),
        ("span.end_span(at_ms=a, **attributes)", 1),
        ("span.end_span(at_ms=a, error=b, disposition=c)", 0),
    ],
)
def test_scan_finds(source: str, count: int):
    """The scan sees every way to tell of a span."""
    assert count == len(faults(ast.walk(ast.parse(source))))
