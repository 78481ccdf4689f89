"""Running one step of a workflow in a Lambda function: settings, tools, idempotency, errors without texts.

A handler is three lines: decode, one service, answer. Everything here is made at the first invocation and kept for the
next ones of the same process.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import Any, TypeVar

import boto3
import msgspec
import structlog
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyAlreadyInProgressError
from botocore.config import Config
from mangum.types import LambdaContext

from switchboard.adapters.anthropic.language_model import AnthropicLanguageModel
from switchboard.adapters.aws.bedrock_language_model import BedrockLanguageModel
from switchboard.adapters.aws.call_records import DynamoDbCallRecords
from switchboard.adapters.aws.dynamodb import CallsTable, DynamoDbCheckpointStore
from switchboard.adapters.aws.fact_stream import FirehoseFactLog
from switchboard.adapters.aws.failures import aws_failures
from switchboard.adapters.aws.recordings import S3RecordingArchive
from switchboard.adapters.aws.secrets import REFRESH_S, SecretReader, SecretValues
from switchboard.adapters.aws.step_functions import StepFunctionsWorkflows
from switchboard.adapters.aws.tenant_sessions import TenantSessions
from switchboard.adapters.aws.transcribe_batch import TranscribeBatch
from switchboard.adapters.crm.webhook import WebhookCrm, WebhookTarget
from switchboard.adapters.twilio.recordings import TwilioRecordings
from switchboard.adapters.twilio.signature import SignatureChecker
from switchboard.adapters.twilio.telephony import TwilioTelephony
from switchboard.domain.recordings import RecordingTooLong, VoicemailLost
from switchboard.domain.rotating import fixed
from switchboard.domain.subjects import Subject
from switchboard.observability import configure_logging
from switchboard.ports.errors import PortError
from switchboard.ports.language_model import LanguageModel
from switchboard.ports.workflows import Workflow
from switchboard.workflow_settings import (
    WorkflowSettings,
    WorkflowSettingsError,
    read_workflow_settings,
    required,
)

IDEMPOTENCY_S = 24 * 3600
"""How long a finished step's answer is remembered. Beyond that its records alone keep it from happening twice."""
STEP_VERSION = 1
"""Part of every idempotency key: a changed step may be told apart from what an older version has answered."""
MODEL_TIMEOUT_MS = 120_000
FIRST_TOKEN_TIMEOUT_MS = 60_000
"""A deep model thinks; nobody is on the line."""

_CLIENTS = Config(connect_timeout=2, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})

JsonObject = dict[str, Any]
Work = Callable[["Subject", JsonObject, "Tools"], Awaitable[JsonObject]]
T = TypeVar("T")
log = structlog.get_logger()


class InputRefused(Exception):
    """The step was called with something that is not its input. Trying again cannot help."""


class AttemptDecided(Exception):
    """There is nothing to wait for: what the step would have done is decided. Planning again tells what follows."""


class StepFailed(Exception):
    """A step failed in a way that nobody foresaw; the message names the error's kind only."""


_KNOWN = (
    AttemptDecided,
    IdempotencyAlreadyInProgressError,
    InputRefused,
    PortError,
    RecordingTooLong,
    VoicemailLost,
    WorkflowSettingsError,
)


