"""What an environment costs a month: idle, and at a stated volume of calls. `python -m cdk.cost > docs/operate/cost.md`.

A model of the large items, from `environments.py` and `prices.toml`; no substitute for the bill. Vendors of speech and language and the carrier
are apart: at volume they are most of it.
"""

import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from math import ceil
from pathlib import Path
from typing import Any

from cdk.environments import ENVIRONMENTS, Environment

HOURS = 730.0
"""A month."""
AVERAGE_SHARE = 0.2
"""The stated volume: on average over day and night, a fifth of the calls that the environment is made for."""
CALL_MINUTES = 3.0

# What one call minute makes, each way. Twilio sends 50 messages a second of about 230 bytes.
MEDIA_MB_IN = 0.72
MEDIA_MB_OUT = 0.72
VENDORS_MB = 0.72  # 8 kB/s of audio to the recogniser, half as much speech back
LOGS_MB = 0.02
RECORDING_MB = 0.96  # two channels of 8 kB/s
TABLE_WRITES = 40.0  # ten checkpoints of four kilobytes
TABLE_READS = 4.0

# What one call makes.
WEBHOOKS = 6.0
WEBHOOK_S = 0.2
WEBHOOK_GB = 1.0
TRANSITIONS = 12.0
KEY_REQUESTS = 10.0
QUEUE_REQUESTS = 6.0
FACTS_MB = 0.05

# What there is of things that are paid for by number (tests/stacks/test_cost.py counts the first four in the templates).
KEYS = 4
ALARMS = 40
FIREWALLS = 2
FIREWALL_RULES = 5
METRICS = 120
"""Ours with their dimensions, and Container Insights'."""
IMAGE_GB = 1.0


@dataclass(frozen=True, slots=True)
class Line:
    """One component's US dollars a month."""

    component: str
    usd: float


def idle(record: Environment) -> list[Line]:
    """With the least number of gateways, and nobody calling."""
    return _lines(record, minutes=0.0)


def at_volume(record: Environment) -> list[Line]:
    """At the stated volume."""
    return _lines(record, minutes=minutes_at_volume(record))


def minutes_at_volume(record: Environment) -> float:
    """Call minutes a month."""
    return record.calls_max * AVERAGE_SHARE * HOURS * 60


def vendors(record: Environment) -> float:
    """What carrier and vendors take at the stated volume, in US dollars a month."""
    return minutes_at_volume(record) * sum(float(each["usd"]) for each in _prices()["vendors"].values())


def total(lines: Iterable[Line]) -> float:
    """The sum in US dollars."""
    return sum(line.usd for line in lines)


def price(name: str) -> float:
    """A price of `prices.toml`, table `aws`."""
    return float(_prices()["aws"][name]["usd"])


@cache
def _prices() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "prices.toml").read_text())


def _lines(record: Environment, *, minutes: float) -> list[Line]:
    calls = minutes / CALL_MINUTES
    live = minutes / HOURS / 60
    return [
        Line("gateways (Fargate, arm64)", _gateways(record, live)),
        Line("load balancer", _load_balancer(record, minutes)),
        Line("NAT and addresses", _nat(record, minutes)),
        Line("interface endpoints", _endpoints(record)),
        Line("audio to the internet", minutes * MEDIA_MB_OUT / 1000 * price("data_out_gb")),
        Line("firewalls", _firewalls(calls)),
        Line("webhooks (API Gateway, Lambda)", _webhooks(record, calls)),
        Line("tables", _tables(minutes)),
        Line("recordings", _recordings(record, minutes)),
        Line("workflows, queues, facts", _after_calls(calls)),
        Line("metrics, alarms, logs, traces", _observability(record, minutes)),
        Line("keys, secrets, registry", _others(calls)),
    ]


def _gateways(record: Environment, live: float) -> float:
    """Scaling keeps half of the slots free."""
    tasks = max(record.tasks_min, ceil(live / (record.calls_per_task / 2)))
    cpu = record.task_cpu_units / 1024 * price("fargate_arm_vcpu_hour")
    return tasks * HOURS * (cpu + record.task_memory_mb / 1024 * price("fargate_arm_gb_hour"))


def _load_balancer(record: Environment, minutes: float) -> float:
    """A capacity unit is a gigabyte an hour: media is paid for by its bytes."""
    gb_per_hour = minutes * (MEDIA_MB_IN + MEDIA_MB_OUT) / 1000 / HOURS
    units = HOURS * gb_per_hour * price("load_balancer_capacity_unit_hour")
    addresses = record.zones * HOURS * price("public_ipv4_hour")
    return HOURS * price("load_balancer_hour") + units + addresses


