"""What applying left behind that moto does not run by itself: the register of everything that has to be driven."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cdk.local.runtime.spec import FunctionSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSource:
    """One `AWS::Lambda::EventSourceMapping`: a queue or stream whose records a function gets in batches."""

    source_arn: str
    function: str
    batch_size: int
    batch_window_s: int
    reports_item_failures: bool
    concurrency_max: int
    patterns: tuple[str, ...] = ()
    """Only records that match one of these event patterns are delivered; none: all."""
    retries_max: int = -1
    """Streams only; -1: until the record expires."""
    bisects: bool = False
    on_failure_arn: str = ""
    from_start: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where an event goes: an ARN, and what is made of the event on the way (as in `AWS::Events::Rule`)."""

    arn: str
    input: str | None = None
    input_path: str | None = None
    paths: Mapping[str, str] = field(default_factory=dict)
    template: str | None = None
    retries_max: int = 185
    dead_letter_arn: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledRule:
    """An `AWS::Events::Rule` with a schedule instead of a pattern."""

    name: str
    arn: str
    expression: str
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryStream:
    """A Firehose stream to S3, as far as it decides what objects are written."""

    name: str
    bucket: str
    prefix: str
    error_prefix: str
    buffer_bytes: int
    buffer_s: float
    gzip: bool
    adds_newline: bool
    partition_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name of the key -> path to its value in the JSON record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRoute:
    """A method and path of an API and what answers it: a function, or a fixed answer.

    `path` is in API Gateway's notation: `/twilio/voice`, `/calls/{id}`, `/{proxy+}`; method ANY takes every one.
    """

    method: str
    path: str
    format: str
    """`1.0` (REST API) or `2.0` (HTTP API)."""
    function: str = ""
    status: int = 200
    content_type: str = ""
    body: str = ""
    stage: str = "$default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container of an `AWS::ECS::TaskDefinition`: the environment with which the same program runs here."""

    name: str
    environment: Mapping[str, str]
    secrets: Mapping[str, str]


@dataclass(slots=True)
class Deployment:
    """Everything that was applied. `names` holds each resource's physical name by stack and logical id."""

    functions: list[FunctionSpec] = field(default_factory=list)
    event_sources: list[EventSource] = field(default_factory=list)
    scheduled_rules: list[ScheduledRule] = field(default_factory=list)
    delivery_streams: list[DeliveryStream] = field(default_factory=list)
    routes: list[HttpRoute] = field(default_factory=list)
    containers: list[Container] = field(default_factory=list)
    workflows: dict[str, str] = field(default_factory=dict)
    """ARN by the name that people call it: its logical id without CDK's hash."""
    applied: dict[str, int] = field(default_factory=dict)
    """How many resources of each type are real."""
    skipped: dict[str, int] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
