"""Buckets: versions, Object Lock, encryption, lifecycle, logging, notifications and policies."""

from collections.abc import Callable, Mapping
from typing import Any

from cdk.local.resource import Made, Maker, Resource, document, tags


def make_bucket(resource: Resource) -> Made:
    """Make a bucket; each of its properties has an API call of its own."""
    s3 = resource.client("s3")
    name = resource.name("BucketName", length_max=63).lower()
    location = {}
    if resource.region != "us-east-1":
        location = {"CreateBucketConfiguration": {"LocationConstraint": resource.region}}
    s3.create_bucket(
        Bucket=name,
        ObjectLockEnabledForBucket=resource.get("ObjectLockEnabled", False),
        ObjectOwnership=_ownership(resource),
        **location,
    )
    for given, put in _PUT.items():
        if given in resource.properties:
            put(s3, name, resource[given])
    if labels := tags(resource):
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": labels})
    return Made(
        name,
        {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{resource.region}.amazonaws.com",
        },
    )


def make_bucket_policy(resource: Resource) -> Made:
    """Attach the statements without a condition.

    moto evaluates bucket policies but no conditions: "deny without TLS" would deny everything.
    """
    policy = dict(resource["PolicyDocument"])
    policy["Statement"] = [each for each in policy["Statement"] if "Condition" not in each]
    if policy["Statement"]:
        resource.client("s3").put_bucket_policy(Bucket=resource["Bucket"], Policy=document(policy))
    return Made(resource["Bucket"])


def _ownership(resource: Resource) -> str:
    rules = resource.get("OwnershipControls", {}).get("Rules", [])
    return str(rules[0]["ObjectOwnership"]) if rules else "BucketOwnerEnforced"


def _put_versioning(s3: Any, bucket: str, value: Mapping[str, Any]) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": value["Status"]})


def _put_lock(s3: Any, bucket: str, value: Mapping[str, Any]) -> None:
    s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=value)


def _put_encryption(s3: Any, bucket: str, value: Mapping[str, Any]) -> None:
    rules = [
        {
            "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
            "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
        }
        for rule in value["ServerSideEncryptionConfiguration"]
    ]
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})


def _put_access_block(s3: Any, bucket: str, value: Mapping[str, Any]) -> None:
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=value)


def _put_lifecycle(s3: Any, bucket: str, value: Mapping[str, Any]) -> None:
    rules = [_lifecycle_rule(rule) for rule in value["Rules"]]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})


def _put_notifications(s3: Any, bucket: str, value: Mapping[str, Any]) -> None:
    configuration: dict[str, Any] = {}
    if value.get("EventBridgeConfiguration", {}).get("EventBridgeEnabled"):
        configuration["EventBridgeConfiguration"] = {}
    for given, key, arn in (
        ("QueueConfigurations", "Queue", "QueueArn"),
        ("LambdaConfigurations", "Function", "LambdaFunctionArn"),
    ):
        if given in value:
            name = "LambdaFunctionConfigurations" if key == "Function" else given
            configuration[name] = [{arn: each[key], "Events": [each["Event"]]} for each in value[given]]
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)


def _lifecycle_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """From CloudFormation's flat names to the API's nested ones."""
    made: dict[str, Any] = {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "Id" in rule:
        made["ID"] = rule["Id"]
    if "TagFilters" in rule:
        made["Filter"] = {"And": {"Prefix": rule.get("Prefix", ""), "Tags": rule["TagFilters"]}}
    if "ExpirationInDays" in rule:
        made["Expiration"] = {"Days": rule["ExpirationInDays"]}
    if "ExpiredObjectDeleteMarker" in rule:
        made["Expiration"] = {"ExpiredObjectDeleteMarker": rule["ExpiredObjectDeleteMarker"]}
    if "NoncurrentVersionExpirationInDays" in rule:
        made["NoncurrentVersionExpiration"] = {"NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]}
    if "NoncurrentVersionTransitions" in rule:
        made["NoncurrentVersionTransitions"] = [
            {"NoncurrentDays": each["TransitionInDays"], "StorageClass": each["StorageClass"]}
            for each in rule["NoncurrentVersionTransitions"]
        ]
    if "Transitions" in rule:
        made["Transitions"] = [
            {"Days": each["TransitionInDays"], "StorageClass": each["StorageClass"]}
            for each in rule["Transitions"]
        ]
    for same in ("AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"):
        if same in rule:
            made[same] = rule[same]
    return made


_PUT: dict[str, Callable[[Any, str, Any], None]] = {
    "VersioningConfiguration": _put_versioning,
    "ObjectLockConfiguration": _put_lock,
    "BucketEncryption": _put_encryption,
    "PublicAccessBlockConfiguration": _put_access_block,
    "LifecycleConfiguration": _put_lifecycle,
    "NotificationConfiguration": _put_notifications,
}

MAKERS: dict[str, Maker] = {
    "AWS::S3::Bucket": make_bucket,
    "AWS::S3::BucketPolicy": make_bucket_policy,
}
