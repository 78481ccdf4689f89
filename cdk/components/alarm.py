"""An alarm is for people: it names what callers notice, and the page that says what to do."""

from typing import Literal

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from constructs import Construct

from cdk.components.queue import alarm_topic

Missing = Literal["fine", "breaching", "keep"]
_MISSING = {
    "fine": cloudwatch.TreatMissingData.NOT_BREACHING,
    "breaching": cloudwatch.TreatMissingData.BREACHING,
    "keep": cloudwatch.TreatMissingData.IGNORE,
}


class Alarm(cloudwatch.Alarm):
    """Rings at the alarm topic when `metric` is at or above `threshold` (or at or below, with `below`), and when it is over.

    `runbook` is the page in `docs/operate/`, `says` a sentence of what is wrong. `points` of the last `periods` must breach.
    `missing` says what no data mean, chosen for each: "fine" where nothing is reported unless it happens, "breaching" where
    silence is the failure, "keep" where silence says nothing.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        runbook: str,
        says: str,
        metric: cloudwatch.IMetric,
        threshold: float,
        points: int = 1,
        periods: int = 1,
        below: bool = False,
        missing: Missing,
    ) -> None:
        operator = cloudwatch.ComparisonOperator
        super().__init__(
            scope,
            construct_id,
            alarm_description=f"{says} Runbook: docs/operate/{runbook}.md",
            metric=metric,
            threshold=threshold,
            datapoints_to_alarm=points,
            evaluation_periods=periods,
            comparison_operator=(
                operator.LESS_THAN_OR_EQUAL_TO_THRESHOLD
                if below
                else operator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
            ),
            treat_missing_data=_MISSING[missing],
        )
        topic = actions.SnsAction(alarm_topic(scope))
        self.add_alarm_action(topic)
        self.add_ok_action(topic)
