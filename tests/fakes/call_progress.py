"""Call progress in memory; handles made from the same dictionary see the same calls."""

from switchboard.domain.call_progress import CallProgress, advances
from switchboard.ports.errors import ProviderUnavailable


class InMemoryCallProgressStore:
    """Fulfils `ports.call_progress.CallProgressStore`. `is_down` makes every access fail."""

    def __init__(self, reports: dict[str, CallProgress] | None = None, *, is_down: bool = False) -> None:
        self.reports = {} if reports is None else reports
        self.is_down = is_down

    async def record(self, report: CallProgress) -> bool:
        if self.is_down:
            raise ProviderUnavailable("memory", "down")
        if not advances(self.reports.get(report.call_id), report):
            return False
        self.reports[report.call_id] = report
        return True

    async def close(self) -> None:
        """Nothing to release."""
