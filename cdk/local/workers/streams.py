"""Feeds functions from DynamoDB streams, as Lambda's pollers do: in order, a failing batch again until it is given up.

moto keeps one shard per table and every record.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from cdk.local.deployment import EventSource
from cdk.local.runtime.api import Answer
from cdk.local.runtime.host import FunctionHost, Throttled
from cdk.local.workers.messages import failed_items, stream_event
from cdk.local.workers.patterns import matches
from cdk.local.workers.targets import Targets

IDLE_S = 0.5
RETRY_S = 1.0
"""Between two attempts at a failing batch; Lambda backs off to a minute."""

Record = Mapping[str, Any]


class StreamPoller:
    """Polls one stream for one function. `streams` is a boto3 client of dynamodbstreams."""

    def __init__(
        self, source: EventSource, *, streams: Any, functions: FunctionHost, targets: Targets
    ) -> None:
        self._source = source
        self._streams = streams
        self._functions = functions
        self._targets = targets

    async def run(self) -> None:
        """Poll until cancelled."""
        described = await asyncio.to_thread(self._streams.describe_stream, StreamArn=self._source.source_arn)
        async with asyncio.TaskGroup() as group:
            for shard in described["StreamDescription"]["Shards"]:
                group.create_task(self._poll(shard["ShardId"]))

    async def _poll(self, shard_id: str) -> None:
        kind = "TRIM_HORIZON" if self._source.from_start else "LATEST"
        found = await asyncio.to_thread(
            self._streams.get_shard_iterator,
            StreamArn=self._source.source_arn,
            ShardId=shard_id,
            ShardIteratorType=kind,
        )
        iterator = found["ShardIterator"]
        while True:
            answer = await asyncio.to_thread(
                self._streams.get_records, ShardIterator=iterator, Limit=self._source.batch_size
            )
            records = [
                each for each in answer["Records"] if matches(self._source.patterns, _filterable(each))
            ]
            if records:
                await self._handle(records)
            elif not answer["Records"]:
                # The same iterator serves again: moto remembers each new one for ever.
                await asyncio.sleep(IDLE_S)
                continue
            iterator = answer["NextShardIterator"]

    async def _handle(self, records: Sequence[Record]) -> None:
        """Deliver one batch, what is left of it again, and in the end hand it to the failure destination."""
        waiting, attempts = list(records), 0
        while waiting:
            answer = await self._deliver(waiting)
            left = _left(waiting, answer, self._source)
            attempts = 0 if len(left) < len(waiting) else attempts + 1
            if self._source.bisects and len(left) > 1 and len(left) == len(waiting):
                middle = len(left) // 2
                await self._handle(left[:middle])
                waiting, attempts = left[middle:], 0
            elif left and 0 <= self._source.retries_max < attempts:
                await self._give_up(left, answer)
                return
            else:
                waiting = left
                if left:
                    await asyncio.sleep(RETRY_S)

    async def _deliver(self, records: Sequence[Record]) -> Answer:
        event = stream_event(records, stream_arn=self._source.source_arn)
        while True:
            try:
                return await self._functions.invoke(self._source.function, event)
            except Throttled:
                await asyncio.sleep(RETRY_S)

    async def _give_up(self, records: Sequence[Record], answer: Answer) -> None:
        if not self._source.on_failure_arn:
            return
        numbers = [each["dynamodb"]["SequenceNumber"] for each in records]
        note = {
            "requestContext": {"condition": "RetryAttemptsExhausted", "functionArn": self._source.function},
            "responsePayload": json.loads(answer.payload or b"null"),
            "DDBStreamBatchInfo": {
                "startSequenceNumber": numbers[0],
                "endSequenceNumber": numbers[-1],
                "batchSize": len(records),
                "streamArn": self._source.source_arn,
            },
        }
        await self._targets.send(self._source.on_failure_arn, json.dumps(note))


def _left(records: list[Record], answer: Answer, source: EventSource) -> list[Record]:
    """What must be delivered again: everything, nothing, or everything from the first record that failed."""
    if not source.reports_item_failures and not answer.is_error:
        return []
    failed = failed_items(answer)
    if failed is None:
        return records
    for number, record in enumerate(records):
        if record["dynamodb"]["SequenceNumber"] in failed:
            return records[number:]
    return []


def _filterable(record: Record) -> dict[str, Any]:
    return {key: record[key] for key in ("eventName", "dynamodb") if key in record} | {
        "dynamodb": {
            key: value
            for key, value in record["dynamodb"].items()
            if key in {"Keys", "NewImage", "OldImage", "StreamViewType"}
        }
    }
