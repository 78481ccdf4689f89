"""The three stores on DynamoDB: their contracts, and what only a network can do to a conditional write."""

import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from switchboard.adapters.aws.dynamodb import (
    CALL_RETENTION_S,
    CLOCK_SKEW_S,
    CallsTable,
    DynamoDbCallProgressStore,
    DynamoDbCheckpointStore,
    DynamoDbTokenLedger,
)
from switchboard.adapters.aws.tenant_sessions import TenantSessions
from switchboard.adapters.aws.workers import Workers, client_config
from switchboard.domain.call_progress import CallProgress, CallStatus
from switchboard.domain.calls import CallKey, Disposition, NextStep
from switchboard.ports.checkpoints import Checkpoint
from switchboard.ports.errors import ProviderOverloaded, ProviderRejected, ProviderTimeout, StaleOwner
from tests.contracts.call_progress import CallProgressStoreContract
from tests.contracts.checkpoints import CheckpointStoreContract
from tests.contracts.token_ledger import NOW_S, TokenLedgerContract
from tests.fakes.aws_server import REGION, client, make_table, session

CALL = CallKey("acme", "CA1")
PATIENCE_S = 30.0
"""For moto on a busy machine; the deadlines themselves are tested with fakes."""


class Loss:
    """A client between a store and DynamoDB that loses answers, or holds requests back."""

    def __init__(self, inner) -> None:
        self.inner = inner
        self.lose_answers = 0
        self.hold_back = 0
        self.held: list[Callable[[], object]] = []
        self.fail_with: ClientError | None = None

    def _through(self, name, arguments):
        if self.fail_with:
            raise self.fail_with
        send = lambda: getattr(self.inner, name)(**arguments)  # noqa: E731
        if self.hold_back:
            self.hold_back -= 1
            self.held.append(send)
            raise ReadTimeoutError(endpoint_url="held back")
        answer = send()
        if self.lose_answers:
            self.lose_answers -= 1
            raise ReadTimeoutError(endpoint_url="answer lost")
        return answer

    def update_item(self, **arguments):
        return self._through("update_item", arguments)

    def put_item(self, **arguments):
        return self._through("put_item", arguments)

    def get_item(self, **arguments):
        return self._through("get_item", arguments)


class LossySessions:
    """Fulfils what `CallsTable` needs of `TenantSessions`."""

    def __init__(self, network: Loss) -> None:
        self.network = network

    def client(self, tenant, service):
        return self.network

    def close(self):
        pass


class Table:
    """One new table, and handles on it."""

    def __init__(self, url: str) -> None:
        self.name = f"calls-{uuid.uuid4().hex}"
        self.now_s = NOW_S
        self.url = url
        self.opened: list[CallsTable] = []
        make_table(url, self.name)
        self.network = Loss(client("dynamodb", url))

    def open(self) -> CallsTable:
        sessions = TenantSessions(
            role_arn="",
            region=REGION,
            endpoint_url=self.url,
            session=session(),
            config=client_config(read_timeout_s=PATIENCE_S, connect_timeout_s=PATIENCE_S),
        )
        return self._add(sessions)

    def open_lossy(self) -> CallsTable:
        return self._add(LossySessions(self.network))

    def _add(self, sessions) -> CallsTable:
        workers = Workers("dynamodb", timeout_s=PATIENCE_S)
        self.opened.append(
            CallsTable(name=self.name, sessions=sessions, workers=workers, clock_s=lambda: self.now_s)
        )
        return self.opened[-1]

    def rows(self) -> list[Any]:
        return list(client("dynamodb", self.url).scan(TableName=self.name)["Items"])


@pytest.fixture
async def table(aws_url: str) -> AsyncIterator[Table]:
    table = Table(aws_url)
    yield table
    for each in table.opened:
        await each.close()


@pytest.mark.wire
class TestCheckpoints(CheckpointStoreContract):
    @pytest.fixture
    def open_store(self, table: Table):
        return lambda: DynamoDbCheckpointStore(table.open())


@pytest.mark.wire
class TestLedger(TokenLedgerContract):
    @pytest.fixture
    def open_ledger(self, table: Table):
        return lambda: DynamoDbTokenLedger(table.open())


@pytest.mark.wire
class TestProgress(CallProgressStoreContract):
    @pytest.fixture
    def open_progress(self, table: Table):
        return lambda: DynamoDbCallProgressStore(table.open())


@pytest.mark.wire
async def test_claim_whose_answer_was_lost(table: Table):
    """The repeated claim finds its own fence: no fence is skipped, and the owner is the owner."""
    store = DynamoDbCheckpointStore(table.open_lossy())
    table.network.lose_answers = 1
    assert (await store.claim(CALL)).fence == 1
    await store.save(Checkpoint(CALL, 1, "{}"))
    assert (await store.claim(CALL)).fence == 2


@pytest.mark.wire
async def test_claim_that_arrives_after_its_repetition(table: Table):
    """A late copy of a claim does not fence its own owner off."""
    store = DynamoDbCheckpointStore(table.open_lossy())
    table.network.hold_back = 1
    claimed = await store.claim(CALL)
    with pytest.raises(ClientError):
        table.network.held[0]()
    await store.save(claimed)


@pytest.mark.wire
async def test_claim_that_is_given_up_and_made_again(table: Table):
    """Copies of the first attempt, whenever they arrive, do not fence off who claims the call in a second one."""
    store = DynamoDbCheckpointStore(table.open_lossy())
    table.network.hold_back = 2  # both attempts
    with pytest.raises(ProviderTimeout):
        await store.claim(CALL)
    table.network.held[0]()
    claimed = await store.claim(CALL)
    with pytest.raises(ClientError):
        table.network.held[1]()
    await store.save(claimed)
    assert claimed.fence == 1
    assert (await store.claim(CALL)).fence == 2


