"""A customer managed key: rotated yearly, kept on deletion of its stack."""

from typing import Literal

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from cdk.components.shared import PRODUCT, environment_of, lookup, once_per_stack, publish

KeyName = Literal["tables", "data", "secrets", "operations"]
"""`tables`: DynamoDB. `data`: tenants' objects. `secrets`: credentials. `operations`: all without personal data."""


class Key(kms.Key):
    """`alias/switchboard/<environment>/<name>`, published as `<name>-key-arn`.

    `purpose` is its description. The key policy lets the account's IAM policies decide (and the account only);
    AWS services are let in one by one with `allow_service`.
    """

    def __init__(self, scope: Construct, construct_id: str, *, name: KeyName, purpose: str) -> None:
        super().__init__(
            scope,
            construct_id,
            alias=f"alias/{PRODUCT}/{environment_of(scope).name}/{name}",
            description=purpose,
            enable_key_rotation=True,
            rotation_period=Duration.days(365),
            pending_window=Duration.days(30),  # the longest there is: a deleted key is deleted data
            removal_policy=RemovalPolicy.RETAIN,
        )
        publish(self, f"{name}-key-arn", self.key_arn)

    def allow_service(self, service: str, *, conditions: dict[str, dict[str, str]]) -> None:
        """Let an AWS service use the key for us; `conditions` say for which of our resources (confused deputy)."""
        self.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(service)],
                actions=[
                    "kms:Decrypt",
                    "kms:Encrypt",
                    "kms:GenerateDataKey*",
                    "kms:ReEncrypt*",
                    "kms:DescribeKey",
                ],
                resources=["*"],  # in a key policy: this key
                conditions=conditions,
            )
        )


def key_named(scope: Construct, name: KeyName) -> kms.IKey:
    """The data stack's key `name`, by what it published."""
    return once_per_stack(
        scope,
        f"Key-{name}",
        lambda stack: kms.Key.from_key_arn(stack, f"Key-{name}", lookup(stack, f"{name}-key-arn")),
    )
