"""Every metric of the platform: name, unit, dimensions, meaning. This is the only place that defines one.

Metrics go to CloudWatch as embedded metric format, in the namespace `NAMESPACE` and under the dimensions `service` and
`environment`; `by` names further ones. CloudWatch bills each combination of dimension values as a metric of its own, so a
dimension is something with few values that an alarm looks at. The tenant is none: it stands in the line as a property,
which costs nothing and which Logs Insights filters and groups by. Ids of calls are neither; logs and traces hold them.

Values are raw, never averaged first: percentiles of averages mislead. `python -m switchboard.telemetry.metrics` prints
`docs/metrics.md`.
"""

import sys
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

NAMESPACE = "Switchboard"
BASE_DIMENSIONS = ("service", "environment")


class Unit(StrEnum):
    """CloudWatch's names of units."""

    MILLISECONDS = "Milliseconds"
    SECONDS = "Seconds"
    COUNT = "Count"


class Metric(Struct, frozen=True):
    """One metric. `by`: further dimensions; `has_total`: also recorded without them; `properties`: told beside it."""

    name: str
    unit: Unit
    meaning: str
    by: tuple[str, ...] = ()
    has_total: bool = False
    properties: tuple[str, ...] = ()

    @property
    def dimension_sets(self) -> tuple[tuple[str, ...], ...]:
        """All sets of dimensions under which a value is recorded."""
        further = (BASE_DIMENSIONS + self.by,)
        return (BASE_DIMENSIONS, *further) if self.by and self.has_total else further

    @property
    def labels(self) -> frozenset[str]:
        """What `Meter.record` must be told beside the value."""
        return frozenset(self.by + self.properties)


class Meter(Protocol):
    """Takes values. Never blocks, never raises for anything but a wrong call, bounded: what is too much is counted."""

    def record(self, metric: Metric, value: float = 1, /, **labels: str) -> None:
        """Note one value; `labels` are exactly the metric's `by` and `properties`."""


class NoMeter:
    """Measures nothing: for tests and tools."""

    def record(self, metric: Metric, _value: float = 1, /, **labels: str) -> None:
        """Check the call, and forget it."""
        assert labels.keys() == metric.labels, f"{metric.name} is recorded with {sorted(metric.labels)}"


# One line per metric: this is a table. (The formatter would make five lines of each.)
# fmt: off
FIRST_AUDIO = Metric("FirstAudio", Unit.MILLISECONDS, "Per answered turn: from the end of the caller's voice to our first audio sent. Goal: p95 below 1,000.", properties=("tenant",))
END_OF_TURN = Metric("EndOfTurn", Unit.MILLISECONDS, "The part of FirstAudio until the turn was taken to be over.", properties=("tenant",))
MODEL_FIRST_CLAUSE = Metric("ModelFirstClause", Unit.MILLISECONDS, "The part of FirstAudio from there until the model's first clause; 0 where it was asked ahead.", properties=("tenant",))
VOICE_FIRST_AUDIO = Metric("VoiceFirstAudio", Unit.MILLISECONDS, "The part of FirstAudio from there until the clause's first audio was sent.", properties=("tenant",))
MODEL_FIRST_TOKEN = Metric("ModelFirstToken", Unit.MILLISECONDS, "Per answered turn: from asking the model to its first token.", properties=("tenant",))
BARGE_IN_TO_CLEAR = Metric("BargeInToClear", Unit.MILLISECONDS, "Per interruption: from the caller's first sound over the agent to `clear` sent. Its sample count is the number of interruptions.", properties=("tenant",))
FALSE_BARGE_INS = Metric("FalseBargeIns", Unit.COUNT, "Interruptions that were none: the agent went on where it had stopped.", properties=("tenant",))
TURNS = Metric("Turns", Unit.COUNT, "Caller turns by outcome: `answered` or `unanswered` (the caller spoke again or left before any audio).", by=("outcome",), properties=("tenant",))
CONVERSATION_FAILURES = Metric("ConversationFailures", Unit.COUNT, "Failures that reached a conversation after every fail-over: `transcriber`, `language-model`, `synthesizer`, `tool`.", by=("provider_kind",), properties=("tenant",))
TOOL_DURATION = Metric("ToolDuration", Unit.MILLISECONDS, "Per tool call: from the order to its result.", properties=("tenant", "tool"))

CALLS_STARTED = Metric("CallsStarted", Unit.COUNT, "Calls that began on this gateway, by channel: `phone` or `web`.", by=("channel",), has_total=True, properties=("tenant",))
CALLS_RESUMED = Metric("CallsResumed", Unit.COUNT, "Calls that went on here after a hand-over, a lost socket or a transfer that nobody took.", properties=("tenant", "channel"))
CALLS_ENDED = Metric("CallsEnded", Unit.COUNT, "Calls that left this gateway, by disposition: one of the closed set, `handed_over` (goes on elsewhere), `crashed` (our fault; goes to a person).", by=("disposition",), has_total=True, properties=("tenant", "channel"))
CALL_DURATION = Metric("CallDuration", Unit.SECONDS, "Per call that left: its time on this gateway.", properties=("tenant", "channel"))
SOCKETS_REFUSED = Metric("SocketsRefused", Unit.COUNT, "Media sockets that were refused or closed for what the peer did, by reason.", by=("reason",), has_total=True, properties=("channel",))
CALLS_REFUSED = Metric("CallsRefused", Unit.COUNT, "Upgrades answered with 503, by reason: `draining`, `full`, `overloaded`, `unprotected`.", by=("reason",), has_total=True, properties=("channel",))

