"""The dashboard: from what callers notice down to what explains it."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from cdk.components.shared import PRODUCT, environment_of, lookup
from cdk.metrics import GATEWAY, NAMESPACE, WEBHOOKS, metric

SAMPLES_PER_MINUTE = 6
"""Gauges are told every 10 s: the fleet's value is their sum over a minute by this."""
WIDTH = 24


class CallsDashboard(cloudwatch.Dashboard):
    """`switchboard-<environment>`."""

    def __init__(self, scope: Construct, construct_id: str, *, workflows: Sequence[str]) -> None:
        record = environment_of(scope)
        super().__init__(
            scope,
            construct_id,
            dashboard_name=f"{PRODUCT}-{record.name}",
            default_interval=Duration.hours(3),
        )
        self._environment = record.name
        self._row(self._calls(), self._slots(), self._ends(), self._refusals())
        self._row(self._first_audio(), self._first_audio_parts(), self._interruptions(), self._turns())
        self._row(self._failures(), self._providers(), self._checkpoints(), self._dropped())
        self._row(self._webhooks(), self._continued(), self._firewalls(), self._fallback())
        self._row(self._loop(), self._tasks(), self._workflows(workflows), self._facts())

    def _row(self, *graphs: cloudwatch.IWidget) -> None:
        self.add_widgets(*graphs)

    def _graph(
        self, title: str, *left: cloudwatch.IMetric, right: Sequence[cloudwatch.IMetric] = ()
    ) -> cloudwatch.GraphWidget:
        return cloudwatch.GraphWidget(
            title=title, left=list(left), right=list(right), width=WIDTH // 4, height=6
        )

    def _fleet(self, name: str, label: str) -> cloudwatch.MathExpression:
        return cloudwatch.MathExpression(
            expression=f"{name.lower()} / {SAMPLES_PER_MINUTE}",
            using_metrics={name.lower(): metric(self, name, "Sum")},
            period=Duration.minutes(1),
            label=label,
        )

    def _by(self, name: str, dimension: str, *, service: str = GATEWAY) -> cloudwatch.MathExpression:
        """One line per value of `dimension`, whichever there are."""
        schema = f"{{{NAMESPACE},{dimension},environment,service}}"
        where = f'MetricName="{name}" service="{service}" environment="{self._environment}"'
        return cloudwatch.MathExpression(
            expression=f"SEARCH('{schema} {where}', 'Sum')",
            period=Duration.minutes(1),
            label="",
            using_metrics={},
        )

    def _calls(self) -> cloudwatch.IWidget:
        return self._graph(
            "Live calls",
            self._fleet("LiveCalls", "live"),
            self._fleet("CallCapacity", "capacity"),
            right=[metric(self, "CallsStarted", "Sum", label="started")],
        )

    def _slots(self) -> cloudwatch.IWidget:
        return self._graph(
            "Free call slots",
            self._fleet("FreeCallSlots", "all gateways"),
            right=[
                metric(self, "FreeCallSlots", "Average", label="per gateway"),
                metric(self, "FreeCallSlots", "Minimum", label="fullest"),
            ],
        )

    def _ends(self) -> cloudwatch.IWidget:
        return self._graph("Calls ended, by disposition", self._by("CallsEnded", "disposition"))

    def _refusals(self) -> cloudwatch.IWidget:
        return self._graph(
            "Refused at the gateways",
            self._by("CallsRefused", "reason"),
            right=[metric(self, "SocketsRefused", "Sum", label="for what they said")],
        )

    def _first_audio(self) -> cloudwatch.IWidget:
        return self._graph(
            "First audio (ms)",
            *(metric(self, "FirstAudio", each, label=each) for each in ("p50", "p95", "p99")),
        )

    def _first_audio_parts(self) -> cloudwatch.IWidget:
        return self._graph(
            "First audio p95, its parts (ms)",
            metric(self, "EndOfTurn", "p95", label="end of turn"),
            metric(self, "ModelFirstClause", "p95", label="model"),
            metric(self, "VoiceFirstAudio", "p95", label="voice"),
            metric(self, "ModelFirstToken", "p95", label="model's first token"),
        )

    def _interruptions(self) -> cloudwatch.IWidget:
        return self._graph(
            "Barge-in to clear (ms)",
            *(metric(self, "BargeInToClear", each, label=each) for each in ("p50", "p95")),
            right=[
                metric(self, "BargeInToClear", "SampleCount", label="interruptions"),
                metric(self, "FalseBargeIns", "Sum", label="false"),
            ],
        )

    def _turns(self) -> cloudwatch.IWidget:
        return self._graph("Turns, by outcome", self._by("Turns", "outcome"))

    def _failures(self) -> cloudwatch.IWidget:
        return self._graph(
            "Failures that reached conversations", self._by("ConversationFailures", "provider_kind")
        )

    def _providers(self) -> cloudwatch.IWidget:
        return self._graph(
            "Vendors",
            metric(self, "ProviderErrors", "Sum", label="errors"),
            right=[metric(self, "ProviderSwitches", "Sum", label="switches")],
        )

    def _checkpoints(self) -> cloudwatch.IWidget:
        return self._graph(
            "Checkpoints",
            metric(self, "CheckpointFailures", "Sum", label="failures"),
            metric(self, "OwnershipLost", "Sum", label="ownership lost"),
            right=[metric(self, "CheckpointDuration", "p95", label="p95 ms")],
        )

    def _dropped(self) -> cloudwatch.IWidget:
        return self._graph(
            "Dropped",
            self._by("EventsDropped", "sink"),
            *(
                metric(self, name, "Sum", label=label)
                for name, label in (
                    ("LinesDropped", "lines"),
                    ("MetricValuesDropped", "metric values"),
                    ("SpansDropped", "spans"),
                )
            ),
        )

    def _webhooks(self) -> cloudwatch.IWidget:
        def api(name: str, statistic: str) -> cloudwatch.Metric:
            return _aws("ApiGateway", name, statistic, ApiName=lookup(self, "webhook-api-name"))

        return self._graph(
            "Webhooks",
            api("Count", "Sum"),
            api("4XXError", "Sum"),
            api("5XXError", "Sum"),
            right=[api("Latency", "p50"), api("Latency", "p99")],
        )

    def _continued(self) -> cloudwatch.IWidget:
        return self._graph(
            "Calls that went on after a stream", self._by("CallsContinued", "why", service=WEBHOOKS)
        )

    def _firewalls(self) -> cloudwatch.IWidget:
        prefix = f"{PRODUCT}-{self._environment}"
        return self._graph(
            "Blocked by the firewalls",
            cloudwatch.MathExpression(
                expression=f"SEARCH('{{AWS/WAFV2,Region,Rule,WebACL}} MetricName=\"BlockedRequests\" {prefix}', 'Sum')",
                period=Duration.minutes(1),
                label="",
                using_metrics={},
            ),
        )

    def _fallback(self) -> cloudwatch.IWidget:
        return self._graph(
            "Answered by the static fallback",
            cloudwatch.Metric(
                namespace="AWS/CloudFront",
                metric_name="Requests",
                dimensions_map={
                    "DistributionId": lookup(self, "fallback-distribution-id"),
                    "Region": "Global",
                },
                statistic="Sum",
                period=Duration.minutes(1),
                region="us-east-1",  # CloudFront's metrics are there
            ),
        )

    def _loop(self) -> cloudwatch.IWidget:
        return self._graph(
            "Event loop",
            metric(self, "EventLoopLag", "p99", label="lag p99 (ms)"),
            right=[metric(self, "EventLoopStalls", "Sum", label="stalls")],
        )

    def _tasks(self) -> cloudwatch.IWidget:
        service = {
            "ClusterName": lookup(self, "gateway-cluster"),
            "ServiceName": lookup(self, "gateway-service"),
        }
        return self._graph(
            "Gateways",
            _aws("ECS", "CPUUtilization", "Maximum", **service),
            _aws("ECS", "MemoryUtilization", "Maximum", **service),
            right=[
                cloudwatch.Metric(
                    namespace="ECS/ContainerInsights",
                    metric_name="RunningTaskCount",
                    dimensions_map=service,
                    statistic="Maximum",
                    period=Duration.minutes(1),
                ),
                metric(self, "TaskUnprotected", "Sum", label="unprotected"),
            ],
        )

    def _workflows(self, names: Sequence[str]) -> cloudwatch.IWidget:
        return self._graph(
            "Workflows failed or timed out",
            *(
                _aws(
                    "States",
                    what,
                    "Sum",
                    StateMachineArn=lookup(self, f"{name.replace('_', '-')}-workflow-arn"),
                )
                for name in names
                for what in ("ExecutionsFailed", "ExecutionsTimedOut")
            ),
        )

    def _facts(self) -> cloudwatch.IWidget:
        queues = cloudwatch.MathExpression(
            expression="SEARCH('{AWS/SQS,QueueName} MetricName=\"ApproximateNumberOfMessagesVisible\" DeadLetters', 'Maximum')",
            period=Duration.minutes(1),
            label="",
            using_metrics={},
        )
        return self._graph(
            "Dead letters, and the age of facts (s)",
            queues,
            right=[
                _aws(
                    "Firehose",
                    "DeliveryToS3.DataFreshness",
                    "Maximum",
                    DeliveryStreamName=lookup(self, "facts-stream-name"),
                )
            ],
        )


def _aws(service: str, name: str, statistic: str, **dimensions: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=f"AWS/{service}",
        metric_name=name,
        dimensions_map=dimensions,
        statistic=statistic,
        period=Duration.minutes(1),
    )