class Tools:
    """What steps work with, each made when it is first used."""

    def __init__(self, settings: WorkflowSettings, secrets: SecretValues | None = None) -> None:
        self.settings = settings
        self._secrets = secrets or SecretValues()

    def signatures(self) -> SignatureChecker:
        """Checks the carrier's webhooks; for a while after a rotation the former token counts as well (failure F40)."""
        tokens = self._secrets.of("TWILIO_AUTH_TOKEN", now_s())
        return SignatureChecker(fixed(*tokens, self.settings.twilio_auth_token.get_secret_value()))

    @cached_property
    def sessions(self) -> TenantSessions:
        """Clients per tenant."""
        return TenantSessions(
            role_arn=self.settings.tenant_role_arn, region=self.settings.region, config=_CLIENTS
        )

    @cached_property
    def records(self) -> DynamoDbCallRecords:
        """The table `records`."""
        table = required(self.settings.records_table, "SWITCHBOARD_RECORDS_TABLE")
        return DynamoDbCallRecords(table=table, sessions=self.sessions)

    @cached_property
    def archive(self) -> S3RecordingArchive:
        """The recordings bucket."""
        bucket = required(self.settings.recordings_bucket, "SWITCHBOARD_RECORDINGS_BUCKET")
        return S3RecordingArchive(bucket=bucket, key_arn=self.settings.data_key_arn, sessions=self.sessions)

    @cached_property
    def transcriber(self) -> TranscribeBatch | None:
        """The vendor of accurate transcripts, None where none is configured."""
        if not self.settings.batch_asr:
            return None
        return TranscribeBatch(
            bucket=self.settings.recordings_bucket,
            key_arn=self.settings.data_key_arn,
            sessions=self.sessions,
            archive=self.archive,
        )

    @cached_property
    def checkpoints(self) -> DynamoDbCheckpointStore:
        """The calls' last states, to read."""
        name = required(self.settings.calls_table, "SWITCHBOARD_CALLS_TABLE")
        return DynamoDbCheckpointStore(CallsTable(name=name, sessions=self.sessions))

    @cached_property
    def model(self) -> LanguageModel | None:
        """The deep model, None where rules do."""
        match self.settings.deep_llm:
            case "anthropic":
                return AnthropicLanguageModel(
                    api_key=self.settings.anthropic_api_key.get_secret_value(),
                    base_url=self.settings.anthropic_base_url,
                    model=self.settings.anthropic_deep_model,
                    first_token_timeout_ms=FIRST_TOKEN_TIMEOUT_MS,
                    inter_token_timeout_ms=FIRST_TOKEN_TIMEOUT_MS,
                    total_timeout_ms=MODEL_TIMEOUT_MS,
                )
            case "bedrock":
                return BedrockLanguageModel(
                    region=self.settings.region,
                    model=required(self.settings.bedrock_deep_model_id, "BEDROCK_DEEP_MODEL_ID"),
                    generations_max=1,
                    first_token_timeout_ms=FIRST_TOKEN_TIMEOUT_MS,
                    inter_token_timeout_ms=FIRST_TOKEN_TIMEOUT_MS,
                    total_timeout_ms=MODEL_TIMEOUT_MS,
                )
            case _:
                return None

    @cached_property
    def workflows(self) -> StepFunctionsWorkflows:
        """Step Functions, with the workflows this function may start."""
        arns = {
            Workflow.POST_CALL: self.settings.post_call_arn,
            Workflow.CALLBACK: self.settings.callback_arn,
            Workflow.VOICEMAIL: self.settings.voicemail_arn,
        }
        return StepFunctionsWorkflows(_client("stepfunctions", self.settings.region), arns=arns)

    @cached_property
    def facts(self) -> FirehoseFactLog:
        """The stream of facts."""
        stream = required(self.settings.facts_stream, "SWITCHBOARD_FACTS_STREAM")
        return FirehoseFactLog(_client("firehose", self.settings.region), stream=stream)

    @cached_property
    def telephony(self) -> TwilioTelephony:
        """The carrier's call control."""
        return TwilioTelephony(
            account_sid=required(self.settings.twilio_account_sid, "TWILIO_ACCOUNT_SID"),
            auth_token=self.settings.twilio_auth_token.get_secret_value(),
            base_url=self.settings.twilio_base_url,
        )

    @cached_property
    def carrier(self) -> TwilioRecordings:
        """The carrier's recordings."""
        return TwilioRecordings(
            account_sid=required(self.settings.twilio_account_sid, "TWILIO_ACCOUNT_SID"),
            auth_token=self.settings.twilio_auth_token.get_secret_value(),
            base_url=self.settings.twilio_base_url,
        )

    @cached_property
    def _crms(self) -> dict[str, WebhookCrm]:
        return {}

    def crm(self, tenant: str) -> WebhookCrm | None:
        """The tenant's customer system, None where it has none."""
        target = self.settings.crm_webhooks.get(tenant)
        if target is None:
            return None
        if tenant not in self._crms:
            self._crms[tenant] = WebhookCrm(WebhookTarget(target.url, target.secret.get_secret_value()))
        return self._crms[tenant]

    async def close(self) -> None:
        """Close what was made."""
        made = [self.__dict__.get(name) for name in ("model", "workflows", "facts", "telephony", "carrier")]
        for each in (*made, *self._crms.values()):
            if each is not None:
                await each.close()
        if "sessions" in self.__dict__:
            self.sessions.close()

    def remembered(self, tenant: str) -> DynamoDBPersistenceLayer:
        """Powertools' store for one tenant. Made per use: the client's credentials are renewed."""
        with aws_failures("dynamodb"):
            return DynamoDBPersistenceLayer(
                table_name=required(self.settings.idempotency_table, "SWITCHBOARD_IDEMPOTENCY_TABLE"),
                key_attr="pk",
                sort_key_attr="sk",
                static_pk_value=f"{tenant}#idempotency",
                expiry_attr="expires_at_s",
                boto3_client=self.sessions.client(tenant, "dynamodb"),
            )


