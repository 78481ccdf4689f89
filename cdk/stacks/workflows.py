"""What follows a call: the workflows, the functions of their steps, their triggers and their alarms."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Aws, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.components.function import Function
from cdk.components.queue import alarm_topic
from cdk.components.role import allow_facts, allow_providers_secret
from cdk.components.shared import (
    PRODUCT,
    SwitchboardStack,
    acknowledge_wildcard,
    lookup,
    publish,
    region_of,
)
from cdk.components.workflow import Workflow
from cdk.deployment import deployment_of
from cdk.stacks.data import EVENT_CONSUMER_TIMEOUT_S

GEOGRAPHIES = frozenset({"us", "eu", "apac", "global"})
"""Prefixes of Bedrock's inference profiles."""
RECORDING_MEMORY_MB = 3008
"""A call of five hours is a file of 600 MB, which the assembling step holds once, and its segments beside it."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step's function: what it may touch beside its tenant's records, and how long it may take."""

    folder: str
    about: str
    timeout_s: int = 55
    memory_mb: int = 512
    objects: bool = False
    checkpoints: bool = False
    secrets: bool = False
    facts: bool = False
    carrier: bool = False


STEPS = (
    Step(
        folder="assemble_recording",
        about="Makes one recording of a call's segments",
        timeout_s=290,
        memory_mb=RECORDING_MEMORY_MB,
        objects=True,
    ),
    Step(folder="start_transcription", about="Starts a transcription job", objects=True),
    Step(folder="check_transcription", about="Asks how far a transcription job is", objects=True),
    Step(
        folder="redact_transcript",
        about="Stores the masked transcript",
        timeout_s=115,
        memory_mb=1024,
        objects=True,
        checkpoints=True,
    ),
    Step(
        folder="analyse_call",
        about="Concludes what a call was about",
        timeout_s=290,
        memory_mb=1024,
        objects=True,
        secrets=True,
    ),
    Step(folder="write_crm_note", about="Tells the tenant's customer system", objects=True, secrets=True),
    Step(folder="tell_outcome", about="Tells analytics what came of it", facts=True),
    Step(folder="plan_callback", about="Says what happens next with a callback"),
    Step(folder="dial_callback", about="Places the call of one attempt", secrets=True, carrier=True),
    Step(folder="close_callback", about="Stores a callback's one outcome"),
    Step(
        folder="collect_voicemail",
        about="Moves a message from the carrier to the archive",
        objects=True,
        secrets=True,
    ),
    Step(folder="file_voicemail", about="Files a message and agrees its callback", secrets=True),
)
POST_CALL_STEPS = (
    "assemble_recording",
    "start_transcription",
    "check_transcription",
    "redact_transcript",
    "analyse_call",
    "write_crm_note",
    "tell_outcome",
)
CALLBACK_STEPS = ("plan_callback", "dial_callback", "close_callback", "write_crm_note", "tell_outcome")
VOICEMAIL_STEPS = (
    "collect_voicemail",
    "file_voicemail",
    "start_transcription",
    "check_transcription",
    "redact_transcript",
    "write_crm_note",
    "tell_outcome",
)


