"""Every value is recorded with exactly the labels that its metric declares (`switchboard.telemetry.metrics`)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from switchboard.telemetry import metrics
from switchboard.telemetry.metrics import Metric
from tests.tidy.source import name_of, nodes, product_files

BY_CALLBACK = {"EVENTS_DROPPED"}
"""Recorded by whoever composes the event sink, which counts what it drops."""
DECLARED = {name: metric for name, metric in vars(metrics).items() if isinstance(metric, Metric)}


def faults(tree: Iterator[ast.AST]) -> list[str]:
    found = []
    for call in tree:
        if not isinstance(call, ast.Call) or not call.args:
            continue
        name = getattr(call.args[0], "id", getattr(call.args[0], "attr", ""))
        if getattr(call.func, "attr", getattr(call.func, "id", "")) != "record" or name not in DECLARED:
            continue
        labels = [keyword.arg for keyword in call.keywords]
        if None in labels or set(labels) != DECLARED[name].labels:
            found.append(f"{call.lineno}: {name} takes {sorted(DECLARED[name].labels)}")
    return found


@pytest.mark.parametrize("path", product_files(), ids=name_of)
def test_labels(path: Path):
    """Each value in this file is recorded with its metric's labels, spelt out."""
    assert faults(nodes(path)) == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("meter.record(FIRST_AUDIO, 5, tenant=x)", 0),
        ("record(m.FIRST_AUDIO, 5, tenant=x)", 0),
        ("meter.record(FIRST_AUDIO, 5)", 1),
        ("meter.record(FIRST_AUDIO, 5, call_id=x)", 1),
        ("meter.record(FIRST_AUDIO, 5, tenant=x, call_id=y)", 1),
        ("self._meter.record(m.FIRST_AUDIO, 5, **labels)", 1),
        ("store.record(FIRST_NAME)", 0),
    ],
)
def test_scan_finds(source: str, count: int):
    """The scan sees every way to record."""
    assert count == len(faults(ast.walk(ast.parse(source))))


def test_every_metric_is_recorded_somewhere():
    """A metric that nobody records would make an alarm that never fires."""
    used = {
        getattr(node, "id", getattr(node, "attr", ""))
        for path in product_files()
        if path.name != "metrics.py"
        for node in nodes(path)
        if isinstance(node, ast.Name | ast.Attribute)
    }

    assert [] == sorted(DECLARED.keys() - used - BY_CALLBACK)
