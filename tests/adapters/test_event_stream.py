"""Facts on their way out: never in a call's way, bounded, at least once, and the ends of calls before all others."""

import asyncio
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import msgspec
import pytest
from moto.firehose.models import FirehoseBackend

from switchboard.adapters.aws import event_stream
from switchboard.adapters.aws.event_stream import EventStream, Firehose, Sqs
from switchboard.domain.calls import Disposition
from switchboard.domain.facts import AnyFact, CallEnded, CallStarted, Fact
from switchboard.ports.errors import ProviderUnavailable
from tests.fakes.aws_server import REGION, client, session
from tests.fakes.clock import until

DOWN = ProviderUnavailable("fake", "down")


def started(number: int) -> Fact:
    return CallStarted(
        id=f"s{number}", tenant="acme", at_ms=number, call_id=f"CA{number}", channel="phone", configuration=1
    )


def ended(number: int) -> Fact:
    return CallEnded(
        id=f"e{number}", tenant="acme", at_ms=number, call_id=f"CA{number}", disposition=Disposition.COMPLETED
    )


class FakeDelivery:
    """A service that takes, refuses some, fails, or hangs."""

    def __init__(self, name: str = "fake", batch_max: int = 3) -> None:
        self.name, self.batch_max = name, batch_max
        self.batches: list[list[str]] = []
        self.errors: list[Exception] = []
        self.refuse: set[str] = set()
        self.hangs: threading.Event | None = None

    def deliver(self, facts: Sequence[Fact]) -> Sequence[Fact]:
        if self.hangs:
            self.hangs.wait(10)
        if self.errors:
            raise self.errors.pop(0)
        refused = [fact for fact in facts if fact.id in self.refuse]
        self.refuse.clear()
        self.batches.append([fact.id for fact in facts if fact not in refused])
        return refused

    @property
    def delivered(self) -> list[str]:
        return [each for batch in self.batches for each in batch]


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "FLUSH_AFTER_S", 0.01)
    monkeypatch.setattr(event_stream, "BACK_OFF_FIRST_S", 0.01)
    monkeypatch.setattr(event_stream, "REQUEST_TIMEOUT_S", 2.0)


Make = Callable[..., EventStream]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    made: list[EventStream] = []

    def make_one(*deliveries: Any, **changes: Any) -> EventStream:
        made.append(EventStream(deliveries, **changes))
        return made[-1]

    yield make_one
    for each in made:
        await each.close(deadline_s=0.1)


async def test_delivered_in_batches_in_the_background(make: Make):
    """Nobody has to ask for it."""
    delivery = FakeDelivery()
    stream = make(delivery)
    stream.start()
    for number in range(7):
        stream.publish(started(number))
    await until(lambda: len(delivery.delivered) == 7)
    assert max(len(batch) for batch in delivery.batches) == 3


async def test_only_the_ends_of_calls_start_workflows(make: Make):
    """Analytics gets everything, the queue what starts something."""
    all_facts, starts = FakeDelivery(), FakeDelivery()
    stream = make(all_facts, starts_only=[starts])
    stream.publish(started(1))
    stream.publish(ended(1))
    await stream.flush(deadline_s=2)
    assert {"s1", "e1"} == set(all_facts.delivered)
    assert ["e1"] == starts.delivered


async def test_what_was_refused_is_sent_again(make: Make):
    """Of a batch that was taken in part, only the rest."""
    delivery = FakeDelivery()
    delivery.refuse = {"s1"}
    stream = make(delivery)
    stream.start()
    for number in range(3):
        stream.publish(started(number))
    await until(lambda: len(delivery.delivered) == 3)
    assert ["s0", "s2", "s1"] == delivery.delivered


async def test_a_service_that_fails_for_a_while(make: Make):
    """Facts wait for it."""
    delivery = FakeDelivery()
    delivery.errors = [DOWN, DOWN]
    stream = make(delivery)
    stream.start()
    stream.publish(ended(1))
    await until(lambda: delivery.delivered == ["e1"])
    assert stream.dropped_count == 0


