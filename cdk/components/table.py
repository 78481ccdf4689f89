"""A DynamoDB table as every one of ours: `pk`/`sk`, on demand, our key, point-in-time recovery, TTL, protected."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from cdk.components.shared import acknowledge_control, environment_of, publish


class Table(dynamodb.Table):
    """Partition key `pk` (begins with `<tenant>#`), sort key `sk`, both strings; rows expire at `expires_at_s`.

    `name` is the table's name for other stacks: `<name>-table-name`, `<name>-table-arn` and, with
    `stream=True`, `<name>-table-stream-arn` are published. A stream carries new and old images.
    No secondary index: a condition on leading keys would not cover its keys.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, name: str, key: kms.IKey, stream: bool = False
    ) -> None:
        environment = environment_of(scope)
        super().__init__(
            scope,
            construct_id,
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True, recovery_period_in_days=environment.point_in_time_days
            ),
            time_to_live_attribute="expires_at_s",
            stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES if stream else None,
            deletion_protection=environment.deletion_protection,
            removal_policy=RemovalPolicy.RETAIN,
        )
        publish(self, f"{name}-table-name", self.table_name)
        publish(self, f"{name}-table-arn", self.table_arn)
        if self.table_stream_arn:
            publish(self, f"{name}-table-stream-arn", self.table_stream_arn)
        acknowledge_control(
            self,
            "DynamoDBInBackupPlan",
            "Point-in-time recovery restores any second; no backup outlives a retention.",
        )
