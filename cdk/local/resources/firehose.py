"""Firehose delivery streams to S3. moto keeps them; `cdk.local.workers.delivery` buffers and writes."""

import re
from collections.abc import Mapping
from typing import Any

from cdk.local.deployment import DeliveryStream
from cdk.local.resource import Made, Maker, Resource

_PATH = re.compile(r"^\.([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)$")


def make_delivery_stream(resource: Resource) -> Made:
    """Make a stream and register what decides the objects it writes."""
    name = resource.name("DeliveryStreamName")
    given = resource.get("ExtendedS3DestinationConfiguration") or resource.get("S3DestinationConfiguration")
    if given is None:
        raise ValueError("it delivers elsewhere than to S3, which nothing here stands in for.")
    bucket_arn = given["BucketARN"]
    processors = given.get("ProcessingConfiguration", {}).get("Processors", [])
    if any(each["Type"] == "Lambda" for each in processors):
        raise ValueError("a function transforms its records, which nothing here stands in for.")
    arn = resource.client("firehose").create_delivery_stream(
        DeliveryStreamName=name,
        DeliveryStreamType="DirectPut",
        S3DestinationConfiguration={"RoleARN": given["RoleARN"], "BucketARN": bucket_arn},
    )["DeliveryStreamARN"]
    hints = given.get("BufferingHints", {})
    resource.deployment.delivery_streams.append(
        DeliveryStream(
            name=name,
            bucket=bucket_arn.rpartition(":")[2],
            prefix=given.get("Prefix", ""),
            error_prefix=given.get("ErrorOutputPrefix", ""),
            buffer_bytes=int(hints.get("SizeInMBs", 5)) * 1024 * 1024,
            buffer_s=float(hints.get("IntervalInSeconds", 300)),
            gzip=given.get("CompressionFormat") == "GZIP",
            adds_newline=any(each["Type"] == "AppendDelimiterToRecord" for each in processors),
            partition_keys=_partition_keys(processors),
        )
    )
    return Made(name, {"Arn": arn})


def _partition_keys(processors: list[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Read `{tenant:.tenant,kind:.detail.kind}`: of jq, plain paths are understood."""
    query = _parameter(processors, "MetadataExtraction", "MetadataExtractionQuery")
    keys: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (each.strip() for each in query.strip().strip("{}").split(","))):
        name, _, path = part.partition(":")
        found = _PATH.match(path.strip())
        if found is None:
            raise ValueError(
                f"of its partitioning query, {part!r} is more than a plain path: extend {__name__}."
            )
        keys[name.strip().strip('"')] = tuple(found[1].split("."))
    return keys


def _parameter(processors: list[Mapping[str, Any]], kind: str, name: str) -> str:
    for processor in processors:
        for parameter in processor.get("Parameters", []):
            if processor["Type"] == kind and parameter["ParameterName"] == name:
                return str(parameter["ParameterValue"])
    return ""


MAKERS: dict[str, Maker] = {"AWS::KinesisFirehose::DeliveryStream": make_delivery_stream}
