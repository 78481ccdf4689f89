"""Sends text to whatever an ARN names: the end of every rule, schedule, failure destination and dead-letter queue."""

import asyncio
import json
import re
import uuid
from collections.abc import Callable
from typing import Any

from cdk.local.workers.later import LaterInvoker

_SDK = re.compile(r"^arn:aws:scheduler:::aws-sdk:(\w+):(\w+)$")
_SDK_CLIENTS = {"sfn": "stepfunctions", "dynamodbstreams": "dynamodbstreams"}


class UnknownTarget(Exception):
    """Nothing here can be sent to this ARN; the text says where to add it."""


class Targets:
    """`client` makes boto3 clients; `later` runs functions asynchronously."""

    def __init__(self, client: Callable[[str], Any], later: LaterInvoker) -> None:
        self._client = client
        self._later = later

    async def send(self, arn: str, text: str, *, attributes: dict[str, str] | None = None) -> None:
        """Send `text` (JSON for functions and workflows). Raises `UnknownTarget`, botocore's errors, `UnknownFunction`."""
        if called := _SDK.match(arn):
            await asyncio.to_thread(self._call, called[1], called[2], text)
            return
        match arn.split(":")[2]:
            case "lambda":
                self._later.submit(arn, text.encode())
            case "states":
                start = self._client("stepfunctions").start_execution
                # Without a name, moto lets two executions collide.
                await asyncio.to_thread(start, stateMachineArn=arn, name=str(uuid.uuid4()), input=text)
            case "sqs":
                await asyncio.to_thread(self._send_message, arn, text, attributes or {})
            case "sns":
                await asyncio.to_thread(self._client("sns").publish, TopicArn=arn, Message=text)
            case "firehose":
                put = self._client("firehose").put_record
                name = arn.rpartition("/")[2]
                await asyncio.to_thread(put, DeliveryStreamName=name, Record={"Data": text.encode()})
            case service:
                raise UnknownTarget(f"Nothing here sends to {service} ({arn}): extend {__name__}.")

    def _send_message(self, arn: str, text: str, attributes: dict[str, str]) -> None:
        sqs = self._client("sqs")
        url = sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]
        typed = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        more = {"MessageGroupId": "local"} if arn.endswith(".fifo") else {}
        sqs.send_message(QueueUrl=url, MessageBody=text, MessageAttributes=typed, **more)

    def _call(self, service: str, action: str, text: str) -> None:
        """A universal target of EventBridge Scheduler: any action of any service, with `text` as its arguments."""
        client = self._client(_SDK_CLIENTS.get(service, service))
        method = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", action).lower()
        getattr(client, method)(**json.loads(text or "{}"))
