"""Checkpoints, used tokens and call progress in one DynamoDB table (`calls`).

    pk                          sk          attributes
    <tenant>#call#<call id>     checkpoint  fence, claim_id, saves, snapshot_deflated, next_step, disposition
    <tenant>#call#<call id>     progress    report_number, report_status, is_final, report_id
    <tenant>#token#<nonce>      token       redeem_id

Every decision is one conditional write. A request may be applied and its answer lost, and a repeated or late copy of it may
arrive after other writes (failure F32): each write carries an id of its own, so that its copies have no further effect and
its repetition finds out that it has already happened. Rows carry `expires_at_s`; DynamoDB deletes them within days, so
it is also looked at on reading (DynamoDB, "Using time to live").
"""

import itertools
import secrets
import time
import zlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from switchboard.adapters.aws.failures import aws_failures, code_of
from switchboard.adapters.aws.tenant_sessions import TenantSessions
from switchboard.adapters.aws.workers import Workers
from switchboard.domain.call_progress import CallProgress
from switchboard.domain.calls import CallKey, Disposition, NextStep
from switchboard.ports.checkpoints import Checkpoint
from switchboard.ports.errors import ProviderProtocolError, ProviderUnavailable, StaleOwner

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PROVIDER = "dynamodb"
CALL_RETENTION_S = 24 * 3600
"""Twilio ends every call after 4 hours by default and 24 at most; then nothing can resume it."""
CLOCK_SKEW_S = 60
"""Kept longer than the token lives, so that a task whose clock runs behind cannot accept it again."""
CLAIM_TRIES_MAX = 3
UNANSWERED_MAX = 1000
SNAPSHOT_BYTES_MAX = 4 * 1024 * 1024
"""Of one snapshot as text; the conversation's own bounds keep it far below."""

T = TypeVar("T")
Item = Mapping[str, Any]


