"""What one process tells of itself in figures, and the clock by which all its metrics are written."""

import asyncio
from collections.abc import Callable

from switchboard.telemetry import metrics as m
from switchboard.telemetry.emf import EmfMeter
from voice_gateway.admission import Refusal
from voice_gateway.gateway import Gateway

LAG_EVERY_S = 1.0
FLUSH_EVERY = 10
"""Seconds between two writings of metrics."""


class Vitals:
    """One per process, until `close()`. `dropped_counts` are read at each writing: counters that only grow."""

    def __init__(
        self,
        gateway: Gateway,
        meter: EmfMeter,
        *,
        wall_ms: Callable[[], int],
        loop: asyncio.AbstractEventLoop,
        dropped_counts: dict[m.Metric, Callable[[], int]],
    ) -> None:
        self._gateway = gateway
        self._meter = meter
        self._wall_ms = wall_ms
        self._loop = loop
        self._dropped_counts = dropped_counts
        self._told = dict.fromkeys(dropped_counts, 0)
        self._seconds = 0
        self._handle = loop.call_later(LAG_EVERY_S, self._second)

    def close(self) -> None:
        """Write what is left."""
        self._handle.cancel()
        self._flush()

    def _second(self) -> None:
        self._handle = self._loop.call_later(LAG_EVERY_S, self._second)
        worst_ms, stalls = self._gateway.lag.take()
        self._meter.record(m.EVENT_LOOP_LAG, worst_ms)
        if stalls:
            self._meter.record(m.EVENT_LOOP_STALLS, stalls)
        self._seconds += 1
        if self._seconds % FLUSH_EVERY == 0:
            self._gauges()
            self._flush()

    def _gauges(self) -> None:
        record, refusal = self._meter.record, self._gateway.refusal()
        record(m.LIVE_CALLS, self._gateway.live_calls)
        record(m.TASK_UNPROTECTED, int(refusal is Refusal.UNPROTECTED))
        if refusal is not Refusal.DRAINING:
            # One that drains offers nothing and lacks nothing: told as full, it would make a deployment scale out.
            free = self._gateway.calls_max - self._gateway.live_calls
            record(m.CALL_CAPACITY, self._gateway.calls_max)
            record(m.FREE_CALL_SLOTS, 0 if refusal else free)

    def _flush(self) -> None:
        for metric, count in self._dropped_counts.items():
            before, self._told[metric] = self._told[metric], count()
            if self._told[metric] > before:
                self._meter.record(metric, self._told[metric] - before)
        self._meter.flush(self._wall_ms())
