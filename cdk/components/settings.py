"""The settings that gateway and webhooks have in common, with the rights that each of them stands for."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk.components.role import allow_providers_secret, allow_snapshot, allow_tenant_access
from cdk.components.shared import environment_of, lookup
from cdk.deployment import deployment_of


def call_settings(scope: Construct, role: iam.IRole) -> dict[str, str]:
    """What whoever answers or carries calls needs, by the names of our settings; grants it to `role`.

    Secrets are not among them: SWITCHBOARD_SECRETS_ID names the secret, which is read at run time, so that a rotated
    key arrives without a deployment.
    """
    stack, deployment = Stack.of(scope), deployment_of(scope)
    return {
        "PUBLIC_BASE_URL": deployment.public_base_url,
        "STREAM_URL": deployment.stream_url,
        "SWITCHBOARD_ENVIRONMENT": environment_of(scope).name,
        "SWITCHBOARD_STORE": "aws",
        "SWITCHBOARD_CALLS_TABLE": lookup(stack, "calls-table-name"),
        "SWITCHBOARD_TENANT_ROLE_ARN": allow_tenant_access(scope, role, "calls"),
        "SWITCHBOARD_SECRETS_ID": allow_providers_secret(scope, role),
        "SWITCHBOARD_CONFIGURATION_BUCKET": allow_snapshot(scope, role),
        "SWITCHBOARD_CONFIGURATION_COPY": "/tmp/configuration.json",  # noqa: S108 - the only folder that can be written to
        **({"SWITCHBOARD_HANDOVER_NUMBER": deployment.handover_number} if deployment.handover_number else {}),
    }
