"""All functions of this machine: finds or starts a worker for each event, within bounds, and reuses warm ones."""

import asyncio
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from cdk.local.runtime.api import PAYLOAD_BYTES_MAX, Answer, Invocation
from cdk.local.runtime.spec import FunctionSpec, function_name
from cdk.local.runtime.worker import Worker

WORKERS_MAX = 4
"""Concurrent events of one function on this machine, where no reserved concurrency says less."""
WAIT_TIMEOUT_S = 60.0
"""How long an event waits for a worker before it is throttled after all."""
IDLE_TIMEOUT_S = 120.0


class UnknownFunction(Exception):
    """There is no such function; Lambda answers 404 ResourceNotFoundException."""


class Throttled(Exception):
    """No worker may take the event; Lambda answers 429 TooManyRequestsException."""


class PayloadTooLarge(Exception):
    """The event is too large; Lambda answers 413 RequestTooLargeException."""


class FunctionHost:
    """Runs functions by name. Use it in one event loop; `close()` stops every process.

    `environment` is what every function gets, `overrides` replaces values of variables that its template names.
    """

    def __init__(
        self, *, environment: Mapping[str, str], log_dir: Path, overrides: Mapping[str, str] | None = None
    ) -> None:
        self._environment = environment
        self._overrides = overrides or {}
        self._log_dir = log_dir
        self._specs: dict[str, FunctionSpec] = {}
        self._idle: defaultdict[str, list[Worker]] = defaultdict(list)
        self._running: defaultdict[str, set[Worker]] = defaultdict(set)
        self._slots: dict[str, asyncio.Semaphore] = {}
        self._reaper: asyncio.Task[None] | None = None

    def register(self, spec: FunctionSpec) -> None:
        """Make a function known; a known name is replaced for events from now on."""
        self._specs[spec.name] = spec
        self._slots[spec.name] = asyncio.Semaphore(min(WORKERS_MAX, spec.concurrency_max or WORKERS_MAX))

    def spec(self, reference: str) -> FunctionSpec:
        """Return what is known of the function with this name or ARN; raises `UnknownFunction`."""
        name = function_name(reference)
        if name not in self._specs:
            raise UnknownFunction(f"Function not found: {reference}")
        return self._specs[name]

    async def invoke(self, reference: str, payload: bytes) -> Answer:
        """Run one event and return its answer. Raises `UnknownFunction`, `Throttled`, `PayloadTooLarge`."""
        spec = self.spec(reference)
        if len(payload) > PAYLOAD_BYTES_MAX:
            raise PayloadTooLarge(
                f"Request must be smaller than {PAYLOAD_BYTES_MAX} bytes for the InvokeFunction operation"
            )
        slots = self._slots[spec.name]
        if spec.concurrency_max is not None and slots.locked():
            raise Throttled(f"Rate Exceeded: {spec.name} reserves {spec.concurrency_max} concurrent events")
        try:
            async with asyncio.timeout(WAIT_TIMEOUT_S):
                await slots.acquire()
        except TimeoutError:
            raise Throttled(
                f"{spec.name} was busy with {WORKERS_MAX} events for {WAIT_TIMEOUT_S:.0f} s"
            ) from None
        try:
            return await self._run(spec, payload)
        finally:
            slots.release()

    async def close(self) -> None:
        """Stop every worker, also those in the middle of an event."""
        if self._reaper is not None:
            self._reaper.cancel()
        workers = [worker for group in (*self._idle.values(), *self._running.values()) for worker in group]
        self._idle.clear()
        await asyncio.gather(*(worker.stop() for worker in workers))

    async def _run(self, spec: FunctionSpec, payload: bytes) -> Answer:
        worker, failure = await self._worker(spec)
        if failure is not None:
            return failure
        self._running[spec.name].add(worker)
        try:
            answer = await worker.invoke(_invocation(spec, payload))
        except asyncio.CancelledError:
            await worker.stop()
            raise
        finally:
            self._running[spec.name].discard(worker)
        if worker.is_alive and spec is self._specs.get(spec.name):
            worker.idle_since_s = time.monotonic()
            self._idle[spec.name].append(worker)
            self._reaper = self._reaper or asyncio.create_task(self._reap())
        else:
            await worker.stop()
        return answer

    async def _worker(self, spec: FunctionSpec) -> tuple[Worker, Answer | None]:
        idle = self._idle[spec.name]
        while idle:
            worker = idle.pop()  # the most recently used: the others grow old and are reaped
            if worker.is_alive and worker.spec is spec:
                return worker, None
            await worker.stop()
        worker = Worker(
            spec,
            environment=self._environment,
            overrides=self._overrides,
            log_path=self._log_dir / f"{spec.label or spec.name}.log",
        )
        self._running[spec.name].add(worker)
        try:
            return worker, await worker.start()
        except BaseException:
            await worker.stop()
            raise
        finally:
            self._running[spec.name].discard(worker)

    async def _reap(self) -> None:
        while True:
            await asyncio.sleep(IDLE_TIMEOUT_S / 4)
            oldest_s = time.monotonic() - IDLE_TIMEOUT_S
            old = [each for group in self._idle.values() for each in group if each.idle_since_s < oldest_s]
            for worker in old:
                self._idle[worker.spec.name].remove(worker)
            await asyncio.gather(*(worker.stop() for worker in old))


def _invocation(spec: FunctionSpec, payload: bytes) -> Invocation:
    root = uuid.uuid4().hex
    return Invocation(
        request_id=str(uuid.uuid4()),
        function_arn=spec.arn,
        payload=payload or b"{}",
        deadline_ms=int((time.time() + spec.timeout_s) * 1000),
        trace_id=f"Root=1-{root[:8]}-{root[8:]};Sampled=0",
    )
