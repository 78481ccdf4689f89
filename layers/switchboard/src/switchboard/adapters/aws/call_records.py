"""Records of calls in DynamoDB, under the tenant's own session.

Items of the table `records`: `pk` = `<tenant>#<kind>#<id>`, `sk` = the record's name, `body` = its JSON text. Every
decision is one conditional write; a request that was applied although its answer was lost, and that boto3 repeats,
finds its own bytes and is right either way.
"""

import asyncio
from typing import Any, Final

from botocore.exceptions import ClientError

from switchboard.adapters.aws.failures import aws_failures, code_of
from switchboard.adapters.aws.tenant_sessions import TenantClients
from switchboard.domain.subjects import Subject
from switchboard.ports.call_records import RecordKey
from switchboard.ports.errors import ProviderProtocolError

PROVIDER: Final = "dynamodb"
_CONDITION_FAILED: Final = "ConditionalCheckFailedException"


class DynamoDbCallRecords:
    """`ports.call_records.CallRecords` over the table `table`."""

    def __init__(self, *, table: str, sessions: TenantClients) -> None:
        self._table = table
        self._sessions = sessions

    async def create(self, key: RecordKey, content: bytes) -> bytes:
        """Store unless something is stored; returns what is."""
        refused = await self._put(key, content, ConditionExpression="attribute_not_exists(pk)")
        return content if refused is None else _body(refused)

    async def replace(self, key: RecordKey, content: bytes, *, expected: bytes) -> bool:
        """Store if `expected` is stored."""
        refused = await self._put(
            key,
            content,
            ConditionExpression="body = :expected",
            ExpressionAttributeValues={":expected": {"S": expected.decode()}},
        )
        # Our own write whose answer was lost, repeated by boto3, is refused as well.
        return refused is None or (bool(refused) and _body(refused) == content)

    async def read(self, key: RecordKey) -> bytes | None:
        """Read with strong consistency."""
        answer = await self._request("get_item", key.subject, Key=_key(key), ConsistentRead=True)
        item = answer.get("Item")
        return None if item is None else _body(item)

    async def read_all(self, subject: Subject) -> dict[str, bytes]:
        """Read the subject's partition with strong consistency, all pages."""
        found: dict[str, bytes] = {}
        position: dict[str, Any] = {}
        while True:
            answer = await self._request(
                "query",
                subject,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": subject.record_key}},
                ConsistentRead=True,
                **position,
            )
            found |= {item["sk"]["S"]: _body(item) for item in answer["Items"]}
            if "LastEvaluatedKey" not in answer:
                return found
            position = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    async def close(self) -> None:
        """Nothing of its own to release: the sessions own the clients."""

    async def _put(self, key: RecordKey, content: bytes, **condition: Any) -> dict[str, Any] | None:
        """Write under a condition; returns None, or the item that is stored where the condition failed."""
        answer = await self._request(
            "put_item",
            key.subject,
            Item={**_key(key), "body": {"S": content.decode()}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **condition,
        )
        refused: dict[str, Any] | None = answer.get("Refused")
        return refused

    async def _request(self, operation: str, subject: Subject, **arguments: Any) -> dict[str, Any]:
        return await asyncio.to_thread(self._run, operation, subject.tenant, arguments)

    def _run(self, operation: str, tenant: str, arguments: dict[str, Any]) -> dict[str, Any]:
        with aws_failures(PROVIDER):
            client = self._sessions.client(tenant, "dynamodb")
            try:
                answer: dict[str, Any] = getattr(client, operation)(TableName=self._table, **arguments)
            except ClientError as error:
                if code_of(error) != _CONDITION_FAILED:
                    raise
                return {"Refused": error.response.get("Item", {})}
            return answer


def _key(key: RecordKey) -> dict[str, dict[str, str]]:
    return {"pk": {"S": key.subject.record_key}, "sk": {"S": key.name}}


def _body(item: dict[str, Any]) -> bytes:
    try:
        return str(item["body"]["S"]).encode()
    except KeyError:
        raise ProviderProtocolError(PROVIDER, "an item without a body") from None