async def test_when_memory_is_full_the_oldest_go_and_ends_last(make: Make):
    """Analytics can miss a fact; a workflow that never starts is a call that never happened."""
    dropped: list[tuple[str, int]] = []
    delivery = FakeDelivery(batch_max=100)
    stream = make(delivery, waiting_max=4, on_drop=lambda name, count: dropped.append((name, count)))
    for fact in (
        ended(0),
        started(1),
        started(2),
        started(3),
        started(4),
        ended(5),
        ended(6),
        ended(7),
        ended(8),
    ):
        stream.publish(fact)
    assert stream.dropped_count == 5 == sum(count for _, count in dropped)
    await stream.flush(deadline_s=2)
    assert ["e5", "e6", "e7", "e8"] == delivery.delivered


async def test_a_service_that_hangs_holds_nobody_up(make: Make):
    """Neither publishing, nor the other destination, nor the end of the process beyond its deadline."""
    stuck, healthy = FakeDelivery("stuck"), FakeDelivery("healthy")
    stuck.hangs = threading.Event()
    stream = make(stuck, healthy)
    stream.start()
    for number in range(5):
        stream.publish(started(number))
    await until(lambda: len(healthy.delivered) == 5)
    loop = asyncio.get_running_loop()
    begin = loop.time()
    closing = asyncio.create_task(stream.close(deadline_s=0.05))
    await asyncio.sleep(0.1)
    stuck.hangs.set()
    await closing
    assert loop.time() - begin < 1
    assert stream.dropped_count >= 2
    stream.publish(started(9))  # a call that outlives the sink harms nobody


async def test_closing_delivers_what_waits(make: Make):
    """Draining loses nothing while the services answer."""
    delivery = FakeDelivery()
    stream = make(delivery)
    stream.start()
    for number in range(10):
        stream.publish(started(number))
    await stream.close(deadline_s=2)
    assert (10, 0) == (len(delivery.delivered), stream.dropped_count)


def test_publishing_costs_next_to_nothing():
    """It happens on the event loop: no encoding, no lock, no system call."""
    import timeit

    stream = EventStream([FakeDelivery()], starts_only=[FakeDelivery()], waiting_max=1000)
    fact = ended(1)
    assert min(timeit.repeat(lambda: stream.publish(fact), number=1000, repeat=5)) < 0.05


@pytest.mark.parametrize("fact", [started(1), ended(1)])
def test_every_fact_can_be_read_back(fact: Fact):
    """Its type and version are in its JSON."""
    data = msgspec.json.encode(fact)
    assert fact == msgspec.json.decode(data, type=AnyFact)
    assert {"type": type(fact).__name__, "version": 1}.items() <= msgspec.json.decode(data).items()


@pytest.mark.wire
async def test_on_the_wire(aws_url: str, monkeypatch: pytest.MonkeyPatch):
    """Firehose gets lines, SQS messages."""
    monkeypatch.setattr(event_stream, "REQUEST_TIMEOUT_S", 30.0)
    name = f"facts-{uuid.uuid4().hex}"
    stored: list[bytes] = []

    def put_record_batch(_backend, delivery_stream_name, records):
        # What moto does with records afterwards is not ours, and tests of workflows replace it for all.
        assert name == delivery_stream_name
        stored.extend(record["Data"] for record in records)
        return {"FailedPutCount": 0, "RequestResponses": [{"RecordId": "1"} for _ in records]}

    monkeypatch.setattr(FirehoseBackend, "put_record_batch", put_record_batch)
    queue_url = client("sqs", aws_url).create_queue(QueueName=name)["QueueUrl"]
    where: Any = {"region": REGION, "endpoint_url": aws_url, "session": session()}
    stream = EventStream([Firehose(stream=name, **where)], starts_only=[Sqs(queue_url=queue_url, **where)])
    for fact in (started(1), ended(1)):
        stream.publish(fact)
    await stream.close(deadline_s=30)
    (message,) = client("sqs", aws_url).receive_message(QueueUrl=queue_url)["Messages"]
    assert ended(1) == msgspec.json.decode(message["Body"], type=AnyFact)
    lines = [line for record in stored for line in bytes(record).splitlines()]
    assert {"s1", "e1"} == {msgspec.json.decode(line, type=AnyFact).id for line in lines}
    assert stream.dropped_count == 0
