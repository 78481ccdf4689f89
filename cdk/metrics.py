"""The metrics that dashboards and alarms read: the subset of docs/metrics.md, which is where they are defined.

`tests/stacks/test_metrics.py` holds both against each other.
"""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import IConstruct

from cdk.components.shared import environment_of

NAMESPACE = "Switchboard"
GATEWAY = "voice_gateway"
WEBHOOKS = "answer_call"

METRICS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "FirstAudio": ((),),
    "EndOfTurn": ((),),
    "ModelFirstClause": ((),),
    "VoiceFirstAudio": ((),),
    "ModelFirstToken": ((),),
    "BargeInToClear": ((),),
    "FalseBargeIns": ((),),
    "Turns": (("outcome",),),
    "ConversationFailures": (("provider_kind",),),
    "CallsStarted": ((),),
    "CallsEnded": ((), ("disposition",)),
    "CallDuration": ((),),
    "SocketsRefused": ((), ("reason",)),
    "CallsRefused": ((), ("reason",)),
    "LiveCalls": ((),),
    "CallCapacity": ((),),
    "FreeCallSlots": ((),),
    "EventLoopLag": ((),),
    "EventLoopStalls": ((),),
    "TaskProtectionFailures": ((),),
    "TaskUnprotected": ((),),
    "ProviderErrors": ((), ("provider_kind", "provider")),
    "ProviderSwitches": ((), ("provider_kind", "provider")),
    "CheckpointDuration": ((),),
    "CheckpointFailures": ((),),
    "TokensWithoutLedger": ((),),
    "OwnershipLost": ((),),
    "EventsDropped": ((), ("sink",)),
    "LinesDropped": ((),),
    "MetricValuesDropped": ((),),
    "SpansDropped": ((),),
    "CallsAnswered": ((),),
    "CallsContinued": ((), ("why",)),
    "WebhooksRefused": ((), ("refusal",)),
}
"""Name -> the sets of dimensions beside `service` and `environment` under which it is recorded."""


def metric(
    scope: IConstruct,
    name: str,
    statistic: str,
    *,
    period_s: int = 60,
    service: str = GATEWAY,
    label: str | None = None,
    **by: str,
) -> cloudwatch.Metric:
    """One of our metrics, in this environment. Asserts that it is recorded `by` these dimensions."""
    assert tuple(by) in METRICS[name], f"{name} is recorded by {METRICS[name]}, not by {tuple(by)}"
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={"service": service, "environment": environment_of(scope).name, **by},
        statistic=statistic,
        period=Duration.seconds(period_s),
        label=label,
    )
