"""Facts to Firehose (all of them) and to SQS (those that start workflows), in the background.

`publish` appends to bounded memory. One task per destination sends what has gathered every second or when a batch is full, backs
off while its service fails, and sends again only what was refused. When memory is full the oldest facts go first, and
`CallEnded` last, because workflows start with it. Delivery is at least once: a fact's `id` is the same in every copy.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

import boto3
import msgspec
import structlog

from switchboard.adapters.aws.failures import aws_failures
from switchboard.adapters.aws.workers import Workers, client_config
from switchboard.domain.facts import CallEnded, Fact
from switchboard.ports.errors import ProviderError

if TYPE_CHECKING:
    from mypy_boto3_firehose import FirehoseClient
    from mypy_boto3_sqs import SQSClient

WAITING_MAX = 10_000
"""Facts per destination: some minutes of a full gateway, about 3 MB."""
FLUSH_AFTER_S = 1.0
FIREHOSE_BATCH_MAX = 400
"""PutRecordBatch takes 500 records and 4 MiB (Firehose API reference); a fact has some 300 bytes."""
SQS_BATCH_MAX = 10
REQUEST_TIMEOUT_S = 5.0
BACK_OFF_FIRST_S = 0.5
BACK_OFF_MAX_S = 15.0
CLOSE_TIMEOUT_S = 2.0
STARTS_WORKFLOWS: tuple[type[Fact], ...] = (CallEnded,)

DropCallback = Callable[[str, int], None]
"""Told the destination's name and how many facts were given up; called inline, must not block."""

log = structlog.get_logger()


class Delivery(Protocol):
    """One service that takes facts (blocks)."""

    name: str
    batch_max: int

    def deliver(self, facts: Sequence[Fact]) -> Sequence[Fact]:
        """Send a batch; returns those that the service asks to send again. Raises `ProviderError`."""


class Firehose:
    """A `Delivery` to a Firehose stream: one JSON object a line."""

    name = "firehose"
    batch_max = FIREHOSE_BATCH_MAX

    def __init__(
        self,
        *,
        stream: str,
        region: str,
        endpoint_url: str | None = None,
        session: boto3.Session | None = None,
    ) -> None:
        self._stream = stream
        self._client: FirehoseClient = (session or boto3.Session()).client(
            "firehose",
            region_name=region,
            endpoint_url=endpoint_url,
            config=client_config(read_timeout_s=REQUEST_TIMEOUT_S / 2),
        )

    def deliver(self, facts: Sequence[Fact]) -> Sequence[Fact]:
        """Send a batch; returns those that were throttled."""
        with aws_failures(self.name):
            answer = self._client.put_record_batch(
                DeliveryStreamName=self._stream,
                Records=[{"Data": msgspec.json.encode(fact) + b"\n"} for fact in facts],
            )
        results = zip(facts, answer["RequestResponses"], strict=False)
        return [fact for fact, result in results if result.get("ErrorCode")]


class Sqs:
    """A `Delivery` to an SQS queue: one message per fact."""

    name = "sqs"
    batch_max = SQS_BATCH_MAX

    def __init__(
        self,
        *,
        queue_url: str,
        region: str,
        endpoint_url: str | None = None,
        session: boto3.Session | None = None,
    ) -> None:
        self._queue_url = queue_url
        self._client: SQSClient = (session or boto3.Session()).client(
            "sqs",
            region_name=region,
            endpoint_url=endpoint_url,
            config=client_config(read_timeout_s=REQUEST_TIMEOUT_S / 2),
        )

    def deliver(self, facts: Sequence[Fact]) -> Sequence[Fact]:
        """Send a batch; returns those that failed on the service's side."""
        with aws_failures(self.name):
            answer = self._client.send_message_batch(
                QueueUrl=self._queue_url,
                Entries=[
                    {"Id": str(number), "MessageBody": msgspec.json.encode(fact).decode()}
                    for number, fact in enumerate(facts)
                ],
            )
        failed = answer.get("Failed", [])
        if broken := [entry for entry in failed if entry["SenderFault"]]:
            log.error("messages refused", sink=self.name, count=len(broken))
        return [facts[int(entry["Id"])] for entry in failed if not entry["SenderFault"]]


