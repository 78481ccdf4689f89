"""What every store of call progress does."""

import asyncio
from collections.abc import Callable
from itertools import permutations

from switchboard.domain.call_progress import CallProgress, CallStatus
from switchboard.domain.calls import CallKey
from switchboard.ports.call_progress import CallProgressStore

CALL = CallKey("acme", "CA1")
REPORTS = (
    CallProgress(CALL, 0, CallStatus.INITIATED),
    CallProgress(CALL, 1, CallStatus.RINGING),
    CallProgress(CALL, 2, CallStatus.IN_PROGRESS),
    CallProgress(CALL, 3, CallStatus.COMPLETED),
)


class CallProgressStoreContract:
    """Subclasses provide `open_progress`: each call of it opens another handle on the same state."""

    async def test_in_order(self, open_progress: Callable[[], CallProgressStore]):
        """Reports in order all advance the call."""
        store = open_progress()
        assert [await store.record(report) for report in REPORTS] == [True] * 4

    async def test_any_order(self, open_progress: Callable[[], CallProgressStore]):
        """In whatever order reports arrive, only those later than all before are news (law W7)."""
        store = open_progress()
        for number, order in enumerate(permutations(REPORTS)):
            seen = -1
            for report in order:
                moved = await store.record(
                    CallProgress(CallKey("acme", f"CA{number}"), report.sequence, report.status)
                )
                assert (report.sequence > seen) is moved
                seen = max(seen, report.sequence)

    async def test_repeats(self, open_progress: Callable[[], CallProgressStore]):
        """Of identical reports that arrive at once, exactly one is news."""
        stores = [open_progress() for _ in range(4)]
        answers = await asyncio.gather(*(store.record(REPORTS[1]) for store in stores))
        assert answers.count(True) == 1

    async def test_end_is_final(self, open_progress: Callable[[], CallProgressStore]):
        """Nothing follows a final status, whatever its number (law L2)."""
        store = open_progress()
        await store.record(REPORTS[3])
        assert False is await store.record(CallProgress(CALL, 9, CallStatus.IN_PROGRESS))
        assert False is await store.record(CallProgress(CALL, 9, CallStatus.FAILED))

    async def test_tenants_are_apart(self, open_progress: Callable[[], CallProgressStore]):
        """The end of one tenant's call says nothing about another's of the same id."""
        store = open_progress()
        await store.record(REPORTS[3])
        assert True is await store.record(CallProgress(CallKey("globex", "CA1"), 0, CallStatus.INITIATED))
