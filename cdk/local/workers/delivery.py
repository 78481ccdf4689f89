"""Firehose's buffer: records become S3 objects by size and time, under a prefix that is evaluated per object."""

import asyncio
import gzip
import json
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cdk.local.deployment import DeliveryStream

BUFFER_S_MAX = 5.0
"""However long the stream's own hint is: at a terminal, facts should be there when the call is over."""
TICK_S = 0.5
PARTITIONS_MAX = 500
"""AWS's default of active partitions; what exceeds it goes to the error prefix."""
_EXPRESSION = re.compile(r"!\{([\w-]+):([^}]*)\}")
_JAVA_TIME = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
_DEFAULT_PREFIX = "!{timestamp:yyyy/MM/dd/HH/}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """An object to write."""

    bucket: str
    key: str
    body: bytes


@dataclass(slots=True)
class _Partition:
    since: datetime
    records: list[bytes] = field(default_factory=list)
    size_bytes: int = 0


class DeliveryBuffer:
    """The buffers of one stream, one per partition. Pure: `add` and `take_due` get the time, and return objects."""

    def __init__(self, stream: DeliveryStream) -> None:
        self.stream = stream
        self._partitions: dict[tuple[str, ...] | None, _Partition] = {}

    def add(self, records: Sequence[bytes], *, now: datetime) -> list[Delivery]:
        """Buffer `records`; returns the objects of partitions that are full now."""
        full: list[Delivery] = []
        for record in records:
            key = self._partition_of(record)
            partition = self._partitions.setdefault(key, _Partition(now))
            partition.records.append(record)
            partition.size_bytes += len(record)
            if partition.size_bytes >= self.stream.buffer_bytes:
                full.append(self._take(key))
        return full

    def take_due(self, now: datetime, *, everything: bool = False) -> list[Delivery]:
        """Return the objects of partitions that have waited their time, or of all."""
        wait_s = min(self.stream.buffer_s, BUFFER_S_MAX)
        due = [
            key
            for key, partition in self._partitions.items()
            if everything or (now - partition.since).total_seconds() >= wait_s
        ]
        return [self._take(key) for key in due]

    def _partition_of(self, record: bytes) -> tuple[str, ...] | None:
        """The values of the partition keys; None for a record that has none of a key, or is one partition too many."""
        if not self.stream.partition_keys:
            return ()
        try:
            content = json.loads(record)
            values = tuple(str(_at(content, path)) for path in self.stream.partition_keys.values())
        except (ValueError, LookupError, TypeError):
            return None
        if values not in self._partitions and len(self._partitions) >= PARTITIONS_MAX:
            return None
        return values

    def _take(self, key: tuple[str, ...] | None) -> Delivery:
        partition = self._partitions.pop(key)
        stream = self.stream
        end = b"\n" if stream.adds_newline else b""
        body = b"".join(record + end for record in partition.records)
        names = dict(zip(stream.partition_keys, key or (), strict=False))
        prefix = stream.prefix if key is not None else stream.error_prefix or "errors/"
        evaluated = evaluate_prefix(prefix, partition.since, names)
        name = f"{stream.name}-1-{partition.since:%Y-%m-%d-%H-%M-%S}-{uuid.uuid4()}"
        suffix = ".gz" if stream.gzip else ""
        return Delivery(
            stream.bucket, f"{evaluated}{name}{suffix}", gzip.compress(body) if stream.gzip else body
        )


def evaluate_prefix(prefix: str, time: datetime, keys: Mapping[str, str]) -> str:
    """Evaluate `!{timestamp:...}`, `!{partitionKeyFromQuery:...}` and the like; raises `ValueError` on another one.

    A prefix without a timestamp gets the default one behind it, as on AWS.
    """
    if "!{" not in prefix:
        prefix += _DEFAULT_PREFIX

    def value(found: re.Match[str]) -> str:
        kind, argument = found[1], found[2]
        match kind:
            case "timestamp":
                return time.strftime(_java_format(argument))
            case "partitionKeyFromQuery" | "partitionKeyFromLambda":
                return keys.get(argument, "unknown")
            case "firehose" if argument == "random-string":
                return uuid.uuid4().hex[:11]
            case "firehose" if argument == "error-output-type":
                return "processing-failed"
            case _:
                raise ValueError(f"{found[0]} in a Firehose prefix is not understood here.")

    return _EXPRESSION.sub(value, prefix)


def _java_format(pattern: str) -> str:
    """From Java's letters to strftime's; quoted text (`'year='yyyy`) stays."""
    parts = pattern.split("'")
    for index in range(0, len(parts), 2):
        for java, python in _JAVA_TIME.items():
            parts[index] = parts[index].replace(java, python)
    return "".join(parts)


def _at(content: Any, path: Sequence[str]) -> Any:
    for part in path:
        content = content[part]
    if isinstance(content, dict | list) or content is None:
        raise LookupError("a partition key is a scalar")
    return content


class DeliveryWorker:
    """Drives the buffers of all streams. `s3` is a boto3 client, `clock` the wall clock."""

    def __init__(self, streams: Sequence[DeliveryStream], *, s3: Any, clock: Callable[[], datetime]) -> None:
        self._buffers = {stream.name: DeliveryBuffer(stream) for stream in streams}
        self._s3 = s3
        self._clock = clock

    async def accept(self, name: str, records: Sequence[bytes]) -> None:
        """Take records for the stream `name`. Raises `LookupError` if no template describes it."""
        if name not in self._buffers:
            raise LookupError(
                f"No template describes the delivery stream {name}, so nothing here delivers it."
            )
        await self._write(self._buffers[name].add(records, now=self._clock()))

    async def run(self) -> None:
        """Write what is due until cancelled. What is buffered then is lost with moto's buckets."""
        while True:
            await asyncio.sleep(TICK_S)
            for buffer in self._buffers.values():
                await self._write(buffer.take_due(self._clock()))

    async def _write(self, deliveries: Sequence[Delivery]) -> None:
        for each in deliveries:
            await asyncio.to_thread(self._s3.put_object, Bucket=each.bucket, Key=each.key, Body=each.body)
