"""A meter that remembers."""

from switchboard.telemetry.metrics import Metric


class RecordingMeter:
    """Keeps every value with its labels, and checks them as the real ones do."""

    def __init__(self) -> None:
        self.recorded: list[tuple[Metric, float, dict[str, str]]] = []

    def record(self, metric: Metric, value: float = 1, /, **labels: str) -> None:
        assert labels.keys() == metric.labels, f"{metric.name} is recorded with {sorted(metric.labels)}"
        assert all(isinstance(label, str) and label for label in labels.values()), (metric.name, labels)
        self.recorded.append((metric, value, labels))

    def values(self, metric: Metric, **labels: str) -> list[float]:
        """The values of one metric, in order; of those with these labels only."""
        return [
            value for each, value, its in self.recorded if each is metric and labels.items() <= its.items()
        ]

    def labels(self, metric: Metric) -> list[dict[str, str]]:
        """The labels of one metric's values, in order."""
        return [labels for each, _, labels in self.recorded if each is metric]
