"""The role under which anybody touches tenants' data: what a session may do is decided by its tag `tenant`.

A session is taken with `sts:AssumeRole` and the session tag `tenant`. Every statement compares a key's beginning with that tag, so
that a fault in our code that mixes tenants up ends in AccessDenied, not in a leak. A session without the tag may do nothing: a policy
variable without a value matches nothing. `make check-cloud` proves both by evaluating every action for every foreign resource.
"""

from collections.abc import Sequence

from aws_cdk import Aws, Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk.components.role import OWN_POLICY, Purpose, role_path
from cdk.components.shared import (
    PRODUCT,
    acknowledge_control,
    acknowledge_wildcard,
    environment_of,
    publish,
    region_of,
)

TENANT = "${aws:PrincipalTag/tenant}"

READ_ROWS = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")
WRITE_ROWS = (
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
)
"""No Scan: it has no key to compare. No PartiQL: its statements may go without one."""

# ForAllValues is true where the request has no leading key at all; the null check closes that hole.
_OWN_ROWS = {
    "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{TENANT}#*"]},
    "Null": {"dynamodb:LeadingKeys": "false"},
}


class TenantAccessRole(iam.Role):
    """`/switchboard-tenant/<environment>/...`, published as `tenant-<purpose>-role-arn`.

    Only roles on the workloads' path may assume it, only with exactly one session tag, `tenant`, and for an hour: a session that
    another session takes (role chaining, which this is) never lasts longer.
    """

    def __init__(self, scope: Construct, construct_id: str, *, purpose: Purpose, description: str) -> None:
        environment = environment_of(scope)
        super().__init__(
            scope,
            construct_id,
            assumed_by=_workloads(scope),
            description=description,
            path=f"/{PRODUCT}-tenant/{environment.name}/",
            max_session_duration=Duration.hours(1),
        )
        publish(self, f"tenant-{purpose}-role-arn", self.role_arn)
        acknowledge_control(self, "IAMNoInlinePolicy", OWN_POLICY)

    def allow_rows(self, tables: Sequence[dynamodb.ITable], *, key: kms.IKey, writable: bool) -> None:
        """Let a session read, or also write, the rows of `tables` whose partition key begins with `<tenant>#`."""
        self.add_to_policy(
            iam.PolicyStatement(
                actions=[*READ_ROWS, *(WRITE_ROWS if writable else ())],
                resources=[table.table_arn for table in tables],
                conditions=_OWN_ROWS,
            )
        )
        # DynamoDB asks for the table's key on behalf of who reads it; the key serves tables and nothing else.
        self.add_to_policy(
            iam.PolicyStatement(
                actions=["kms:Decrypt"],
                resources=[key.key_arn],
                conditions={
                    "StringEquals": {
                        "kms:ViaService": f"dynamodb.{region_of(self)}.{Aws.URL_SUFFIX}",
                        "kms:EncryptionContext:aws:dynamodb:tableName": [
                            table.table_name for table in tables
                        ],
                        "kms:EncryptionContext:aws:dynamodb:subscriberId": Aws.ACCOUNT_ID,
                    }
                },
            )
        )

    def allow_objects(self, bucket: s3.IBucket, *, key: kms.IKey, actions: Sequence[str]) -> None:
        """Let a session do `actions` with the objects of `bucket` under `<tenant>/`.

        Objects are encrypted under `key` with the encryption context `tenant`, so that the key refuses what the prefix
        would not. Writers send `x-amz-server-side-encryption-context` with {"tenant": "<tenant>"}.
        """
        objects = bucket.arn_for_objects(f"{TENANT}/*")
        self.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=[objects]))
        acknowledge_wildcard(self, objects, "All objects of the one tenant that the session is for.")
        if "s3:GetObject" in actions:
            # Without it S3 answers 403 for what is not there, and segments could not be found.
            self.add_to_policy(
                iam.PolicyStatement(
                    actions=["s3:ListBucket"],
                    resources=[bucket.bucket_arn],
                    conditions={"StringLike": {"s3:prefix": [f"{TENANT}/*"]}},
                )
            )
        self.add_to_policy(
            iam.PolicyStatement(
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=[key.key_arn],
                conditions={"StringEquals": {"kms:EncryptionContext:tenant": TENANT}},
            )
        )

    def allow_transcription(self) -> None:
        """Let a session start and watch transcription jobs whose names begin with `<tenant>.`.

        The job reads and writes objects with the rights of the session that starts it.
        """
        jobs = (
            f"arn:{Aws.PARTITION}:transcribe:{region_of(self)}:{Aws.ACCOUNT_ID}:transcription-job/{TENANT}.*"
        )
        self.add_to_policy(
            iam.PolicyStatement(
                actions=["transcribe:StartTranscriptionJob", "transcribe:GetTranscriptionJob"],
                resources=[jobs],
            )
        )
        acknowledge_wildcard(self, jobs, "All transcription jobs of the one tenant that the session is for.")


