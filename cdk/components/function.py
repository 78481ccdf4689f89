"""A Lambda function: one folder of `lambdas/` = one function = one role."""

from collections.abc import Mapping

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_lambda_event_sources import SqsDlq
from constructs import Construct

from cdk.components.bundle import bundle_function
from cdk.components.key import key_named
from cdk.components.layer import layer_of
from cdk.components.role import Purpose, WorkloadRole, allow_key, allow_tenant_access
from cdk.components.shared import (
    ALL_TENANTS,
    PRODUCT,
    acknowledge,
    acknowledge_control,
    acknowledge_wildcard,
    environment_of,
    lookup,
)

_NOT_IN_VPC = (
    "It calls AWS APIs over TLS only; in the VPC it would depend on NAT and start slower, and gain nothing."
)
_NO_DEAD_LETTERS = "It is called synchronously or by a poller: the caller gets the error, and retries or has its own dead letters."


class Function(lambda_.Function):
    """Deploys `lambdas/<folder>/`, handler `lambdas.<folder>.handler.handler`, on Graviton with Python 3.13 and the layer.

    `concurrency_max` reserves that share of the account's concurrency and is the upper bound; None takes the
    environment's `functions_concurrency_max`. `tenant_access` names the tenant access role the function takes sessions
    of and sets SWITCHBOARD_TENANT_ROLE_ARN. `dead_letters` is needed where AWS calls the function asynchronously.
    `snap_start` restores a published version from a snapshot: invoke `live`, the alias, not the function.
    Attributes: `workload_role`, which takes the grants of components/role.py, and `logs`, its encrypted log group.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        folder: str,
        description: str,
        timeout_s: int,
        memory_mb: int = 512,
        environment: Mapping[str, str] | None = None,
        concurrency_max: int | None = None,
        tenant_access: Purpose | None = None,
        dead_letters: sqs.IQueue | None = None,
        snap_start: bool = False,
        key: kms.IKey | None = None,
    ) -> None:
        code, digest = bundle_function(folder)
        record = environment_of(scope)
        # Roles and log groups are siblings: a function's own children are CDK's.
        workload = WorkloadRole(
            scope, f"{construct_id}Role", service="lambda.amazonaws.com", description=f"Runs lambdas/{folder}"
        )
        log_group = LogGroup(scope, f"{construct_id}Logs", name=f"functions/{folder}", key=key)
        log_group.grant_write(workload)
        variables = dict(environment or {})
        if tenant_access:
            variables["SWITCHBOARD_TENANT_ROLE_ARN"] = allow_tenant_access(scope, workload, tenant_access)
        super().__init__(
            scope,
            construct_id,
            code=lambda_.Code.from_asset(str(code), asset_hash=digest),
            handler=f"lambdas.{folder}.handler.handler",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            layers=[layer_of(scope)],
            description=description,
            timeout=Duration.seconds(timeout_s),
            memory_size=memory_mb,
            environment=variables,
            reserved_concurrent_executions=(
                record.functions_concurrency_max if concurrency_max is None else concurrency_max
            ),
            role=workload,
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            tracing=lambda_.Tracing.ACTIVE,
            dead_letter_queue=dead_letters,
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if snap_start else None,
        )
        self.folder = folder
        self.workload_role = workload
        self.logs = log_group
        self._acknowledge_findings(asynchronous=dead_letters is not None)

    def live(self) -> lambda_.Alias:
        """The alias `live` of the newest version: what callers invoke where `snap_start` is on."""
        return lambda_.Alias(self, "Live", alias_name="live", version=self.current_version)

    def consume(self, queue: sqs.IQueue, *, batch_size: int = 10, batch_wait_s: int = 0) -> None:
        """Handle the messages of `queue`; the handler names those that failed, and only they come back.

        Raises nothing for a wrong visibility time-out: `make check-cloud` compares it with the function's time-out.
        """
        mapping = lambda_.EventSourceMapping(
            self,
            f"From-{queue.node.path.replace('/', '-')}",
            target=self,
            event_source_arn=queue.queue_arn,
            batch_size=batch_size,
            max_batching_window=Duration.seconds(batch_wait_s),
            report_batch_item_failures=True,
        )
        queue.grant_consume_messages(self.workload_role)
        acknowledge(
            mapping,
            {"Serverless-LambdaEventSourceMappingDestination": "The queue's own redrive keeps what fails."},
        )

    def follow(self, table: str, *, failures: sqs.IQueue, batch_size: int = 100) -> None:
        """Handle the changes of the data stack's `table` (one with a stream), in order per partition key.

        A batch that fails is halved until the bad record stands alone; after 5 attempts its position goes to
        `failures` (the record itself stays in the stream for 24 hours).
        """
        stack = Stack.of(self)
        stream = lookup(stack, f"{table}-table-stream-arn")
        lambda_.EventSourceMapping(
            self,
            f"From-{table}",
            target=self,
            event_source_arn=stream,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=batch_size,
            bisect_batch_on_error=True,
            retry_attempts=5,
            report_batch_item_failures=True,
            on_failure=SqsDlq(failures),
        )
        self.workload_role.add_to_policy(
            iam.PolicyStatement(
                actions=["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
                resources=[stream],
            )
        )
        allow_key(stack, self.workload_role, "tables", service="dynamodb")
        # Read by the proof of tenant isolation (cdk/checks/iam.py).
        acknowledge(
            self.workload_role,
            {
                f"{ALL_TENANTS}[dynamodb:{action}]": f"It follows every tenant's changes to the table {table}."
                for action in ("DescribeStream", "GetRecords", "GetShardIterator")
            },
        )
        acknowledge(
            self.workload_role,
            {
                f"AwsSolutions-IAM5[Action::kms:{action}*]": "The forms of one right on one key, for the queue of failures."
                for action in ("GenerateDataKey", "ReEncrypt")
            },
        )

    def _acknowledge_findings(self, *, asynchronous: bool) -> None:
        acknowledge_control(self, "LambdaInsideVPC", _NOT_IN_VPC)
        latest = "3.13 is the newest version that locks and tests cover (3.11 to 3.13)."
        acknowledge(self, {"AwsSolutions-L1": latest, "Serverless-LambdaLatestVersion": latest})
        if not asynchronous:
            acknowledge_control(self, "LambdaDLQ", _NO_DEAD_LETTERS)
            acknowledge(self, {"Serverless-LambdaDLQ": _NO_DEAD_LETTERS})
        acknowledge_wildcard(
            self.workload_role, "*", "X-Ray's PutTraceSegments and PutTelemetryRecords know no resources."
        )


class LogGroup(logs.LogGroup):
    """`/switchboard/<environment>/<name>`, encrypted by the `operations` key, kept as long as the environment says."""

    def __init__(
        self, scope: Construct, construct_id: str, *, name: str, key: kms.IKey | None = None, prefix: str = ""
    ) -> None:
        record = environment_of(scope)
        super().__init__(
            scope,
            construct_id,
            log_group_name=f"{prefix}/{PRODUCT}/{record.name}/{name}",
            encryption_key=key or key_named(scope, "operations"),
            retention=retention(record.log_retention_days),
            # Logs hold no personal data and would block the next deployment of the same name.
            removal_policy=RemovalPolicy.DESTROY,
        )


def retention(days: int) -> logs.RetentionDays:
    """CloudWatch's name for a retention; raises `ValueError` for a number of days it does not offer."""
    try:
        return _RETENTIONS[days]
    except KeyError:
        raise ValueError(
            f"CloudWatch Logs keeps for one of {sorted(_RETENTIONS)} days, not {days}."
        ) from None


_RETENTIONS = {
    7: logs.RetentionDays.ONE_WEEK,
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
    731: logs.RetentionDays.TWO_YEARS,
    2192: logs.RetentionDays.SIX_YEARS,
}
