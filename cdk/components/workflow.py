"""A Step Functions workflow from its only home, `stepfunctions/<name>.asl.json`."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from cdk.components.bundle import ROOT
from cdk.components.definition import check_definition, placeholder_of
from cdk.components.function import Function, LogGroup
from cdk.components.role import WorkloadRole
from cdk.components.shared import acknowledge_wildcard, publish

DEFINITIONS = ROOT / "stepfunctions"


class Workflow(stepfunctions.StateMachine):
    """A standard workflow with logs and traces; publishes `<name>-workflow-arn` (name in kebab-case).

    `name` is the file `stepfunctions/<name>.asl.json`, whose top level has `TimeoutSeconds`. Each of `functions`
    fills the placeholder `${<PascalCaseFolder>FunctionArn}` and may be invoked by the workflow; `substitutions` are the
    others, by placeholder, and what they need must be granted to `role`. A placeholder without a value, or a
    value without a placeholder, raises `ValueError`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        functions: Sequence[Function],
        substitutions: Mapping[str, str] | None = None,
    ) -> None:
        text = (DEFINITIONS / f"{name}.asl.json").read_text()
        values = dict(substitutions or {}) | {
            placeholder_of(function.folder): function.function_arn for function in functions
        }
        check_definition(name, text, values.keys())
        workload = WorkloadRole(
            scope,
            f"{construct_id}Role",
            service="states.amazonaws.com",
            description=f"Runs stepfunctions/{name}.asl.json",
        )
        log_group = LogGroup(
            # Step Functions' log deliveries share one resource policy of limited size; this prefix is exempt.
            scope,
            f"{construct_id}Logs",
            name=f"workflows/{name}",
            prefix="/aws/vendedlogs",
        )
        super().__init__(
            scope,
            construct_id,
            definition_body=stepfunctions.DefinitionBody.from_string(text),
            definition_substitutions=values,
            state_machine_type=stepfunctions.StateMachineType.STANDARD,
            role=workload,
            # Inputs and outputs are references, yet they stay in the history, which only operators of it can read.
            logs=stepfunctions.LogOptions(
                destination=log_group, level=stepfunctions.LogLevel.ALL, include_execution_data=False
            ),
            tracing_enabled=True,
        )
        for function in functions:
            workload.add_to_policy(
                iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.function_arn])
            )
        publish(self, f"{name.replace('_', '-')}-workflow-arn", self.state_machine_arn)
        acknowledge_wildcard(
            workload, "*", "Log delivery and X-Ray know no resources; the log group is encrypted and ours."
        )