def _nat(record: Environment, minutes: float) -> float:
    """Without endpoints for models, audio to AWS's own vendors goes this way as well."""
    gateways = record.nat_gateways * HOURS * (price("nat_gateway_hour") + price("public_ipv4_hour"))
    through = 0.0 if "transcribestreaming" in record.interface_endpoints else minutes * VENDORS_MB / 1000
    return gateways + through * price("nat_gateway_gb")


def _endpoints(record: Environment) -> float:
    return len(record.interface_endpoints) * record.zones * HOURS * price("interface_endpoint_hour")


def _firewalls(calls: float) -> float:
    each = price("firewall_month") + FIREWALL_RULES * price("firewall_rule_month")
    return FIREWALLS * each + calls * (WEBHOOKS + 1) / 1e6 * price("firewall_million_requests")


def _webhooks(record: Environment, calls: float) -> float:
    requests = calls * WEBHOOKS
    work = requests * WEBHOOK_S * WEBHOOK_GB * price("function_gb_second")
    warm = record.webhook_warm * WEBHOOK_GB * HOURS * 3600 * price("function_warm_gb_second")
    each = price("function_million_requests") + price("rest_api_million_requests")
    return work + warm + requests / 1e6 * each


def _tables(minutes: float) -> float:
    writes = minutes * TABLE_WRITES / 1e6 * price("table_million_writes")
    return writes + minutes * TABLE_READS / 1e6 * price("table_million_reads")


def _recordings(record: Environment, minutes: float) -> float:
    """Once as many months are stored as recordings are kept."""
    stored_gb = minutes * RECORDING_MB / 1000 * record.recording_retention_days / 30
    return stored_gb * price("bucket_gb_month") + minutes / CALL_MINUTES / 1000 * price("bucket_1k_puts")


def _after_calls(calls: float) -> float:
    transitions = calls * TRANSITIONS / 1000 * price("workflow_1k_transitions")
    queue = calls * QUEUE_REQUESTS / 1e6 * price("queue_million_requests")
    return transitions + queue + calls * FACTS_MB / 1000 * price("delivery_gb")


def _observability(record: Environment, minutes: float) -> float:
    fixed = METRICS * price("metric_month") + ALARMS * price("alarm_month") + price("dashboard_month")
    gb = minutes * LOGS_MB / 1000
    return (
        fixed
        + gb * price("logs_ingested_gb")
        + gb * record.log_retention_days / 30 * price("logs_stored_gb_month")
    )


def _others(calls: float) -> float:
    keys = KEYS * price("key_month") + calls * KEY_REQUESTS / 1e4 * price("key_10k_requests")
    return keys + price("secret_month") + IMAGE_GB * price("registry_gb_month")


def table() -> str:
    """All environments as a Markdown page."""
    records = list(ENVIRONMENTS.values())
    columns = [lines for record in records for lines in (idle(record), at_volume(record))]
    heads = [f"{record.name} {when}" for record in records for when in ("idle", "at volume")]
    rows = [
        f"| {column[0].component} | " + " | ".join(f"{line.usd:,.0f}" for line in column) + " |"
        for column in zip(*columns, strict=True)
    ]
    totals = " | ".join(f"**{total(column):,.0f}**" for column in columns)
    outside = " | ".join(f"{each:,.0f}" for record in records for each in (0.0, vendors(record)))
    volumes = " | ".join(f"{each:,.0f}" for record in records for each in (0.0, minutes_at_volume(record)))
    return "\n".join(
        [
            "# Cost",
            "",
            "US dollars a month at list prices in us-east-1. Generated: `python -m cdk.cost > docs/operate/cost.md`, from `cdk/environments.py` and",
            f"`cdk/prices.toml` (as of {_prices()['as_of']}; many prices there are marked [unverified]). At volume: {AVERAGE_SHARE:.0%} of the calls that the environment is made",
            f"for, on average over day and night, of {CALL_MINUTES:.0f} minutes each. Recordings are counted as if the whole retention time were stored.",
            "",
            "| | " + " | ".join(heads) + " |",
            "| --- |" + " ---: |" * len(heads),
            f"| call minutes | {volumes} |",
            *rows,
            f"| **AWS, without speech and language** | {totals} |",
            f"| carrier, speech and language (Twilio, Transcribe, Bedrock, Polly) | {outside} |",
            "",
        ]
    )


if __name__ == "__main__":
    sys.stdout.write(table())