class CallsTable:
    """The table, and how requests to it are made. One per process, shared by the stores below; whoever made it closes it."""

    def __init__(
        self,
        *,
        name: str,
        sessions: TenantSessions,
        workers: Workers | None = None,
        clock_s: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self.clock_s = clock_s
        self._sessions = sessions
        self._workers = workers or Workers(PROVIDER)

    async def run(self, tenant: str, request: "Callable[[DynamoDBClient], T]") -> T:
        """Run a blocking request with the tenant's own client. Raises `ProviderError`."""

        def work() -> T:
            client = self._sessions.client(tenant, "dynamodb")
            with aws_failures(PROVIDER):
                return request(client)

        return await self._workers.run(work)

    async def update(self, tenant: str, key: Item, **arguments: Any) -> tuple[bool, Item | None]:
        """One conditional update: whether it was made, and the row - the new one, or the one that stood in its way."""

        def request(client: "DynamoDBClient") -> tuple[bool, Item | None]:
            try:
                answer = client.update_item(
                    TableName=self.name,
                    Key=key,
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **arguments,
                )
            except ClientError as refused:
                return False, _standing(refused)
            return True, answer.get("Attributes")

        return await self.run(tenant, request)

    async def put(self, tenant: str, item: Item, **arguments: Any) -> tuple[bool, Item | None]:
        """One conditional put: whether it was made, and the row that stood in its way."""

        def request(client: "DynamoDBClient") -> tuple[bool, Item | None]:
            try:
                client.put_item(
                    TableName=self.name,
                    Item=item,
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **arguments,
                )
            except ClientError as refused:
                return False, _standing(refused)
            return True, None

        return await self.run(tenant, request)

    async def get(self, tenant: str, key: Item) -> Item | None:
        """The row as of now, never an older copy of it."""
        return await self.run(
            tenant,
            lambda client: client.get_item(TableName=self.name, Key=key, ConsistentRead=True).get("Item"),
        )

    async def close(self) -> None:
        """End the requests under way."""
        await self._workers.close()
        self._sessions.close()


class DynamoDbCheckpointStore:
    """`ports.checkpoints.CheckpointStore`. A disposition, once stored, is kept (law L1)."""

    def __init__(self, table: CallsTable) -> None:
        self._table = table
        # A fence has one owner and an owner one process, so that this orders the saves under each fence.
        self._saves = itertools.count(1)
        self._unanswered: dict[CallKey, str] = {}

    async def claim(self, key: CallKey) -> Checkpoint:
        """Take the call over with a fence above all earlier ones. Raises `ProviderError`."""
        # A claim that got no answer may be applied yet, much later: repeated under the same id it cannot fence us off.
        claim_id = self._unanswered.setdefault(key, secrets.token_hex(8))
        if len(self._unanswered) > UNANSWERED_MAX:
            del self._unanswered[next(iter(self._unanswered))]
        claimed = await self._claim(key, claim_id)
        self._unanswered.pop(key, None)
        return claimed

    async def _claim(self, key: CallKey, claim_id: str) -> Checkpoint:
        for _ in range(CLAIM_TRIES_MAX):
            now_s = int(self._table.clock_s())
            made, row = await self._table.update(
                key.tenant,
                _call_row(key, "checkpoint"),
                UpdateExpression=(
                    "SET fence = if_not_exists(fence, :none) + :one, claim_id = :claim, saves = :none,"
                    " next_step = if_not_exists(next_step, :resume), expires_at_s = :expires"
                ),
                ConditionExpression="attribute_not_exists(pk) OR (claim_id <> :claim AND expires_at_s > :now)",
                ExpressionAttributeValues={
                    ":none": _number(0),
                    ":one": _number(1),
                    ":claim": _text(claim_id),
                    ":resume": _text(NextStep.RESUME),
                    ":expires": _number(now_s + CALL_RETENTION_S),
                    ":now": _number(now_s),
                },
                ReturnValues="ALL_NEW",
            )
            if row is None:
                raise ProviderProtocolError(PROVIDER, "answered an update without the row")
            if made or row["claim_id"]["S"] == claim_id:
                return _checkpoint(key, row)
            await self._forget(key, row)
        raise ProviderUnavailable(PROVIDER, "a row past its time could not be replaced")

    async def save(self, checkpoint: Checkpoint) -> None:
        """Store the state while `checkpoint.fence` is the newest. Raises `StaleOwner` or `ProviderError`."""
        number = next(self._saves)
        text = checkpoint.snapshot.encode()
        expression = (
            "SET snapshot_deflated = :snapshot, next_step = :next, saves = :save, expires_at_s = :expires"
        )
        values = {
            ":next": _text(checkpoint.next_step),
            ":save": _number(number),
            ":expires": _number(int(self._table.clock_s()) + CALL_RETENTION_S),
            ":fence": _number(checkpoint.fence),
        }
        if checkpoint.disposition is not None:
            expression += ", disposition = if_not_exists(disposition, :disposition)"
            values[":disposition"] = _text(checkpoint.disposition)
        made, row = await self._table.update(
            checkpoint.key.tenant,
            _call_row(checkpoint.key, "checkpoint"),
            UpdateExpression=expression,
            ConditionExpression="fence = :fence AND saves < :save",
            ExpressionAttributeValues=values | {":snapshot": {"B": zlib.compress(text, 1)}},
        )
        # The owner's own row stands in the way of a copy only, or of a save that a newer one has overtaken.
        if not made and (row is None or _int(row, "fence") != checkpoint.fence):
            raise StaleOwner(checkpoint.key.call_id)

    async def load(self, key: CallKey) -> Checkpoint | None:
        """Read without claiming. Raises `ProviderError`."""
        row = await self._table.get(key.tenant, _call_row(key, "checkpoint"))
        if row is None or _int(row, "expires_at_s") <= self._table.clock_s():
            return None
        return _checkpoint(key, row)

    async def close(self) -> None:
        """Nothing of its own: the table is closed by whoever made it."""

    async def _forget(self, key: CallKey, row: Item) -> None:
        """Empty a row that is past its time and not deleted yet; its fence goes on counting."""
        fresh = {
            **_call_row(key, "checkpoint"),
            "fence": row["fence"],
            "claim_id": _text(""),
            "saves": _number(0),
            "next_step": _text(NextStep.RESUME),
            "expires_at_s": _number(int(self._table.clock_s()) + CALL_RETENTION_S),
        }
        await self._table.put(
            key.tenant,
            fresh,
            ConditionExpression="fence = :fence AND expires_at_s = :expired",
            ExpressionAttributeValues={":fence": row["fence"], ":expired": row["expires_at_s"]},
        )


class DynamoDbTokenLedger:
    """`ports.token_ledger.TokenLedger`."""

    def __init__(self, table: CallsTable) -> None:
        self._table = table

    async def redeem(self, tenant: str, nonce: str, *, expires_at_s: int) -> bool:
        """True for exactly one caller per tenant and nonce; false also for a token long expired. Raises `ProviderError`."""
        if expires_at_s < self._table.clock_s() - CLOCK_SKEW_S:
            return False
        redeem_id = secrets.token_hex(8)
        item = {
            **_row(f"{tenant}#token#{nonce}", "token"),
            "redeem_id": _text(redeem_id),
            "expires_at_s": _number(expires_at_s + CLOCK_SKEW_S),
        }
        made, row = await self._table.put(tenant, item, ConditionExpression="attribute_not_exists(pk)")
        return made or (row is not None and row["redeem_id"]["S"] == redeem_id)

    async def close(self) -> None:
        """Nothing of its own: the table is closed by whoever made it."""


class DynamoDbCallProgressStore:
    """`ports.call_progress.CallProgressStore`."""

    def __init__(self, table: CallsTable) -> None:
        self._table = table

    async def record(self, report: CallProgress) -> bool:
        """Store the report if it moves the call forward. Raises `ProviderError`."""
        report_id = secrets.token_hex(8)
        now_s = int(self._table.clock_s())
        made, row = await self._table.update(
            report.key.tenant,
            _call_row(report.key, "progress"),
            UpdateExpression=(
                "SET report_number = :number, report_status = :status, is_final = :final, report_id = :report,"
                " expires_at_s = :expires"
            ),
            # `domain.call_progress.advances`, as a condition; the contract suite holds the two together.
            ConditionExpression=(
                "attribute_not_exists(pk) OR expires_at_s <= :now"
                " OR (is_final = :open AND report_number < :number)"
            ),
            ExpressionAttributeValues={
                ":number": _number(report.sequence),
                ":status": _text(report.status),
                ":final": {"BOOL": report.status.is_final},
                ":open": {"BOOL": False},
                ":report": _text(report_id),
                ":expires": _number(now_s + CALL_RETENTION_S),
                ":now": _number(now_s),
            },
        )
        return made or (row is not None and row["report_id"]["S"] == report_id)

    async def close(self) -> None:
        """Nothing of its own: the table is closed by whoever made it."""


def _standing(refused: ClientError) -> Item | None:
    """The row on which a condition failed, None where there is none; any other refusal is raised."""
    if code_of(refused) != "ConditionalCheckFailedException":
        raise refused
    item: Item | None = refused.response.get("Item")  # type: ignore[assignment]  # not in botocore's type
    return item or None


def _checkpoint(key: CallKey, row: Item) -> Checkpoint:
    disposition = row.get("disposition")
    return Checkpoint(
        key=key,
        fence=_int(row, "fence"),
        snapshot=_inflated(row["snapshot_deflated"]["B"]) if "snapshot_deflated" in row else "",
        next_step=NextStep(row["next_step"]["S"]),
        disposition=None if disposition is None else Disposition(disposition["S"]),
    )


def _inflated(data: bytes) -> str:
    try:
        return zlib.decompressobj().decompress(data, SNAPSHOT_BYTES_MAX).decode()
    except (zlib.error, UnicodeDecodeError):
        raise ProviderProtocolError(PROVIDER, "holds a snapshot that cannot be read") from None


def _call_row(key: CallKey, kind: str) -> Item:
    return _row(f"{key.tenant}#call#{key.call_id}", kind)


def _row(pk: str, sk: str) -> Item:
    return {"pk": _text(pk), "sk": _text(sk)}


def _text(value: str) -> Item:
    return {"S": str(value)}


def _number(value: int) -> Item:
    return {"N": str(value)}


def _int(row: Item, name: str) -> int:
    return int(row[name]["N"])
