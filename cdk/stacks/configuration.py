"""The way of tenants' configuration to those who answer calls: published as one signed snapshot whenever a tenant changes."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk.components.function import Function
from cdk.components.queue import Queue
from cdk.components.role import allow_providers_secret, allow_snapshot
from cdk.components.shared import ALL_TENANTS, SwitchboardStack, acknowledge, lookup

TIMEOUT_S = 60
EVERY_MIN = 15
"""How soon a snapshot is there that nobody's change has caused: the first one, before there is any tenant, and after a rotated secret."""


class ConfigurationStack(SwitchboardStack):
    """One function, `lambdas/publish_configuration`, that follows the configuration table."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(
            scope, "configuration", description="Publishes tenants' configuration on Switchboard"
        )
        failures = Queue(self, "PublishFailures", consumer_timeout_s=TIMEOUT_S).dead_letters
        function = Function(
            self,
            "PublishConfiguration",
            folder="publish_configuration",
            description="Publishes all tenants' configuration as one signed snapshot",
            timeout_s=TIMEOUT_S,
            concurrency_max=1,  # two at a time would only refuse one another
            environment={"SWITCHBOARD_CONFIGURATION_TABLE": lookup(self, "configuration-table-name")},
            dead_letters=failures,
        )
        role = function.workload_role
        function.add_environment("SWITCHBOARD_CONFIGURATION_BUCKET", allow_snapshot(self, role, write=True))
        function.add_environment("SWITCHBOARD_SECRETS_ID", allow_providers_secret(self, role))
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["dynamodb:Scan"], resources=[lookup(self, "configuration-table-arn")]
            )
        )
        acknowledge(
            role,
            {
                f"{ALL_TENANTS}[dynamodb:Scan]": "The snapshot is of all tenants; nobody else reads all of this table.",
            },
        )
        function.follow("configuration", failures=failures)
        rule = events.Rule(
            self,
            "NowAndThen",
            schedule=events.Schedule.rate(Duration.minutes(EVERY_MIN)),
            targets=[targets.LambdaFunction(function)],
        )
        missed = "What was missed is made up for by the next run; what the function fails at is in its dead letters."
        acknowledge(rule, {"Serverless-EventBusDLQ": missed})