def _client(service: str, region: str) -> Any:
    make: Any = boto3.client
    return make(service, region_name=region, config=_CLIENTS)


class Process:
    """The one event loop and the tools of this process."""

    def __init__(self) -> None:
        self._tools: Tools | None = None
        self._made_s = 0.0

    @cached_property
    def runner(self) -> asyncio.Runner:
        """Kept, because connections belong to the loop they were made in."""
        return asyncio.Runner()

    @property
    def tools(self) -> Tools:
        """Made with what the environment and the secret say; made anew when the secret was read long ago."""
        now_s = time.monotonic()
        if self._tools is not None and self._tools.settings.secrets_id and now_s - self._made_s > REFRESH_S:
            self._drop_tools()
        if self._tools is None:
            configure_logging()
            self._tools, self._made_s = _tools(), now_s
        return self._tools

    def run(self, work: Awaitable[T]) -> T:
        """Run to the end."""

        async def main() -> T:
            return await work

        return self.runner.run(main())

    def close(self) -> None:
        """Release everything. Lambda never does: it freezes the process and ends it some day."""
        self._drop_tools()
        if "runner" in self.__dict__:
            self.__dict__.pop("runner").close()

    def _drop_tools(self) -> None:
        tools, self._tools = self._tools, None
        if tools is not None:
            self.run(tools.close())


process = Process()


def _tools() -> Tools:
    settings = read_workflow_settings(os.environ)
    if not settings.secrets_id:
        return Tools(settings)
    values = SecretReader(settings.secrets_id, region=settings.region).read()
    return Tools(read_workflow_settings({**os.environ, **values.current}), values)


class Step:
    """One step: `name` is its folder. One that is not `is_remembered` is run anew each time: it only reads, or must."""

    def __init__(self, name: str, work: Work, *, is_remembered: bool = True) -> None:
        self._name = name
        self._work = work
        self._is_remembered = is_remembered

    def __call__(self, event: JsonObject, context: LambdaContext) -> JsonObject:
        """Run the step for the subject in `event`.

        Raises errors whose names the workflow's Retry and Catch know, and whose texts hold nothing personal.
        """
        subject = _subject(event)
        try:
            if not self._is_remembered:
                return process.run(self._work(subject, event, process.tools))
            return self._once(subject, event, context)
        except _KNOWN as error:
            log.warning(
                "step failed",
                tool=self._name,
                tenant=subject.tenant,
                call_id=subject.id,
                error=type(error).__name__,
            )
            raise
        except Exception as error:
            log.exception("step failed", tool=self._name, tenant=subject.tenant, call_id=subject.id)
            raise StepFailed(type(error).__name__) from None

    def _once(self, subject: Subject, event: JsonObject, context: LambdaContext) -> JsonObject:
        config = IdempotencyConfig(hash_function="sha256", expires_after_seconds=IDEMPOTENCY_S)
        config.register_lambda_context(context)  # type: ignore[arg-type]  # Powertools' own class of the same shape

        def work(*, key: JsonObject) -> JsonObject:
            _ = key
            return process.run(self._work(subject, event, process.tools))

        run = idempotent_function(
            work,
            data_keyword_argument="key",
            persistence_store=process.tools.remembered(subject.tenant),
            config=config,
            key_prefix=self._name,
        )
        key = {**msgspec.to_builtins(subject), "step": self._name, "version": STEP_VERSION}
        answer: JsonObject = run(key=key)
        return answer


def _subject(event: JsonObject) -> Subject:
    try:
        return msgspec.convert({name: event.get(name) for name in ("tenant", "kind", "id")}, Subject)
    except (msgspec.ValidationError, AttributeError):
        raise InputRefused("the input names no subject: tenant, kind, id") from None


def now_s() -> int:
    """The wall clock, for steps that are told the time."""
    return int(time.time())
