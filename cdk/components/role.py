"""The role of one workload, and each right that a workload may be given on what the data stack holds."""

from typing import Literal

from aws_cdk import Aws, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk.components.key import KeyName
from cdk.components.shared import (
    PRODUCT,
    acknowledge_control,
    acknowledge_wildcard,
    environment_of,
    lookup,
    region_of,
)

Purpose = Literal["calls", "records", "configuration"]
"""Which tenant access role: `calls` for gateway and webhooks, `records` for workflows, `configuration` for who edits it."""

OWN_POLICY = "The policy belongs to this one role and must die with it."


class WorkloadRole(iam.Role):
    """One function, task or workflow has one role, on a path that the tenant access roles trust.

    `service` is the AWS service that runs the workload, for example `lambda.amazonaws.com`. No AWS managed policy: each
    grants more than any workload of ours needs.
    """

    def __init__(self, scope: Construct, construct_id: str, *, service: str, description: str) -> None:
        super().__init__(
            scope,
            construct_id,
            assumed_by=iam.ServicePrincipal(service),
            description=description,
            path=role_path(scope),
        )
        acknowledge_control(self, "IAMNoInlinePolicy", OWN_POLICY)


def role_path(scope: Construct) -> str:
    """The IAM path of every workload's role in this environment."""
    return f"/{PRODUCT}/{environment_of(scope).name}/"


def allow_tenant_access(scope: Construct, role: iam.IRole, purpose: Purpose) -> str:
    """Let `role` take sessions of the tenant access role for `purpose`; returns SWITCHBOARD_TENANT_ROLE_ARN.

    The workload itself keeps no right on tenants' data: what a session may touch is decided by its tag `tenant`.
    """
    arn = lookup(Stack.of(scope), f"tenant-{purpose}-role-arn")
    _allow(role, ["sts:AssumeRole", "sts:TagSession"], arn)
    return arn


def allow_snapshot(scope: Construct, role: iam.IRole, *, write: bool = False) -> str:
    """Let `role` read, or write, the configuration snapshot of all tenants; returns SWITCHBOARD_CONFIGURATION_BUCKET."""
    stack = Stack.of(scope)
    bucket = lookup(stack, "configuration-bucket-arn")
    objects = f"{bucket}/snapshot/*"
    _allow(role, ["s3:GetObject", *(["s3:PutObject"] if write else [])], objects)
    # Without it S3 answers 403 instead of 404 for a snapshot that is not there yet, as on a first deployment.
    _allow(role, ["s3:ListBucket"], bucket)
    acknowledge_wildcard(role, objects, "The snapshot and its predecessors, which hold no personal data.")
    allow_key(stack, role, "operations", service="s3", write=write)
    return lookup(stack, "configuration-bucket-name")


def allow_providers_secret(scope: Construct, role: iam.IRole) -> str:
    """Let `role` read the vendors' credentials; returns SWITCHBOARD_SECRETS_ID."""
    stack = Stack.of(scope)
    arn = lookup(stack, "providers-secret-arn")
    _allow(role, ["secretsmanager:GetSecretValue"], arn)
    allow_key(stack, role, "secrets", service="secretsmanager")
    return arn


def allow_call_events(scope: Construct, role: iam.IRole) -> str:
    """Let `role` send domain events to the workflows' queue; returns SWITCHBOARD_CALL_EVENTS_QUEUE_URL."""
    stack = Stack.of(scope)
    _allow(role, ["sqs:SendMessage"], lookup(stack, "call-events-queue-arn"))
    allow_key(stack, role, "operations", service="sqs", write=True)
    return lookup(stack, "call-events-queue-url")


def allow_facts(scope: Construct, role: iam.IRole) -> str:
    """Let `role` send facts to analytics; returns SWITCHBOARD_FACTS_STREAM."""
    stack = Stack.of(scope)
    _allow(role, ["firehose:PutRecord", "firehose:PutRecordBatch"], lookup(stack, "facts-stream-arn"))
    return lookup(stack, "facts-stream-name")


def allow_key(scope: Construct, role: iam.IRole, name: KeyName, *, service: str, write: bool = False) -> None:
    """Let `role` use the key `name` through one AWS service of this region, for example `sqs`, and never directly."""
    _allow(
        role,
        ["kms:Decrypt", *(["kms:GenerateDataKey"] if write else [])],
        lookup(Stack.of(scope), f"{name}-key-arn"),
        {"StringEquals": {"kms:ViaService": f"{service}.{region_of(scope)}.{Aws.URL_SUFFIX}"}},
    )


def _allow(
    role: iam.IRole, actions: list[str], resource: str, conditions: dict[str, dict[str, str]] | None = None
) -> None:
    role.add_to_principal_policy(
        iam.PolicyStatement(actions=actions, resources=[resource], conditions=conditions)
    )
