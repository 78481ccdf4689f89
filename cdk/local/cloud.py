"""The whole local cloud in one asyncio program: moto, what was applied to it, the functions and the workers."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from cdk.local.applier import apply
from cdk.local.assembly import read_assembly
from cdk.local.deployment import Deployment, Target
from cdk.local.emulator import REGION, Hooks, InvokeRefused, clients, emulator, environment
from cdk.local.http_front import HttpFront
from cdk.local.runtime.api import Answer
from cdk.local.runtime.host import FunctionHost, PayloadTooLarge, Throttled, UnknownFunction
from cdk.local.workers.delivery import DeliveryWorker
from cdk.local.workers.later import LaterInvoker
from cdk.local.workers.queues import QueuePoller
from cdk.local.workers.relay import Relay
from cdk.local.workers.scheduler import Scheduler, utc_now
from cdk.local.workers.streams import StreamPoller
from cdk.local.workers.targets import Targets

THREADS_MAX = 64
"""Each poller waits in one, each call of moto's into our loop in another."""
RESTART_S = 1.0

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LocalCloud:
    """Where everything is."""

    endpoint_url: str
    """moto: every AWS SDK goes there with AWS_ENDPOINT_URL."""
    http_url: str
    """The stand-in for API Gateway."""
    deployment: Deployment
    client: Callable[[str], Any]
    environment: Mapping[str, str]
    """What a child process needs to use this cloud."""
    functions: FunctionHost


@asynccontextmanager
async def local_cloud(
    assembly: Path,
    *,
    code_root: Path,
    log_dir: Path,
    overrides: Mapping[str, str] | None = None,
    port: int = 0,
    prepare: Callable[[Deployment, Callable[[str], Any]], None] | None = None,
) -> AsyncIterator[LocalCloud]:
    """Apply the assembly and run everything in it until the context ends.

    `prepare` runs after everything is applied and before anything runs: the place for secrets' values.
    `overrides` are the values that functions get here for variables that their templates name. Raises `AssemblyError`, `ApplyError`, `OSError`.
    """
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="local-cloud"))
    stacks = read_assembly(assembly)
    async with _Core(loop, log_dir, overrides or {}, port) as core:
        deployment = await asyncio.to_thread(
            apply, stacks, client=core.client, region=REGION, code_root=code_root
        )
        if prepare is not None:
            await asyncio.to_thread(prepare, deployment, core.client)
        for spec in deployment.functions:
            core.functions.register(spec)
        core.delivery = DeliveryWorker(deployment.delivery_streams, s3=core.client("s3"), clock=utc_now)
        front = HttpFront(deployment.routes, core.functions.invoke)
        workers = [asyncio.create_task(_kept(work)) for work in _workers(core, deployment)]
        try:
            yield LocalCloud(
                endpoint_url=core.endpoint_url,
                http_url=await front.start(),
                deployment=deployment,
                client=core.client,
                environment=core.environment,
                functions=core.functions,
            )
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            await front.close()


class _Core:
    """moto and the functions: what the workers stand on. moto's threads reach the loop through the hooks."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, log_dir: Path, overrides: Mapping[str, str], port: int
    ) -> None:
        self._loop = loop
        self._log_dir = log_dir
        self._overrides = overrides
        self._emulator = emulator(
            Hooks(
                invoke=lambda name, payload: self._in_loop(self._invoke(name, payload)),
                invoke_later=lambda name, payload: self._in_loop(self._invoke_later(name, payload)),
                relay=lambda target, event: self._in_loop(self._relay(target, event)),
                deliver=lambda name, records: self._in_loop(self._deliver(name, records)),
            ),
            port=port,
        )
        self.delivery: DeliveryWorker | None = None

    async def __aenter__(self) -> Self:
        self.endpoint_url = self._emulator.__enter__()
        self.environment = environment(self.endpoint_url)
        self.client = clients(self.endpoint_url)
        self.functions = FunctionHost(
            environment=self.environment, overrides=self._overrides, log_dir=self._log_dir
        )
        self.later = LaterInvoker(self.functions)
        self.targets = Targets(self.client, self.later)
        self.later.send = lambda arn, text, attributes: self.targets.send(arn, text, attributes=attributes)
        self.relay = Relay(self.targets)
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.relay.close()
        await self.later.close()
        await self.functions.close()
        await asyncio.to_thread(self._emulator.__exit__, None, None, None)

    def _in_loop(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _invoke(self, name: str, payload: bytes) -> Answer:
        try:
            return await self.functions.invoke(name, payload)
        except (UnknownFunction, Throttled, PayloadTooLarge) as error:
            raise _refusal(error) from error

    async def _invoke_later(self, name: str, payload: bytes) -> None:
        try:
            self.later.submit(name, payload)
        except (UnknownFunction, Throttled) as error:
            raise _refusal(error) from error

    async def _relay(self, target: Target, event: Mapping[str, Any]) -> None:
        self.relay.submit(target, event)

    async def _deliver(self, name: str, records: Sequence[bytes]) -> None:
        assert self.delivery is not None, "nothing calls moto before the templates are applied"
        await self.delivery.accept(name, records)


def _workers(core: _Core, deployment: Deployment) -> list[Callable[[], Coroutine[Any, Any, None]]]:
    assert core.delivery is not None, "made first"
    work: list[Callable[[], Coroutine[Any, Any, None]]] = [core.delivery.run]
    work.append(
        Scheduler(
            deployment.scheduled_rules,
            scheduler=core.client("scheduler"),
            submit=core.relay.submit,
            clock=utc_now,
        ).run
    )
    for source in deployment.event_sources:
        if ":sqs:" in source.source_arn:
            work.append(QueuePoller(source, sqs=core.client("sqs"), functions=core.functions).run)
        else:
            streams = core.client("dynamodbstreams")
            poller = StreamPoller(source, streams=streams, functions=core.functions, targets=core.targets)
            work.append(poller.run)
    return work


async def _kept(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a worker again if it fails: one broken batch must not end the feed for good."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("a worker of the local cloud failed and is started again")
        await asyncio.sleep(RESTART_S)


def _refusal(error: UnknownFunction | Throttled | PayloadTooLarge) -> InvokeRefused:
    match error:
        case UnknownFunction():
            return InvokeRefused(404, "ResourceNotFoundException", str(error))
        case Throttled():
            return InvokeRefused(429, "TooManyRequestsException", str(error))
        case _:
            return InvokeRefused(413, "RequestTooLargeException", str(error))
