"""Metrics of functions in AWS Lambda: the same table, written by Powertools.

Each value is a line of its own, written at once: a function counts a few things per invocation, and a value that waits for
a later flush is lost when Lambda freezes the process.
"""

from aws_lambda_powertools.metrics import MetricUnit, single_metric

from switchboard.telemetry.metrics import NAMESPACE, Metric


class PowertoolsMeter:
    """A `Meter`."""

    def __init__(self, *, service: str, environment: str) -> None:
        self._base = {"service": service, "environment": environment}

    def record(self, metric: Metric, value: float = 1, /, **labels: str) -> None:
        """Write one value, once for each of the metric's sets of dimensions."""
        assert labels.keys() == metric.labels, f"{metric.name} is recorded with {sorted(metric.labels)}"
        known = {**self._base, **{name: label or "none" for name, label in labels.items()}}
        for dimensions in metric.dimension_sets:
            with single_metric(
                name=metric.name,
                unit=MetricUnit(metric.unit.value),
                value=value,
                namespace=NAMESPACE,
                default_dimensions={name: known[name] for name in dimensions},
            ) as line:
                for name in labels.keys() - set(dimensions):
                    line.add_metadata(name, known[name])
