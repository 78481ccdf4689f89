"""Feeds functions from SQS, as Lambda's pollers do: batches, partial failures, filters; redrive is the queue's own."""

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from cdk.local.deployment import EventSource
from cdk.local.runtime.host import FunctionHost, Throttled
from cdk.local.workers.messages import failed_items, queue_event
from cdk.local.workers.patterns import matches

RECEIVE_MAX = 10
"""What receive_message gives at a time; larger batches take several calls."""
POLL_S = 1
"""How long one call waits for a message. Lambda waits 20 s; here a stop must not wait so long."""
PAUSE_S = 0.5
"""After a throttled batch."""

Message = Mapping[str, Any]


class QueuePoller:
    """Polls one queue for one function. `sqs` is a boto3 client."""

    def __init__(self, source: EventSource, *, sqs: Any, functions: FunctionHost) -> None:
        self._source = source
        self._sqs = sqs
        self._functions = functions

    async def run(self) -> None:
        """Poll until cancelled. Messages that are with a function then come back when their time is over."""
        name = self._source.source_arn.rpartition(":")[2]
        url = (await asyncio.to_thread(self._sqs.get_queue_url, QueueName=name))["QueueUrl"]
        async with asyncio.TaskGroup() as group:
            for _ in range(self._source.concurrency_max):
                group.create_task(self._poll(url))

    async def _poll(self, url: str) -> None:
        while True:
            if batch := await self._batch(url):
                await self._handle(url, batch)

    async def _batch(self, url: str) -> list[Message]:
        """Gather up to the batch size, or what has come when the batch window is over."""
        batch: list[Message] = []
        ends_s = time.monotonic() + self._source.batch_window_s
        while len(batch) < self._source.batch_size:
            answer = await asyncio.to_thread(
                self._sqs.receive_message,
                QueueUrl=url,
                MaxNumberOfMessages=min(RECEIVE_MAX, self._source.batch_size - len(batch)),
                WaitTimeSeconds=POLL_S,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
            batch += answer.get("Messages", [])
            if time.monotonic() >= ends_s:
                break
        return batch

    async def _handle(self, url: str, batch: Sequence[Message]) -> None:
        wanted = [message for message in batch if matches(self._source.patterns, _filterable(message))]
        done = [message for message in batch if message not in wanted]  # filtered out: deleted, as on AWS
        if wanted:
            event = queue_event(wanted, queue_arn=self._source.source_arn)
            try:
                answer = await self._functions.invoke(self._source.function, event)
            except Throttled:
                await asyncio.sleep(PAUSE_S)
                return  # the messages come back when their visibility time-out is over
            failed = failed_items(answer) if self._source.reports_item_failures or answer.is_error else set()
            if failed is not None:
                done += [message for message in wanted if message["MessageId"] not in failed]
        await self._delete(url, done)

    async def _delete(self, url: str, messages: Sequence[Message]) -> None:
        for start in range(0, len(messages), RECEIVE_MAX):
            entries = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages[start : start + RECEIVE_MAX])
            ]
            await asyncio.to_thread(self._sqs.delete_message_batch, QueueUrl=url, Entries=entries)


def _filterable(message: Message) -> dict[str, Any]:
    """The message as patterns see it: a body of JSON is matched inside."""
    body: Any = message["Body"]
    with contextlib.suppress(ValueError):
        body = json.loads(body)
    return {"body": body, "messageAttributes": message.get("MessageAttributes", {})}
