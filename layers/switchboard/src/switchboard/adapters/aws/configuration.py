"""Tenants' documents in DynamoDB and the published snapshot in S3, for the publisher.

The configuration table holds `pk=<tenant>#configuration`, `sk=v#<number>` for each version and `sk=current` for the one that counts; the
document is JSON text in the attribute `document`. The publisher looks at all tenants, so it alone may scan this table.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import boto3
import msgspec
from botocore.config import Config
from botocore.exceptions import ClientError

from switchboard.adapters.aws.failures import aws_failures, code_of
from switchboard.adapters.aws.tenant_directory import SNAPSHOT_KEY
from switchboard.ports.configuration import Published, PublishedMeanwhile

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

_CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
"""A function of its own with a minute's time, behind a stream that repeats it."""
_SUFFIX = "#configuration"


class DynamoDbTenantDocuments:
    """`ports.configuration.TenantDocuments`."""

    def __init__(self, *, table: str, region: str, endpoint_url: str | None = None) -> None:
        self._table = table
        self._client: DynamoDBClient = boto3.Session().client(
            "dynamodb", region_name=region, endpoint_url=endpoint_url, config=_CONFIG
        )

    def current(self) -> Mapping[str, Any]:
        """Each tenant's current document; None where it is not JSON. Raises `ProviderError`."""
        documents: dict[str, Any] = {}
        with aws_failures("dynamodb"):
            pages = self._client.get_paginator("scan").paginate(
                TableName=self._table,
                ConsistentRead=True,
                FilterExpression="sk = :current",
                ExpressionAttributeValues={":current": {"S": "current"}},
            )
            for page in pages:
                for item in page["Items"]:
                    tenant = item["pk"]["S"].removesuffix(_SUFFIX)
                    documents[tenant] = _decoded(item.get("document", {}).get("S", ""))
        return documents


class S3SnapshotObject:
    """`ports.configuration.SnapshotObject`."""

    def __init__(self, *, bucket: str, region: str, endpoint_url: str | None = None) -> None:
        self._bucket = bucket
        self._client: S3Client = boto3.Session().client(
            "s3", region_name=region, endpoint_url=endpoint_url, config=_CONFIG
        )

    def read(self) -> Published | None:
        """The object as of now. Raises `ProviderError`."""
        with aws_failures("s3"):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=SNAPSHOT_KEY)
                return Published(tag=answer["ETag"], data=answer["Body"].read())
            except ClientError as refused:
                if code_of(refused) == "NoSuchKey":
                    return None
                raise

    def write(self, data: bytes, *, instead_of: Published | None) -> None:
        """Replace it on the condition that it is still the same. Raises `PublishedMeanwhile` or `ProviderError`."""
        condition: Any = {"IfNoneMatch": "*"} if instead_of is None else {"IfMatch": instead_of.tag}
        with aws_failures("s3"):
            try:
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=SNAPSHOT_KEY,
                    Body=data,
                    ContentType="application/json",
                    **condition,
                )
            except ClientError as refused:
                if code_of(refused) in {"PreconditionFailed", "ConditionalRequestConflict"}:
                    raise PublishedMeanwhile from None
                raise


def _decoded(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.MsgspecError:
        return None