@pytest.mark.wire
async def test_save_whose_answer_was_lost(table: Table):
    """A save that was applied without our knowing is not taken for the loss of the call."""
    store = DynamoDbCheckpointStore(table.open_lossy())
    await store.claim(CALL)
    table.network.lose_answers = 1
    await store.save(Checkpoint(CALL, 1, "one"))
    assert (await store.load(CALL) or Checkpoint(CALL, 0)).snapshot == "one"


@pytest.mark.wire
async def test_save_that_arrives_after_a_newer_one(table: Table):
    """A late copy of an older state does not replace the newer one."""
    store = DynamoDbCheckpointStore(table.open_lossy())
    await store.claim(CALL)
    table.network.hold_back = 2  # both attempts
    with pytest.raises(ProviderTimeout):
        await store.save(Checkpoint(CALL, 1, "old"))
    await store.save(Checkpoint(CALL, 1, "new", NextStep.HANG_UP, Disposition.COMPLETED))
    for late in table.network.held:
        with pytest.raises(ClientError, match="ConditionalCheckFailed"):
            late()
    kept = await store.load(CALL)
    assert kept == Checkpoint(CALL, 1, "new", NextStep.HANG_UP, Disposition.COMPLETED)


@pytest.mark.wire
async def test_stale_save_is_refused_also_after_a_lost_answer(table: Table):
    """Losing answers makes nobody an owner."""
    store = DynamoDbCheckpointStore(table.open_lossy())
    stale = await store.claim(CALL)
    await DynamoDbCheckpointStore(table.open()).claim(CALL)
    table.network.lose_answers = 1
    with pytest.raises(StaleOwner):
        await store.save(stale)


@pytest.mark.wire
async def test_token_whose_answer_was_lost(table: Table):
    """The one who redeemed it learns so from the repetition; everybody else is refused."""
    ledger = DynamoDbTokenLedger(table.open_lossy())
    table.network.lose_answers = 1
    assert await ledger.redeem("acme", "aa", expires_at_s=NOW_S + 60)
    assert not await ledger.redeem("acme", "aa", expires_at_s=NOW_S + 60)


@pytest.mark.wire
async def test_report_whose_answer_was_lost(table: Table):
    """News stays news when its answer is lost."""
    progress = DynamoDbCallProgressStore(table.open_lossy())
    table.network.lose_answers = 1
    assert await progress.record(CallProgress(CALL, 0, CallStatus.RINGING))
    assert not await progress.record(CallProgress(CALL, 0, CallStatus.RINGING))


@pytest.mark.wire
async def test_rows_past_their_time_do_not_count(table: Table):
    """DynamoDB deletes rows late: a call that is over for good is unknown on time, and its fence still grows."""
    store, progress = DynamoDbCheckpointStore(table.open()), DynamoDbCallProgressStore(table.open())
    await store.claim(CALL)
    await store.save(Checkpoint(CALL, 1, "old", NextStep.HANG_UP, Disposition.COMPLETED))
    await progress.record(CallProgress(CALL, 3, CallStatus.COMPLETED))
    table.now_s += CALL_RETENTION_S

    assert await store.load(CALL) is None
    assert await store.claim(CALL) == Checkpoint(CALL, fence=2)
    assert await progress.record(CallProgress(CALL, 0, CallStatus.INITIATED))


@pytest.mark.wire
async def test_expired_token(table: Table):
    """A token that expired on every clock is refused without asking."""
    ledger = DynamoDbTokenLedger(table.open())
    assert not await ledger.redeem("acme", "aa", expires_at_s=NOW_S - CLOCK_SKEW_S - 1)
    assert [] == table.rows()


@pytest.mark.wire
async def test_every_key_begins_with_the_tenant(table: Table):
    """IAM tells tenants apart by it."""
    handle = table.open()
    await DynamoDbCheckpointStore(handle).claim(CALL)
    await DynamoDbTokenLedger(handle).redeem("acme", "aa", expires_at_s=NOW_S + 60)
    await DynamoDbCallProgressStore(handle).record(CallProgress(CALL, 0, CallStatus.RINGING))
    rows = {(row["pk"]["S"], row["sk"]["S"]) for row in table.rows()}
    assert {
        ("acme#call#CA1", "checkpoint"),
        ("acme#call#CA1", "progress"),
        ("acme#token#aa", "token"),
    } == rows
    assert all(int(row["expires_at_s"]["N"]) > NOW_S for row in table.rows())


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("ProvisionedThroughputExceededException", 400, ProviderOverloaded),
        ("ThrottlingException", 400, ProviderOverloaded),
        ("AccessDeniedException", 400, ProviderRejected),
        ("ExpiredTokenException", 400, ProviderRejected),
    ],
)
async def test_refusals(code: str, status: int, expected: type[Exception]):
    """Throttling may be tried again, a refusal may not; neither text reaches us."""
    network = Loss(None)
    network.fail_with = ClientError(
        {"Error": {"Code": code, "Message": "secret"}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "UpdateItem",
    )
    table = CallsTable(name="calls", sessions=LossySessions(network))  # type: ignore[arg-type]
    with pytest.raises(expected) as raised:
        await DynamoDbCheckpointStore(table).claim(CALL)
    assert "secret" not in str(raised.value)
    await table.close()
