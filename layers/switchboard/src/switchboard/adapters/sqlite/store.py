"""The embedded stores, for one machine: checkpoints, used tokens and call progress in one SQLite file.

Several processes may share the file: it is in WAL mode and every decision is one transaction. Each store owns one
connection on one worker thread, so the event loop never waits for the disk; a lock held elsewhere is waited
for at most `BUSY_TIMEOUT_MS`. Rows are dropped once nobody can ask for them again.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from switchboard.domain.call_progress import CallProgress, CallStatus, advances
from switchboard.domain.calls import CallKey, Disposition, NextStep
from switchboard.ports.checkpoints import Checkpoint
from switchboard.ports.errors import ProviderRejected, ProviderUnavailable, StaleOwner

BUSY_TIMEOUT_MS = 1000
"""Transactions take well under a millisecond; the webhook must answer within a second in all (law L4)."""
CALL_RETENTION_S = 24 * 3600
"""Twilio ends every call after 4 hours by default and 24 at most; then nothing can resume it."""
CLOCK_SKEW_S = 60
"""Kept longer than the token lives, so that a task whose clock runs behind cannot accept it again."""
OPEN_ATTEMPTS_MAX = 5
OPEN_TIMEOUT_S = 0.1
OPEN_RETRY_S = 0.02
"""Two processes that turn a new file into WAL mode at the same moment get SQLITE_BUSY without any waiting
(SQLite, "Write-ahead logging", section 8); the second attempt finds it done."""

PROVIDER = "sqlite"
T = TypeVar("T")

SCHEMA_VERSION = 2
"""2: every key begins with the tenant. A file of another version is begun anew: its rows would live for a day at most."""
_TABLES = """
CREATE TABLE checkpoints (
  tenant TEXT NOT NULL, call_id TEXT NOT NULL, fence INTEGER NOT NULL, snapshot TEXT NOT NULL,
  next_step TEXT NOT NULL, disposition TEXT, touched_s INTEGER NOT NULL, PRIMARY KEY (tenant, call_id)
) STRICT;
CREATE INDEX checkpoints_by_age ON checkpoints (touched_s);
CREATE TABLE redeemed_tokens (
  tenant TEXT NOT NULL, nonce TEXT NOT NULL, expires_at_s INTEGER NOT NULL, PRIMARY KEY (tenant, nonce)
) STRICT, WITHOUT ROWID;
CREATE INDEX redeemed_tokens_by_expiry ON redeemed_tokens (expires_at_s);
CREATE TABLE call_progress (
  tenant TEXT NOT NULL, call_id TEXT NOT NULL, sequence INTEGER NOT NULL, status TEXT NOT NULL,
  touched_s INTEGER NOT NULL, PRIMARY KEY (tenant, call_id)
) STRICT;
CREATE INDEX call_progress_by_age ON call_progress (touched_s)
"""


class SqliteCheckpointStore:
    """`ports.checkpoints.CheckpointStore` over a file. A disposition, once stored, is kept (law L1)."""

    def __init__(self, path: Path, *, clock_s: Callable[[], float] = time.time) -> None:
        self._database = _Database(path)
        self._clock_s = clock_s

    async def claim(self, key: CallKey) -> Checkpoint:
        """Take the call over with a fence above all earlier ones. Raises `ProviderError`."""
        now_s = int(self._clock_s())

        def claim(connection: sqlite3.Connection) -> Checkpoint:
            connection.execute("DELETE FROM checkpoints WHERE touched_s < ?", (now_s - CALL_RETENTION_S,))
            row = connection.execute(
                "INSERT INTO checkpoints VALUES (?, ?, 1, '', ?, NULL, ?)"
                " ON CONFLICT (tenant, call_id) DO UPDATE SET fence = fence + 1, touched_s = excluded.touched_s"
                " RETURNING tenant, call_id, fence, snapshot, next_step, disposition",
                (key.tenant, key.call_id, NextStep.RESUME, now_s),
            ).fetchone()
            return _checkpoint(row)

        return await self._database.run(claim)

    async def save(self, checkpoint: Checkpoint) -> None:
        """Store the state while `checkpoint.fence` is the newest. Raises `StaleOwner` or `ProviderError`."""
        now_s = int(self._clock_s())

        def save(connection: sqlite3.Connection) -> None:
            cursor = connection.execute(
                "UPDATE checkpoints SET snapshot = ?, next_step = ?,"
                " disposition = coalesce(disposition, ?), touched_s = ? WHERE tenant = ? AND call_id = ? AND fence = ?",
                (
                    checkpoint.snapshot,
                    checkpoint.next_step,
                    checkpoint.disposition,
                    now_s,
                    checkpoint.key.tenant,
                    checkpoint.key.call_id,
                    checkpoint.fence,
                ),
            )
            if cursor.rowcount != 1:
                raise StaleOwner(checkpoint.key.call_id)

        await self._database.run(save)

    async def load(self, key: CallKey) -> Checkpoint | None:
        """Read without claiming. Raises `ProviderError`."""

        def load(connection: sqlite3.Connection) -> Checkpoint | None:
            row = connection.execute(
                "SELECT tenant, call_id, fence, snapshot, next_step, disposition FROM checkpoints"
                " WHERE tenant = ? AND call_id = ?",
                (key.tenant, key.call_id),
            ).fetchone()
            return None if row is None else _checkpoint(row)

        return await self._database.run(load)

    async def close(self) -> None:
        """Close the connection and its thread. Idempotent."""
        await self._database.close()


class SqliteTokenLedger:
    """`ports.token_ledger.TokenLedger` over a file."""

    def __init__(self, path: Path, *, clock_s: Callable[[], float] = time.time) -> None:
        self._database = _Database(path)
        self._clock_s = clock_s

    async def redeem(self, tenant: str, nonce: str, *, expires_at_s: int) -> bool:
        """True for exactly one caller per tenant and nonce; false also for a token long expired. Raises `ProviderError`."""
        forget_before_s = int(self._clock_s()) - CLOCK_SKEW_S
        if expires_at_s < forget_before_s:
            return False

        def redeem(connection: sqlite3.Connection) -> bool:
            connection.execute("DELETE FROM redeemed_tokens WHERE expires_at_s < ?", (forget_before_s,))
            cursor = connection.execute(
                "INSERT INTO redeemed_tokens VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (tenant, nonce, expires_at_s),
            )
            return cursor.rowcount == 1

        return await self._database.run(redeem)

    async def close(self) -> None:
        """Close the connection and its thread. Idempotent."""
        await self._database.close()


class SqliteCallProgressStore:
    """`ports.call_progress.CallProgressStore` over a file."""

    def __init__(self, path: Path, *, clock_s: Callable[[], float] = time.time) -> None:
        self._database = _Database(path)
        self._clock_s = clock_s

    async def record(self, report: CallProgress) -> bool:
        """Store the report if it moves the call forward. Raises `ProviderError`."""
        now_s = int(self._clock_s())

        def record(connection: sqlite3.Connection) -> bool:
            connection.execute("DELETE FROM call_progress WHERE touched_s < ?", (now_s - CALL_RETENTION_S,))
            row = connection.execute(
                "SELECT sequence, status FROM call_progress WHERE tenant = ? AND call_id = ?",
                (report.key.tenant, report.key.call_id),
            ).fetchone()
            known = None if row is None else CallProgress(report.key, row[0], CallStatus(row[1]))
            if not advances(known, report):
                return False
            connection.execute(
                "INSERT OR REPLACE INTO call_progress VALUES (?, ?, ?, ?, ?)",
                (report.key.tenant, report.key.call_id, report.sequence, report.status, now_s),
            )
            return True

        return await self._database.run(record)

    async def close(self) -> None:
        """Close the connection and its thread. Idempotent."""
        await self._database.close()


class _Database:
    """One connection that lives on one thread; opened by the first use, never at import or construction."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=PROVIDER)
        self._connection: sqlite3.Connection | None = None
        self._closed = False

    async def run(self, transaction: Callable[[sqlite3.Connection], T]) -> T:
        """Run one write transaction on the thread; it is rolled back if it raises."""
        if self._closed:
            raise ProviderUnavailable(PROVIDER, "the store is closed")
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, transaction)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()

    def _run(self, transaction: Callable[[sqlite3.Connection], T]) -> T:
        try:
            connection = self._connection or self._connect()
            # The connection is in autocommit mode; IMMEDIATE takes the write lock before anything is read.
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = transaction(connection)
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        except (sqlite3.OperationalError, OSError) as error:
            raise ProviderUnavailable(PROVIDER, _name(error)) from None
        except sqlite3.Error as error:
            raise ProviderRejected(PROVIDER, _name(error)) from None
        return result

    def _connect(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        for attempt in range(1, OPEN_ATTEMPTS_MAX + 1):
            try:
                self._connection = _open(self._path)
                break
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or attempt == OPEN_ATTEMPTS_MAX:
                    raise
                time.sleep(OPEN_RETRY_S)
        assert self._connection is not None, "the loop ends with a connection or an error"
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=OPEN_TIMEOUT_S, isolation_level=None)
    try:
        # WAL with NORMAL survives a crashed process; only power loss can cost the last turns.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        _make_tables(connection)
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _make_tables(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != SCHEMA_VERSION:
        for table in ("checkpoints", "redeemed_tokens", "call_progress"):
            connection.execute(f"DROP TABLE IF EXISTS {table}")
        for statement in _TABLES.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _checkpoint(row: tuple[str, str, int, str, str, str | None]) -> Checkpoint:
    tenant, call_id, fence, snapshot, next_step, disposition = row
    return Checkpoint(
        key=CallKey(tenant, call_id),
        fence=fence,
        snapshot=snapshot,
        next_step=NextStep(next_step),
        disposition=None if disposition is None else Disposition(disposition),
    )


def _name(error: Exception) -> str:
    """The error's kind; its text could hold a stored value."""
    return str(getattr(error, "sqlite_errorname", type(error).__name__))
