"""DynamoDB tables with TTL, point-in-time recovery, encryption and streams."""

from typing import Any

from cdk.local.resource import Made, Maker, Resource, tags


def make_table(resource: Resource) -> Made:
    """Make a table; what create_table does not take follows in calls of its own."""
    dynamodb = resource.client("dynamodb")
    name = resource.name("TableName")
    arguments: dict[str, Any] = resource.only(
        "KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "LocalSecondaryIndexes"
    )
    arguments |= {"BillingMode": "PAY_PER_REQUEST"}
    if encryption := resource.get("SSESpecification"):
        arguments["SSESpecification"] = {
            "Enabled": encryption["SSEEnabled"],
            **{key: encryption[key] for key in ("SSEType", "KMSMasterKeyId") if key in encryption},
        }
    if stream := resource.get("StreamSpecification"):
        arguments["StreamSpecification"] = {
            "StreamEnabled": True,
            "StreamViewType": stream["StreamViewType"],
        }
    made = dynamodb.create_table(
        TableName=name,
        DeletionProtectionEnabled=resource.get("DeletionProtectionEnabled", False),
        Tags=tags(resource),
        **arguments,
    )["TableDescription"]
    if expiry := resource.get("TimeToLiveSpecification"):
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)
    if recovery := resource.get("PointInTimeRecoverySpecification"):
        dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)
    return Made(name, {"Arn": made["TableArn"], "StreamArn": made.get("LatestStreamArn", "")})


MAKERS: dict[str, Maker] = {"AWS::DynamoDB::Table": make_table}