LIVE_CALLS = Metric("LiveCalls", Unit.COUNT, "Calls on this gateway, every 10 s. Six samples a minute and task: sum / 6 is the fleet's.")
CALL_CAPACITY = Metric("CallCapacity", Unit.COUNT, "Calls that this gateway would take in all, every 10 s; not told while it drains.")
FREE_CALL_SLOTS = Metric("FreeCallSlots", Unit.COUNT, "Calls that this gateway would take now, every 10 s: 0 while overloaded or unprotected, not told while it drains. The scaling metric: average per task.")
EVENT_LOOP_LAG = Metric("EventLoopLag", Unit.MILLISECONDS, "How late the event loop ran, the worst of each second.")
EVENT_LOOP_STALLS = Metric("EventLoopStalls", Unit.COUNT, "Times the event loop was held for more than 50 ms.")
TASK_PROTECTION_FAILURES = Metric("TaskProtectionFailures", Unit.COUNT, "Calls to the ECS agent that did not set scale-in protection as asked.", properties=("error",))
TASK_UNPROTECTED = Metric("TaskUnprotected", Unit.COUNT, "1 while this gateway takes no calls because it cannot be protected, else 0; every 10 s.")

PROVIDER_LATENCY = Metric("ProviderLatency", Unit.MILLISECONDS, "Per use: until the provider's first result.", by=("provider_kind", "provider"))
PROVIDER_ERRORS = Metric("ProviderErrors", Unit.COUNT, "Uses that failed at a provider, by it; the error's kind is a property.", by=("provider_kind", "provider"), has_total=True, properties=("error",))
PROVIDER_SWITCHES = Metric("ProviderSwitches", Unit.COUNT, "Uses that went on with another provider, by the one that was left.", by=("provider_kind", "provider"), has_total=True, properties=("reason",))
CHECKPOINT_DURATION = Metric("CheckpointDuration", Unit.MILLISECONDS, "Per stored checkpoint.")
CHECKPOINT_FAILURES = Metric("CheckpointFailures", Unit.COUNT, "Checkpoints that could not be stored or claimed; the call went on.", properties=("error",))
TOKENS_WITHOUT_LEDGER = Metric("TokensWithoutLedger", Unit.COUNT, "Calls taken on a token that the ledger could not be asked about: single use held within this gateway only. 0 unless DynamoDB fails.", properties=("error",))
OWNERSHIP_LOST = Metric("OwnershipLost", Unit.COUNT, "Calls let go because another gateway had claimed them.")

EVENTS_DROPPED = Metric("EventsDropped", Unit.COUNT, "Domain events given up, by where they should have gone.", by=("sink",), has_total=True)
LINES_DROPPED = Metric("LinesDropped", Unit.COUNT, "Log and metric lines given up because nobody took them.")
METRIC_VALUES_DROPPED = Metric("MetricValuesDropped", Unit.COUNT, "Metric values given up because there were too many.")
SPANS_DROPPED = Metric("SpansDropped", Unit.COUNT, "Spans of sampled calls given up because there were too many.")

CALLS_ANSWERED = Metric("CallsAnswered", Unit.COUNT, "Webhook: calls connected to a gateway. More of these than CallsStarted by `phone` are calls that never arrived.")
CALLS_CONTINUED = Metric("CallsContinued", Unit.COUNT, "Webhook: streams that ended while the caller was there, by why the call went on as it did.", by=("why",), has_total=True)
WEBHOOKS_REFUSED = Metric("WebhooksRefused", Unit.COUNT, "Webhook: requests that the carrier did not sign, by what was wrong.", by=("refusal",), has_total=True)
# fmt: on

METRICS = {metric.name: metric for metric in globals().copy().values() if isinstance(metric, Metric)}


def table() -> str:
    """All metrics as a Markdown page."""
    lines = [
        "# Metrics",
        "",
        "Generated: `python -m switchboard.telemetry.metrics > docs/metrics.md`. Namespace `Switchboard`; every metric has the",
        "dimensions `service` (`voice_gateway`, or the function's folder) and `environment`. \u201cBy\u201d names further dimensions; with (+) the",
        "value is also recorded without them. Properties stand in the log line beside the value and are no dimensions.",
        "",
        "| metric | unit | by | properties | meaning |",
        "| --- | --- | --- | --- | --- |",
    ]
    for metric in METRICS.values():
        by = ", ".join(metric.by) + (" (+)" if metric.has_total else "")
        properties = ", ".join(metric.properties)
        lines.append(f"| `{metric.name}` | {metric.unit} | {by} | {properties} | {metric.meaning} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.stdout.write(table())
