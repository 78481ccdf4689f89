"""The embedded stores and their fakes do the same; what only a file can do is tested below."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from switchboard.adapters.sqlite import store as sqlite_store
from switchboard.adapters.sqlite.store import (
    CALL_RETENTION_S,
    CLOCK_SKEW_S,
    SqliteCallProgressStore,
    SqliteCheckpointStore,
    SqliteTokenLedger,
)
from switchboard.domain.call_progress import CallProgress, CallStatus
from switchboard.domain.calls import CallKey
from switchboard.ports.checkpoints import Checkpoint
from switchboard.ports.errors import ProviderError, ProviderUnavailable
from tests.contracts.call_progress import CallProgressStoreContract
from tests.contracts.checkpoints import CheckpointStoreContract
from tests.contracts.token_ledger import NOW_S, TokenLedgerContract
from tests.fakes.call_progress import InMemoryCallProgressStore
from tests.fakes.checkpoints import InMemoryCheckpointStore
from tests.fakes.token_ledger import InMemoryTokenLedger

Open = Callable[[type], Callable[[], object]]


@pytest.fixture
async def opener(tmp_path: Path) -> AsyncIterator[Open]:
    """Makes a function that opens handles of one store class on one file; all are closed afterwards."""
    opened = []

    def opening(kind):
        def open_one():
            opened.append(kind(tmp_path / "state" / "file.sqlite3", clock_s=lambda: NOW_S))
            return opened[-1]

        return open_one

    yield opening
    for each in opened:
        await each.close()


class TestInMemoryCheckpoints(CheckpointStoreContract):
    @pytest.fixture
    def open_store(self):
        calls: dict[CallKey, Checkpoint] = {}
        return lambda: InMemoryCheckpointStore(calls)


class TestSqliteCheckpoints(CheckpointStoreContract):
    @pytest.fixture
    def open_store(self, opener: Open):
        return opener(SqliteCheckpointStore)


class TestInMemoryLedger(TokenLedgerContract):
    @pytest.fixture
    def open_ledger(self):
        redeemed: dict[tuple[str, str], int] = {}
        return lambda: InMemoryTokenLedger(redeemed)


class TestSqliteLedger(TokenLedgerContract):
    @pytest.fixture
    def open_ledger(self, opener: Open):
        return opener(SqliteTokenLedger)


class TestInMemoryProgress(CallProgressStoreContract):
    @pytest.fixture
    def open_progress(self):
        reports: dict[CallKey, CallProgress] = {}
        return lambda: InMemoryCallProgressStore(reports)


class TestSqliteProgress(CallProgressStoreContract):
    @pytest.fixture
    def open_progress(self, opener: Open):
        return opener(SqliteCallProgressStore)


def _rows(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


async def test_expired_tokens_are_forgotten(tmp_path: Path):
    """A used token leaves the file once it has expired on every clock, and cannot be redeemed again even then."""
    path, now = tmp_path / "state", [NOW_S]
    ledger = SqliteTokenLedger(path, clock_s=lambda: now[0])
    assert await ledger.redeem("acme", "old", expires_at_s=NOW_S + 60)
    now[0] += 60 + CLOCK_SKEW_S
    assert not await ledger.redeem("acme", "old", expires_at_s=NOW_S + 60)
    now[0] += 1
    assert await ledger.redeem("acme", "new", expires_at_s=now[0] + 60)
    assert not await ledger.redeem("acme", "old", expires_at_s=NOW_S + 60)
    await ledger.close()
    assert _rows(path, "redeemed_tokens") == 1


async def test_old_calls_are_forgotten(tmp_path: Path):
    """Checkpoints and progress of calls that can no longer be alive leave the file."""
    path, now = tmp_path / "state", [NOW_S]
    checkpoints = SqliteCheckpointStore(path, clock_s=lambda: now[0])
    progress = SqliteCallProgressStore(path, clock_s=lambda: now[0])
    await checkpoints.claim(CallKey("acme", "CAold"))
    await progress.record(CallProgress(CallKey("acme", "CAold"), 0, CallStatus.RINGING))
    now[0] += CALL_RETENTION_S + 1
    await checkpoints.claim(CallKey("acme", "CAnew"))
    await progress.record(CallProgress(CallKey("acme", "CAnew"), 0, CallStatus.RINGING))
    await checkpoints.close()
    await progress.close()
    assert (_rows(path, "checkpoints"), _rows(path, "call_progress")) == (1, 1)


async def test_locked_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A file locked by someone else is an unavailable provider after the deadline, and usable again afterwards."""
    monkeypatch.setattr(sqlite_store, "BUSY_TIMEOUT_MS", 20)
    path = tmp_path / "state"
    store = SqliteCheckpointStore(path)
    await store.claim(CallKey("acme", "CA1"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ProviderUnavailable, match="SQLITE_BUSY"):
            await store.claim(CallKey("acme", "CA1"))
        other.execute("ROLLBACK")
    assert (await store.claim(CallKey("acme", "CA1"))).fence == 2
    await store.close()


async def test_unusable_file(tmp_path: Path):
    """A file that is no database, and a folder that cannot be made, are provider errors without stored values."""
    (tmp_path / "garbage").write_bytes(b"not a database, but long enough to be looked at" * 10)
    for path in (tmp_path / "garbage", tmp_path / "garbage" / "below"):
        store = SqliteCheckpointStore(path)
        with pytest.raises(ProviderError):
            await store.load(CallKey("acme", "CA1"))
        await store.close()


async def test_file_of_an_earlier_version(tmp_path: Path):
    """A file whose tables have other columns is begun anew instead of failing every call."""
    path = tmp_path / "state"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE checkpoints (call_id TEXT PRIMARY KEY, fence INTEGER NOT NULL)")
    store = SqliteCheckpointStore(path)
    assert (await store.claim(CallKey("acme", "CA1"))).fence == 1
    await store.close()


async def test_closed_store(tmp_path: Path):
    """A closed store refuses work; closing twice is allowed, also before the first use."""
    store = SqliteCheckpointStore(tmp_path / "state")
    await store.close()
    await store.close()
    with pytest.raises(ProviderUnavailable):
        await store.load(CallKey("acme", "CA1"))


async def test_failed_transaction_leaves_nothing(tmp_path: Path):
    """Whatever goes wrong inside a transaction, it is rolled back and the store stays usable."""
    store = SqliteTokenLedger(tmp_path / "state", clock_s=lambda: NOW_S)

    def fail_half_way(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO redeemed_tokens VALUES ('acme', 'aa', 1)")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store._database.run(fail_half_way)
    assert await store.redeem("acme", "aa", expires_at_s=NOW_S)
    await store.close()


RACER = """
import asyncio, sys
from pathlib import Path
from switchboard.adapters.sqlite.store import SqliteTokenLedger

async def main():
    ledger = SqliteTokenLedger(Path(sys.argv[1]), clock_s=lambda: 0)
    won = [await ledger.redeem("acme", str(n), expires_at_s=60) for n in range(100)]
    await ledger.close()
    print(*(n for n, each in enumerate(won) if each))

asyncio.run(main())
"""


@pytest.mark.wire
async def test_processes_race(tmp_path: Path):
    """Three processes that open a new file and redeem the same tokens at once win each token exactly once."""
    racers = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", RACER, str(tmp_path / "state"), stdout=subprocess.PIPE
        )
        for _ in range(3)
    ]
    outputs = [(await racer.communicate())[0] for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0, 0]
    won = [int(number) for output in outputs for number in output.split()]
    assert list(range(100)) == sorted(won)