def _workloads(scope: Construct) -> iam.IPrincipal:
    """Roles of this account on the workloads' path, asking for a session with the tag `tenant` and no other."""
    account = iam.ArnPrincipal(f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:root")
    return iam.SessionTagsPrincipal(
        account.with_conditions(
            {
                "ArnLike": {
                    "aws:PrincipalArn": f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:role{role_path(scope)}*"
                },
                # A slash would reach into the prefixes of a tenant whose name is the part before it.
                "StringLike": {"aws:RequestTag/tenant": "?*"},
                "StringNotLike": {"aws:RequestTag/tenant": "*/*"},
                "ForAllValues:StringEquals": {"aws:TagKeys": ["tenant"]},
            }
        )
    )


def guard_objects(bucket: s3.Bucket, key: kms.Key) -> None:
    """Refuse, whatever a role's own policy says, objects of other tenants and objects that `key` does not protect.

    Every PutObject must name the key: SSE `aws:kms`, the key's ARN, and the encryption context of its tenant.
    """
    everybody, objects = iam.AnyPrincipal(), bucket.arn_for_objects("*")
    guarded = ["s3:GetObject*", "s3:PutObject", "s3:DeleteObject*"]
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            sid="OwnTenantOnly",
            effect=iam.Effect.DENY,
            principals=[everybody],
            actions=guarded,
            not_resources=[bucket.arn_for_objects(f"{TENANT}/*")],
            conditions={"Bool": {"aws:PrincipalIsAWSService": "false"}},
        )
    )
    # Apart, since AWS does not say what NotResource matches when its variable has no value.
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            sid="TenantSessionsOnly",
            effect=iam.Effect.DENY,
            principals=[everybody],
            actions=guarded,
            resources=[objects],
            conditions={
                "Null": {"aws:PrincipalTag/tenant": "true"},
                "Bool": {"aws:PrincipalIsAWSService": "false"},
            },
        )
    )
    for sid, condition, value in (
        ("EncryptedOnly", "s3:x-amz-server-side-encryption", "aws:kms"),
        ("OwnKeyOnly", "s3:x-amz-server-side-encryption-aws-kms-key-id", key.key_arn),
    ):
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid=sid,
                effect=iam.Effect.DENY,
                principals=[everybody],
                actions=["s3:PutObject"],
                resources=[objects],
                conditions={"StringNotEquals": {condition: value}},
            )
        )


def guard_key(key: kms.Key) -> None:
    """Refuse, whatever a role's own policy says, to use `key` without a tenant's session and for another tenant."""
    own = {"kms:EncryptionContext:tenant": TENANT}
    for sid, conditions in (
        ("TenantSessionsOnly", {"Null": {"aws:PrincipalTag/tenant": "true"}}),
        ("OwnTenantOnly", {"StringNotEquals": own}),
    ):
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid=sid,
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=[
                    "kms:Decrypt",
                    "kms:Encrypt",
                    "kms:GenerateDataKey*",
                    "kms:ReEncrypt*",
                    "kms:CreateGrant",
                ],
                resources=["*"],  # in a key policy: this key
                conditions=conditions,
            )
        )
