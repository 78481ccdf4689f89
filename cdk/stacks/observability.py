"""What people look at, and what wakes them: one dashboard, and alarms with a page each in docs/operate/.

An alarm is about callers or about losing what we promised to keep; everything else is on the dashboard. Thresholds are on what is wrong
in any environment, or follow from its record.
"""

from collections.abc import Iterable, Sequence

from aws_cdk import CfnOutput, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from cdk import cost
from cdk.components.alarm import Alarm
from cdk.components.dashboard import CallsDashboard
from cdk.components.firewall import firewall_metric
from cdk.components.shared import SwitchboardStack, lookup, region_of
from cdk.metrics import WEBHOOKS, metric

MINUTES_5 = 300
PROVIDER_KINDS = ("transcriber", "language-model", "synthesizer", "tool")
FIREWALLS = ("media", "webhooks")
CLOUDFRONT_REGION = "us-east-1"
"""Where CloudFront's metrics are, and only there."""


class ObservabilityStack(SwitchboardStack):
    """`workflows` are the names of those on the dashboard; their alarms, like queues' and streams', are made beside them."""

    def __init__(self, scope: Construct, *, workflows: Sequence[str]) -> None:
        super().__init__(scope, "observability", description="Switchboard's dashboard and alarms")
        self._watch_capacity()
        self._watch_gateways()
        self._watch_conversations()
        self._watch_promises()
        self._watch_webhooks()
        self._watch_edge()
        CallsDashboard(self, "Dashboard", workflows=workflows)
        self._print()

    def _watch_capacity(self) -> None:
        slots = self.record.calls_per_task
        Alarm(
            self,
            "CallsRefused",
            runbook="calls-refused",
            says="Gateways turn calls away.",
            metric=metric(self, "CallsRefused", "Sum"),
            threshold=1,
            points=3,
            periods=5,
            missing="fine",  # only told when it happens
        )
        Alarm(
            self,
            "SlotsLow",
            runbook="slots-low",
            says="Less than a fifth of the call slots is free, and scaling out has not helped yet.",
            metric=metric(self, "FreeCallSlots", "Average"),
            threshold=slots / 5,
            points=5,
            periods=5,
            below=True,
            missing="keep",  # GatewaySilent looks at silence
        )
        Alarm(
            self,
            "CapacityCeiling",
            runbook="capacity-ceiling",
            says="Nearly as many gateways run as the environment allows.",
            metric=cloudwatch.Metric(
                namespace="ECS/ContainerInsights",
                metric_name="RunningTaskCount",
                dimensions_map=self._service_dimensions(),
                statistic="Maximum",
                period=Duration.minutes(1),
            ),
            # During a deployment old and new gateways run beside each other, for as long as the longest call.
            threshold=max(self.record.tasks_min + 1, round(0.9 * self.record.tasks_max)),
            points=60,
            periods=60,
            missing="keep",
        )
        Alarm(
            self,
            "GatewaySilent",
            runbook="gateway-silent",
            says="No gateway reports its free slots: none runs, or their metrics do not arrive and nothing is scaled.",
            metric=metric(self, "FreeCallSlots", "SampleCount"),
            threshold=0,
            points=5,
            periods=5,
            below=True,
            missing="breaching",  # silence is what this is about
        )

    def _watch_gateways(self) -> None:
        Alarm(
            self,
            "TaskUnprotected",
            runbook="task-unprotected",
            says="A gateway cannot protect itself against being stopped and takes no calls.",
            metric=metric(self, "TaskUnprotected", "Maximum"),
            threshold=1,
            points=5,
            periods=5,
            missing="fine",
        )
        Alarm(
            self,
            "LedgerDown",
            runbook="ledger-down",
            says="Calls are taken on tokens that the ledger could not be asked about.",
            metric=metric(self, "TokensWithoutLedger", "Sum", period_s=MINUTES_5),
            threshold=1,
            missing="fine",
        )
        Alarm(
            self,
            "OwnershipLost",
            runbook="ownership-lost",
            says="Gateways lost calls to others that had claimed them, more often than sockets break.",
            metric=metric(self, "OwnershipLost", "Sum", period_s=MINUTES_5),
            threshold=max(3, self.record.calls_max / 100),
            missing="fine",
        )
        Alarm(
            self,
            "SocketsRefused",
            runbook="sockets-refused",
            says="Media sockets are refused for what they say: a token or a protocol does not fit.",
            metric=metric(self, "SocketsRefused", "Sum", period_s=MINUTES_5),
            threshold=max(5, self.record.calls_max / 50),
            points=2,
            periods=3,
            missing="fine",
        )
        Alarm(
            self,
            "EventLoopLate",
            runbook="event-loop-late",
            says="A gateway's event loop runs late: audio begins to suffer.",
            metric=metric(self, "EventLoopLag", "p99"),
            threshold=60,  # three frames; admission refuses from there
            points=3,
            periods=5,
            missing="keep",
        )
        Alarm(
            self,
            "MemoryHigh",
            runbook="memory-high",
            says="A gateway uses most of its memory: at the limit it is killed with all its calls.",
            metric=cloudwatch.Metric(
                namespace="AWS/ECS",
                metric_name="MemoryUtilization",
                dimensions_map=self._service_dimensions(),
                statistic="Maximum",
                period=Duration.minutes(1),
            ),
            threshold=80,
            points=5,
            periods=5,
            missing="keep",
        )

    def _watch_conversations(self) -> None:
        Alarm(
            self,
            "FirstAudioSlow",
            runbook="first-audio-slow",
            says="One caller in twenty waits 1.5 s or more for an answer.",
            metric=metric(self, "FirstAudio", "p95", period_s=MINUTES_5),
            threshold=1_500,
            points=2,
            periods=3,
            missing="fine",  # no turns
        )
        Alarm(
            self,
            "BargeInSlow",
            runbook="barge-in-slow",
            says="The agent goes on speaking over callers.",
            metric=metric(self, "BargeInToClear", "p95", period_s=MINUTES_5),
            threshold=300,
            points=2,
            periods=3,
            missing="fine",  # nobody interrupted
        )
        Alarm(
            self,
            "ConversationsFailing",
            runbook="conversations-failing",
            says="Failures reach conversations after every fail-over.",
            metric=self._sum(
                metric(self, "ConversationFailures", "Sum", period_s=MINUTES_5, provider_kind=kind)
                for kind in PROVIDER_KINDS
            ),
            threshold=3,
            points=2,
            periods=3,
            missing="fine",
        )
        Alarm(
            self,
            "ProviderSwitching",
            runbook="provider-switching",
            says="Calls go on with another vendor than the preferred one.",
            metric=metric(self, "ProviderSwitches", "Sum", period_s=MINUTES_5),
            threshold=5,
            points=2,
            periods=3,
            missing="fine",
        )

    def _watch_promises(self) -> None:
        """What was promised to be kept: calls that survive, facts, and what lets us see."""
        Alarm(
            self,
            "CheckpointsFailing",
            runbook="checkpoints-failing",
            says="Calls cannot store where they are: they go on, and would not survive their gateway.",
            metric=metric(self, "CheckpointFailures", "Sum"),
            threshold=3,
            points=3,
            periods=5,
            missing="fine",
        )
        Alarm(
            self,
            "EventsDropped",
            runbook="events-dropped",
            says="Domain events were given up: work after calls or analytics miss them.",
            metric=metric(self, "EventsDropped", "Sum", period_s=MINUTES_5),
            threshold=1,
            missing="fine",
        )
        Alarm(
            self,
            "TelemetryDropped",
            runbook="telemetry-dropped",
            says="Gateways give up log lines, metric values or spans: we see less than there is.",
            metric=self._sum(
                metric(self, name, "Sum", period_s=MINUTES_5)
                for name in ("LinesDropped", "MetricValuesDropped", "SpansDropped")
            ),
            threshold=100,
            points=2,
            periods=3,
            missing="fine",
        )

    def _watch_webhooks(self) -> None:
        Alarm(
            self,
            "WebhookFailing",
            runbook="webhook-failing",
            says="The carrier's webhooks get errors: callers hear the fallback.",
            metric=self._api("5XXError", "Sum"),
            threshold=1,
            points=2,
            periods=5,
            missing="fine",  # no requests
        )
        Alarm(
            self,
            "WebhookSlow",
            runbook="webhook-slow",
            says="Callers wait in silence for the webhook.",
            metric=self._api("Latency", "p99"),
            threshold=3_000,
            points=3,
            periods=5,
            missing="fine",
        )
        Alarm(
            self,
            "WebhookThrottled",
            runbook="webhook-throttled",
            says="The webhook's function has no free instance for callers.",
            metric=cloudwatch.Metric(
                namespace="AWS/Lambda",
                metric_name="Throttles",
                dimensions_map={"FunctionName": lookup(self, "webhook-function-name")},
                statistic="Sum",
                period=Duration.minutes(1),
            ),
            threshold=1,
            points=2,
            periods=5,
            missing="fine",
        )
        Alarm(
            self,
            "WebhooksRefused",
            runbook="webhooks-refused",
            says="Webhooks are not believed: the carrier signs with another token or for another address, or somebody tries.",
            metric=metric(self, "WebhooksRefused", "Sum", period_s=MINUTES_5, service=WEBHOOKS),
            threshold=5,
            points=2,
            periods=3,
            missing="fine",
        )
        Alarm(
            self,
            "CallsGivenUp",
            runbook="calls-given-up",
            says="Calls were connected again and again in vain and went to a person or to a goodbye.",
            metric=metric(
                self, "CallsContinued", "Sum", period_s=60, service=WEBHOOKS, why="too_many_resumes"
            ),
            threshold=1,
            missing="fine",
        )

    def _watch_edge(self) -> None:
        Alarm(
            self,
            "FirewallBlocking",
            runbook="firewall-blocking",
            says="The firewall blocks many requests: a flood, or the carrier itself.",
            metric=self._sum(
                cloudwatch.Metric(
                    namespace="AWS/WAFV2",
                    metric_name="BlockedRequests",
                    dimensions_map={
                        "WebACL": firewall_metric(self, name),
                        "Region": region_of(self),
                        "Rule": "ALL",
                    },
                    statistic="Sum",
                    period=Duration.minutes(5),
                )
                for name in FIREWALLS
            ),
            threshold=500,
            points=3,
            periods=3,
            missing="fine",
        )
        if region_of(self) == CLOUDFRONT_REGION:  # an alarm cannot look into another region
            Alarm(
                self,
                "FallbackServed",
                runbook="fallback-served",
                says="Calls were answered by the static fallback.",
                metric=cloudwatch.Metric(
                    namespace="AWS/CloudFront",
                    metric_name="Requests",
                    dimensions_map={
                        "DistributionId": lookup(self, "fallback-distribution-id"),
                        "Region": "Global",
                    },
                    statistic="Sum",
                    period=Duration.minutes(1),
                ),
                threshold=1,
                missing="fine",
            )

    def _service_dimensions(self) -> dict[str, str]:
        return {
            "ClusterName": lookup(self, "gateway-cluster"),
            "ServiceName": lookup(self, "gateway-service"),
        }

    def _api(self, name: str, statistic: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/ApiGateway",
            metric_name=name,
            dimensions_map={"ApiName": lookup(self, "webhook-api-name")},
            statistic=statistic,
            period=Duration.minutes(1),
        )

    def _sum(self, metrics: Iterable[cloudwatch.Metric]) -> cloudwatch.MathExpression:
        """The sum, with no data as zero: each of them is only told when it happens."""
        named = {f"m{index}": each for index, each in enumerate(metrics)}
        return cloudwatch.MathExpression(
            expression=" + ".join(f"FILL({name}, 0)" for name in named),
            using_metrics=named,
            period=next(iter(named.values())).period,
        )

    def _print(self) -> None:
        idle = cost.total(cost.idle(self.record))
        CfnOutput(
            self,
            "IdleCost",
            value=f"about {idle:.0f} USD a month while nobody calls (us-east-1, cdk/prices.toml; python -m cdk.cost)",
        )
        CfnOutput(
            self,
            "Teardown",
            value=f"cdk destroy --all -c environment={self.record.name} (docs/operate/deploy.md says what survives)",
        )
