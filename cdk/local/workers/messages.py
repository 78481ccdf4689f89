"""Events as Lambda's pollers hand them to functions, and what a function's answer says of each record."""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cdk.local.runtime.api import Answer


def queue_event(messages: Sequence[Mapping[str, Any]], *, queue_arn: str) -> bytes:
    """From messages of receive_message to Lambda's event for an SQS batch."""
    region = queue_arn.split(":")[3]
    return _encoded(
        {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message.get("Attributes", {}),
            "messageAttributes": {
                name: _message_attribute(value)
                for name, value in message.get("MessageAttributes", {}).items()
            },
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": queue_arn,
            "awsRegion": region,
        }
        for message in messages
    )


def stream_event(records: Sequence[Mapping[str, Any]], *, stream_arn: str) -> bytes:
    """From records of get_records to Lambda's event for a batch of a DynamoDB stream."""
    return _encoded({**record, "eventSourceARN": stream_arn} for record in records)


def failed_items(answer: Answer) -> set[str] | None:
    """Return the identifiers that the function reports as failed; None: the whole batch has failed.

    AWS: an empty or missing list is a full success; an entry without an identifier fails the whole batch.
    """
    if answer.is_error:
        return None
    try:
        body = json.loads(answer.payload or b"null")
    except ValueError:
        return None
    failures = body.get("batchItemFailures") if isinstance(body, dict) else None
    if failures is None:
        return set()
    if not isinstance(failures, list):
        return None
    identifiers: set[str] = set()
    for failure in failures:
        identifier = failure.get("itemIdentifier") if isinstance(failure, dict) else None
        if not isinstance(identifier, str) or not identifier:
            return None
        identifiers.add(identifier)
    return identifiers


def _encoded(records: Any) -> bytes:
    return json.dumps({"Records": list(records)}, default=_plain).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no place in an event")


def _message_attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    attribute: dict[str, Any] = {
        "dataType": value["DataType"],
        "stringListValues": [],
        "binaryListValues": [],
    }
    if "StringValue" in value:
        attribute["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        attribute["binaryValue"] = value["BinaryValue"]
    return attribute
