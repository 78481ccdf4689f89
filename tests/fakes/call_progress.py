"""Call progress in memory; handles made from the same dictionary see the same calls."""

from switchboard.domain.call_progress import CallProgress, advances
from switchboard.domain.calls import CallKey
from switchboard.ports.errors import ProviderUnavailable


class InMemoryCallProgressStore:
    """Fulfils `ports.call_progress.CallProgressStore`. `is_down` makes every access fail."""

    def __init__(self, reports: dict[CallKey, CallProgress] | None = None, *, is_down: bool = False) -> None:
        self.reports = {} if reports is None else reports
        self.is_down = is_down

    async def record(self, report: CallProgress) -> bool:
        if self.is_down:
            raise ProviderUnavailable("memory", "down")
        if not advances(self.reports.get(report.key), report):
            return False
        self.reports[report.key] = report
        return True

    async def close(self) -> None:
        """Nothing to release."""