class EventStream:
    """`ports.event_sink.EventSink` over any number of deliveries; those given `starts_only` get what starts workflows."""

    def __init__(
        self,
        deliveries: Sequence[Delivery],
        *,
        starts_only: Sequence[Delivery] = (),
        on_drop: DropCallback = lambda _name, _count: None,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self._all = [_Outbox(each, waiting_max=waiting_max, on_drop=on_drop) for each in deliveries]
        self._starts = [_Outbox(each, waiting_max=waiting_max, on_drop=on_drop) for each in starts_only]
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False

    @property
    def dropped_count(self) -> int:
        """Facts given up since the start, over all destinations."""
        return sum(box.dropped_count for box in (*self._all, *self._starts))

    def start(self) -> None:
        """Begin to deliver in the background; without it, `flush` delivers."""
        assert not self._tasks, "already started"
        self._tasks = [
            asyncio.create_task(box.deliver_for_ever(), name=f"facts-{box.name}")
            for box in (*self._all, *self._starts)
        ]

    def publish(self, fact: Fact) -> None:
        """Take one fact; never blocks, never raises."""
        boxes = (*self._all, *self._starts) if isinstance(fact, STARTS_WORKFLOWS) else self._all
        for box in boxes:
            box.put(fact)

    async def flush(self, *, deadline_s: float) -> None:
        """Deliver what waits, to all destinations side by side."""
        boxes = (*self._all, *self._starts)
        flushes = [asyncio.create_task(box.flush()) for box in boxes if box.waiting]
        if flushes:
            _, late = await asyncio.wait(flushes, timeout=deadline_s)
            for each in late:
                each.cancel()
            if late:
                await asyncio.wait(late)

    async def close(self, *, deadline_s: float) -> None:
        """Deliver for a last time, then give up what is left."""
        if self._closed:
            return
        self._closed = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self.flush(deadline_s=deadline_s)
        for box in (*self._all, *self._starts):
            await box.close()


class _Outbox:
    """What waits for one destination."""

    def __init__(self, delivery: Delivery, *, waiting_max: int, on_drop: DropCallback) -> None:
        self._delivery = delivery
        self._waiting_max = waiting_max
        self._on_drop = on_drop
        self._starts: deque[Fact] = deque()
        self._others: deque[Fact] = deque()
        self._in_hand: list[Fact] = []
        self._full = asyncio.Event()
        self._sending = asyncio.Lock()
        # One thread each: a destination that hangs must not keep another's facts. Retries are our own, with back-off.
        self._workers = Workers(delivery.name, threads_max=1, waiting_max=1, timeout_s=REQUEST_TIMEOUT_S)
        self._closed = False
        self.dropped_count = 0

    @property
    def name(self) -> str:
        return self._delivery.name

    @property
    def waiting(self) -> int:
        return len(self._starts) + len(self._others) + len(self._in_hand)

    def put(self, fact: Fact) -> None:
        if self._closed:
            self._drop(1)
            return
        (self._starts if isinstance(fact, STARTS_WORKFLOWS) else self._others).append(fact)
        while self.waiting > self._waiting_max and (self._others or self._starts):
            (self._others or self._starts).popleft()
            self._drop(1)
        if self.waiting >= self._delivery.batch_max:
            self._full.set()

    async def deliver_for_ever(self) -> None:
        back_off_s = 0.0
        while True:
            try:
                async with asyncio.timeout(FLUSH_AFTER_S):
                    await self._full.wait()
            except TimeoutError:
                pass  # time to send what there is
            self._full.clear()
            try:
                await self._send_all()
                back_off_s = 0.0
            except ProviderError as error:
                back_off_s = min(max(2 * back_off_s, BACK_OFF_FIRST_S), BACK_OFF_MAX_S)
                log.warning(
                    "facts not delivered", sink=self.name, count=self.waiting, error=type(error).__name__
                )
                await asyncio.sleep(back_off_s * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, no secret

    async def flush(self) -> None:
        try:
            await self._send_all()
        except ProviderError as error:
            log.warning("facts not delivered", sink=self.name, count=self.waiting, error=type(error).__name__)

    async def close(self) -> None:
        self._closed = True
        rest, self._in_hand = self.waiting, []
        self._starts.clear()
        self._others.clear()
        if rest:
            self._drop(rest)
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._workers.close()
        except TimeoutError:
            log.warning("delivery still hangs", sink=self.name)

    async def _send_all(self) -> None:
        """Send batch after batch until nothing waits or the service refuses some."""
        async with self._sending:
            while self._take():
                again = await self._workers.run(partial(self._delivery.deliver, tuple(self._in_hand)))
                self._in_hand = list(again)
                if again:
                    raise ProviderError(self.name, "refused some facts")

    def _take(self) -> list[Fact]:
        """The batch in hand, which stays there until it is delivered: those that start workflows first."""
        while len(self._in_hand) < self._delivery.batch_max and (self._starts or self._others):
            self._in_hand.append((self._starts or self._others).popleft())
        return self._in_hand

    def _drop(self, count: int) -> None:
        self.dropped_count += count
        self._on_drop(self.name, count)
