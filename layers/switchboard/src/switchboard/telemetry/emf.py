"""Metrics as lines in CloudWatch's embedded metric format, for processes that live long.

Values are collected and written every few seconds, each as it was measured: a metric's member is the array of its values, so
that CloudWatch computes true percentiles (CloudWatch, "Specification: Embedded metric format"). Counts are summed meanwhile.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from switchboard.telemetry.metrics import METRIC_VALUES_DROPPED, NAMESPACE, Metric, Unit

VALUES_PER_METRIC_MAX = 100
"""The format's own bound on an array."""
VALUES_PER_LINE_MAX = 400
"""Keeps a line below 16 KiB, where log drivers cut lines in two."""
METRICS_PER_LINE_MAX = 30
"""The format allows 100."""
VALUES_MAX = 2000
"""Of one metric with one set of labels between two flushes."""
SERIES_MAX = 500
"""Different sets of labels between two flushes: tenants, providers and reasons, and room."""
VALUE_MAX = 1e100
"""CloudWatch takes up to 2**360, some 1e108; sums of ours stay below it."""
LABEL_CHARS_MAX = 100

Labels = tuple[tuple[str, str], ...]


class EmfMeter:
    """A `Meter`. Whoever owns it calls `flush()` now and then."""

    def __init__(self, write: Callable[[bytes], None], *, service: str, environment: str) -> None:
        self._write = write
        self._base = {"service": _label(service), "environment": _label(environment)}
        self._series: dict[Labels, dict[Metric, list[float]]] = {}
        self._dropped = 0

    def record(self, metric: Metric, value: float = 1, /, **labels: str) -> None:
        """Note one value."""
        assert labels.keys() == metric.labels, f"{metric.name} is recorded with {sorted(metric.labels)}"
        key = tuple(sorted(labels.items()))
        series = self._series.get(key)
        if series is None:
            if len(self._series) >= SERIES_MAX:
                self._dropped += 1
                return
            series = self._series[key] = {}
        values = series.setdefault(metric, [])
        if not abs(value) <= VALUE_MAX or len(values) >= VALUES_MAX:  # "not a number" is not smaller either
            self._dropped += 1
        elif metric.unit is Unit.COUNT and values:
            values[0] += value
        else:
            values.append(value)

    def flush(self, now_ms: int) -> None:
        """Write what was recorded since the last flush; `now_ms` is UTC."""
        if self._dropped:
            self._series.setdefault((), {})[METRIC_VALUES_DROPPED] = [self._dropped]
            self._dropped = 0
        taken, self._series = self._series, {}
        for labels, series in taken.items():
            root = {**self._base, **{name: _label(value) for name, value in labels}}
            for chunk in _chunks(series):
                self._write(_line(root, chunk, now_ms))


def _chunks(series: dict[Metric, list[float]]) -> Iterator[dict[Metric, list[float]]]:
    """Cut so that every piece is within the format's bounds and a line's length."""
    chunk: dict[Metric, list[float]] = {}
    size = 0
    for metric, values in series.items():
        for start in range(0, len(values), VALUES_PER_METRIC_MAX):
            piece = values[start : start + VALUES_PER_METRIC_MAX]
            if (
                metric in chunk
                or size + len(piece) > VALUES_PER_LINE_MAX
                or len(chunk) >= METRICS_PER_LINE_MAX
            ):
                yield chunk
                chunk, size = {}, 0
            chunk[metric] = piece
            size += len(piece)
    if chunk:
        yield chunk


def _line(root: dict[str, str], chunk: dict[Metric, list[float]], now_ms: int) -> bytes:
    directives: dict[tuple[tuple[str, ...], ...], list[dict[str, str]]] = {}
    for metric in chunk:
        directives.setdefault(metric.dimension_sets, []).append({"Name": metric.name, "Unit": metric.unit})
    document: dict[str, Any] = {
        "_aws": {
            "Timestamp": now_ms,
            "CloudWatchMetrics": [
                {"Namespace": NAMESPACE, "Dimensions": sets, "Metrics": metrics}
                for sets, metrics in directives.items()
            ],
        },
        **root,
        **{metric.name: _numbers(values) for metric, values in chunk.items()},
    }
    return msgspec.json.encode(document)


def _numbers(values: list[float]) -> list[float] | float:
    rounded = [round(value, 1) for value in values]
    return rounded[0] if len(rounded) == 1 else rounded


def _label(value: str) -> str:
    """What CloudWatch takes as a dimension's value: printable ASCII, not blank, not long."""
    printable = "".join(
        each if each.isascii() and each.isprintable() else "?" for each in value[:LABEL_CHARS_MAX]
    )
    return printable.strip() or "none"
