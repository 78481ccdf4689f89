"""The role of one workload, and the right to act for one tenant at a time."""

from typing import Literal

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk.components.shared import PRODUCT, acknowledge, environment_of, lookup

Purpose = Literal["calls", "records"]
"""Which tenant access role: `calls` for gateway and webhooks, `records` for workflows and consoles."""


class WorkloadRole(iam.Role):
    """One function, task or workflow has one role, on a path that the tenant access roles trust.

    `service` is the AWS service that runs the workload, for example `lambda.amazonaws.com`. It can be assumed for
    resources of this account only. No AWS managed policy: each grants more than any workload of ours needs.
    """

    def __init__(self, scope: Construct, construct_id: str, *, service: str, description: str) -> None:
        super().__init__(
            scope,
            construct_id,
            assumed_by=iam.ServicePrincipal(service),
            description=description,
            path=role_path(scope),
        )
        acknowledge(
            self,
            {
                f"{pack}-IAMNoInlinePolicy": "The policy belongs to this one role and must die with it."
                for pack in ("HIPAA.Security", "NIST.800.53.R5", "PCI.DSS.321")
            },
        )


def role_path(scope: Construct) -> str:
    """The IAM path of every workload's role in this environment."""
    return f"/{PRODUCT}/{environment_of(scope).name}/"


def allow_tenant_access(scope: Construct, role: iam.IRole, purpose: Purpose) -> str:
    """Let `role` take sessions of the tenant access role for `purpose`; returns that role's ARN for the settings.

    The workload itself keeps no right on tenants' data: what a session may touch is decided by its tag `tenant`.
    Set SWITCHBOARD_TENANT_ROLE_ARN to the returned ARN.
    """
    arn = lookup(Stack.of(scope), f"tenant-{purpose}-role-arn")
    role.add_to_principal_policy(
        iam.PolicyStatement(actions=["sts:AssumeRole", "sts:TagSession"], resources=[arn])
    )
    return arn
