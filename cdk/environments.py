"""One frozen record per environment: every size, limit and retention, each with its reason.

Nothing else in `cdk/` holds a number that differs between environments. A figure measured on one machine
is quoted with the command that measured it.
"""

from dataclasses import dataclass

CONTEXT_KEY = "environment"
"""`-c environment=growth` names the record; without it the app is built for `DEFAULT`."""
DEFAULT = "starter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What differs between environments. Units are last in each name."""

    name: str
    calls_max: int
    """Concurrent calls the profile is made for. Capacity is twice that (`slots_max`)."""
    calls_per_task: int
    """Calls one gateway process takes before `/ready` refuses more: SWITCHBOARD_CALLS_MAX."""
    task_cpu_units: int
    task_memory_mb: int
    tasks_min: int
    tasks_max: int
    zones: int
    nat_gateways: int
    interface_endpoints: tuple[str, ...]
    """AWS services reached without leaving the VPC, by their endpoint name. Each costs per zone and hour."""
    log_retention_days: int
    recording_lock_days: int
    """For so long nobody without the bypass right can delete a recording's version (Object Lock, governance)."""
    recording_retention_days: int
    """When a recording expires by lifecycle, unless a hold or a longer lock is on it."""
    facts_retention_days: int
    point_in_time_days: int
    webhook_requests_per_5_min_max: int
    """Per source address at the web application firewall."""
    functions_concurrency_max: int
    """The share of the account's Lambda concurrency that one function of a workflow or queue may take."""
    webhook_concurrency_max: int
    deletion_protection: bool = True

    def __post_init__(self) -> None:
        """Refuse a record that does not keep its promises."""
        assert self.slots_max >= 2 * self.calls_max, f"{self.name}: capacity is less than two times calls_max"
        assert self.tasks_min >= self.zones, (
            f"{self.name}: fewer tasks than zones, so a lost zone cuts the line"
        )
        assert self.recording_retention_days >= self.recording_lock_days, (
            f"{self.name}: expiry before the lock ends"
        )

    @property
    def slots_max(self) -> int:
        """Calls that fit when scaled out."""
        return self.tasks_max * self.calls_per_task


# One vCPU carries 100 live calls (goals.md, `make bench`); a task takes half of that, so that a spike of
# barge-ins or the calls of a lost neighbour still fit, and so that one crash touches 50 calls at most.
_CALLS_PER_TASK = 50
_TASK_CPU_UNITS = 1024  # one asyncio process uses one core
_TASK_MEMORY_MB = 2048  # 50 calls x 3 MB over about 500 MB for models and clients, doubled; the least Fargate sells per vCPU

# The calls a gateway makes while callers wait, in the order in which their loss would be heard.
_LIVE = ("sts", "kms", "secretsmanager", "sqs", "kinesis-firehose", "logs")
# What starts a task; without these an image pull goes through NAT, at NAT's price and fate.
_START = ("ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry", "ssm", "monitoring", "xray")
# Speech and language on AWS, for tenants that keep audio off the internet.
_MODELS = ("bedrock-runtime", "transcribestreaming", "polly")

STARTER = Environment(
    name="starter",
    calls_max=100,
    calls_per_task=_CALLS_PER_TASK,
    task_cpu_units=_TASK_CPU_UNITS,
    task_memory_mb=_TASK_MEMORY_MB,
    tasks_min=2,  # one per zone: a lost zone or a deployment leaves a warm gateway
    tasks_max=4,  # 200 slots
    zones=2,  # the least a load balancer accepts
    nat_gateways=1,  # speech vendors are on the internet; a second one would double the idle bill
    interface_endpoints=(),  # each would cost about as much per month as the NAT gateway they replace
    log_retention_days=90,
    recording_lock_days=1,  # shows that the lock works, and lets a trial be torn down
    recording_retention_days=90,
    facts_retention_days=400,  # a year over a year ago
    point_in_time_days=7,
    webhook_requests_per_5_min_max=2_000,  # 100 calls make about 6 webhooks each within minutes, all from Twilio's few addresses
    functions_concurrency_max=5,  # a new account has 1,000 in all and keeps 100 unreserved
    webhook_concurrency_max=20,  # 100 calls starting within 10 s at 200 ms each need 2
)

GROWTH = Environment(
    name="growth",
    calls_max=1_000,
    calls_per_task=_CALLS_PER_TASK,
    task_cpu_units=_TASK_CPU_UNITS,
    task_memory_mb=_TASK_MEMORY_MB,
    tasks_min=6,  # two per zone: 300 warm slots, what arrives in the 90 s that a new task takes
    tasks_max=40,  # 2,000 slots
    zones=3,
    nat_gateways=2,  # a lost zone leaves one
    interface_endpoints=_LIVE,
    log_retention_days=365,
    recording_lock_days=30,
    recording_retention_days=365,
    facts_retention_days=800,
    point_in_time_days=35,  # the most DynamoDB keeps
    webhook_requests_per_5_min_max=20_000,
    functions_concurrency_max=20,
    webhook_concurrency_max=100,
)

ENTERPRISE = Environment(
    name="enterprise",
    calls_max=10_000,
    calls_per_task=_CALLS_PER_TASK,
    task_cpu_units=_TASK_CPU_UNITS,
    task_memory_mb=_TASK_MEMORY_MB,
    tasks_min=60,  # 3,000 warm slots over three zones
    tasks_max=400,  # 20,000 slots; below the 1,000 targets a load balancer takes
    zones=3,
    nat_gateways=3,  # one per zone: no zone's fate crosses another's
    interface_endpoints=_LIVE + _START + _MODELS,
    log_retention_days=731,
    recording_lock_days=365,
    recording_retention_days=2_557,  # seven years, the longest of the statutes in compliance.md
    facts_retention_days=2_557,
    point_in_time_days=35,
    webhook_requests_per_5_min_max=200_000,
    functions_concurrency_max=100,
    webhook_concurrency_max=500,
)

ENVIRONMENTS = {each.name: each for each in (STARTER, GROWTH, ENTERPRISE)}


def environment_named(name: str) -> Environment:
    """Return the record; raises `ValueError` that lists the known names."""
    if name not in ENVIRONMENTS:
        raise ValueError(
            f"There is no environment {name!r} in cdk/environments.py. Use -c {CONTEXT_KEY}="
            + "|".join(ENVIRONMENTS)
        )
    return ENVIRONMENTS[name]