class WorkflowsStack(SwitchboardStack):
    """Publishes the workflows' ARNs, and `report-callback-function-arn` and `receive-voicemail-function-arn` for the webhooks' API."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "workflows", description="What follows a call on Switchboard")
        self.functions = {step.folder: self._make_step(step) for step in STEPS}
        self._give_deep_model(self.functions["analyse_call"])
        callback = self._make_workflow("callback", CALLBACK_STEPS)
        voicemail = self._make_workflow("voicemail", VOICEMAIL_STEPS)
        post_call = self._make_workflow("post_call", POST_CALL_STEPS)
        self._let_start(self.functions["file_voicemail"], callback, "SWITCHBOARD_CALLBACK_ARN")
        self._make_trigger(post_call)
        self._make_webhooks(callback, voicemail)

    def _make_step(self, step: Step) -> Function:
        function = Function(
            self,
            _pascal(step.folder),
            folder=step.folder,
            description=step.about,
            timeout_s=step.timeout_s,
            memory_mb=step.memory_mb,
            tenant_access="records",
            environment={
                "SWITCHBOARD_RECORDS_TABLE": lookup(self, "records-table-name"),
                "SWITCHBOARD_IDEMPOTENCY_TABLE": lookup(self, "idempotency-table-name"),
            },
        )
        if step.objects:
            function.add_environment("SWITCHBOARD_RECORDINGS_BUCKET", lookup(self, "recordings-bucket-name"))
            function.add_environment("SWITCHBOARD_DATA_KEY_ARN", lookup(self, "data-key-arn"))
            function.add_environment("SWITCHBOARD_BATCH_ASR", "transcribe")
        if step.checkpoints:
            function.add_environment("SWITCHBOARD_CALLS_TABLE", lookup(self, "calls-table-name"))
        if step.carrier:
            function.add_environment("PUBLIC_BASE_URL", deployment_of(self).public_base_url)
        if step.facts:
            function.add_environment("SWITCHBOARD_FACTS_STREAM", allow_facts(self, function.workload_role))
        if step.secrets:
            function.add_environment(
                "SWITCHBOARD_SECRETS_ID", allow_providers_secret(self, function.workload_role)
            )
        return function

    def _give_deep_model(self, function: Function) -> None:
        """With `-c bedrock_deep_model_id=...` Bedrock concludes calls; Anthropic does if the secret says so; else rules do."""
        model_id = str(self.node.try_get_context("bedrock_deep_model_id") or "")
        if not model_id:
            return
        function.add_environment("SWITCHBOARD_DEEP_LLM", "bedrock")
        function.add_environment("BEDROCK_DEEP_MODEL_ID", model_id)
        # An inference profile is named for its geography and the model: us.anthropic.claude-...
        geography, _, rest = model_id.partition(".")
        model = rest if geography in GEOGRAPHIES else model_id
        models = f"arn:{Aws.PARTITION}:bedrock:*::foundation-model/{model}"
        profile = (
            f"arn:{Aws.PARTITION}:bedrock:{region_of(self)}:{Aws.ACCOUNT_ID}:inference-profile/{model_id}"
        )
        function.workload_role.add_to_policy(
            iam.PolicyStatement(
                actions=["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"],
                resources=[models, profile],
            )
        )
        acknowledge_wildcard(
            function.workload_role, models, "One model, in whichever region its profile takes the request."
        )

    def _make_workflow(self, name: str, steps: Sequence[str]) -> Workflow:
        workflow = Workflow(
            self, _pascal(name), name=name, functions=[self.functions[folder] for folder in steps]
        )
        for metric, what in (
            (workflow.metric_failed(period=Duration.minutes(5)), "failed"),
            (workflow.metric_timed_out(period=Duration.minutes(5)), "timed-out"),
        ):
            self._ring(
                workflow, f"{name.replace('_', '-')}-{what}", metric, f"executions of {name} have {what}"
            )
        return workflow

    def _ring(self, scope: Construct, name: str, metric: cloudwatch.IMetric, what: str) -> None:
        alarm = cloudwatch.Alarm(
            scope,
            f"Alarm-{name}",
            alarm_name=f"{PRODUCT}-{self.record.name}-{name}",
            alarm_description=f"{what}. Runbook: docs/operate/workflow-failed.md",
            metric=metric,
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,  # no execution, no failure
        )
        alarm.add_alarm_action(actions.SnsAction(alarm_topic(self)))

    def _make_trigger(self, post_call: Workflow) -> None:
        function = Function(
            self,
            "StartPostCall",
            folder="start_post_call",
            description="Starts the post-call workflow of calls that have ended",
            timeout_s=EVENT_CONSUMER_TIMEOUT_S,
        )
        self._let_start(function, post_call, "SWITCHBOARD_POST_CALL_ARN")
        function.consume(
            sqs.Queue.from_queue_attributes(
                self,
                "CallEvents",
                queue_arn=lookup(self, "call-events-queue-arn"),
                key_arn=lookup(self, "operations-key-arn"),
            )
        )

    def _make_webhooks(self, callback: Workflow, voicemail: Workflow) -> None:
        """Functions that the webhooks' API calls; it asks for their ARNs and lets itself in."""
        for folder, about in (
            ("report_callback", "Takes the carrier's reports about callbacks"),
            ("receive_voicemail", "Takes the carrier's word that a message is recorded"),
        ):
            function = self._make_step(
                Step(folder=folder, about=about, timeout_s=10, secrets=True, carrier=True)
            )
            self.functions[folder] = function
            publish(self, f"{folder.replace('_', '-')}-function-arn", function.function_arn)
        self._let_answer(self.functions["report_callback"], callback)
        self._let_start(self.functions["receive_voicemail"], voicemail, "SWITCHBOARD_VOICEMAIL_ARN")

    def _let_start(self, function: Function, workflow: Workflow, variable: str) -> None:
        function.add_environment(variable, workflow.state_machine_arn)
        function.workload_role.add_to_policy(
            iam.PolicyStatement(actions=["states:StartExecution"], resources=[workflow.state_machine_arn])
        )

    def _let_answer(self, function: Function, workflow: Workflow) -> None:
        function.workload_role.add_to_policy(
            iam.PolicyStatement(
                actions=["states:SendTaskSuccess", "states:SendTaskHeartbeat"],
                resources=[workflow.state_machine_arn],
            )
        )


def _pascal(folder: str) -> str:
    return "".join(word.capitalize() for word in folder.split("_"))
