"""What the functions of the workflows need to know: a few variables that their stack sets, and vendors' secrets.

A function gets what its step uses and no more, so that most are empty in most functions. Names are those of `settings`
where both have them.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Json, SecretStr, ValidationError


class WorkflowSettingsError(Exception):
    """A variable cannot be used; the message names it, never its value."""


class CrmWebhook(BaseModel):
    """Where one tenant's notes go."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str
    secret: SecretStr


class WorkflowSettings(BaseModel):
    """All variables, under their environment names. Build it with `read_workflow_settings`."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    region: str = Field("us-east-1", validation_alias="AWS_REGION")
    endpoint_url: str = Field("", validation_alias="AWS_ENDPOINT_URL")
    tenant_role_arn: str = Field("", validation_alias="SWITCHBOARD_TENANT_ROLE_ARN")
    calls_table: str = Field("", validation_alias="SWITCHBOARD_CALLS_TABLE")
    records_table: str = Field("", validation_alias="SWITCHBOARD_RECORDS_TABLE")
    idempotency_table: str = Field("", validation_alias="SWITCHBOARD_IDEMPOTENCY_TABLE")
    recordings_bucket: str = Field("", validation_alias="SWITCHBOARD_RECORDINGS_BUCKET")
    data_key_arn: str = Field("", validation_alias="SWITCHBOARD_DATA_KEY_ARN")
    facts_stream: str = Field("", validation_alias="SWITCHBOARD_FACTS_STREAM")
    secrets_id: str = Field("", validation_alias="SWITCHBOARD_SECRETS_ID")
    post_call_arn: str = Field("", validation_alias="SWITCHBOARD_POST_CALL_ARN")
    callback_arn: str = Field("", validation_alias="SWITCHBOARD_CALLBACK_ARN")
    voicemail_arn: str = Field("", validation_alias="SWITCHBOARD_VOICEMAIL_ARN")
    public_base_url: str = Field("", validation_alias="PUBLIC_BASE_URL")

    batch_asr: Literal["", "transcribe"] = Field("", validation_alias="SWITCHBOARD_BATCH_ASR")
    """Empty: recordings are kept, and calls are judged by what was recognised live."""
    deep_llm: Literal["", "anthropic", "bedrock"] = Field("", validation_alias="SWITCHBOARD_DEEP_LLM")
    """Empty: calls are analysed by rules."""
    anthropic_base_url: str = Field("https://api.anthropic.com", validation_alias="ANTHROPIC_BASE_URL")
    anthropic_deep_model: str = Field("claude-sonnet-5-5", validation_alias="ANTHROPIC_DEEP_MODEL")
    bedrock_deep_model_id: str = Field("", validation_alias="BEDROCK_DEEP_MODEL_ID")
    twilio_base_url: str = Field("https://api.twilio.com", validation_alias="TWILIO_BASE_URL")

    # From the secret SWITCHBOARD_SECRETS_ID; in a local cloud also from the environment.
    anthropic_api_key: SecretStr = Field(SecretStr(""), validation_alias="ANTHROPIC_API_KEY")
    twilio_account_sid: str = Field("", validation_alias="TWILIO_ACCOUNT_SID")
    twilio_auth_token: SecretStr = Field(SecretStr(""), validation_alias="TWILIO_AUTH_TOKEN")
    crm_webhooks: Json[dict[str, CrmWebhook]] = Field({}, validation_alias="SWITCHBOARD_CRM_WEBHOOKS")
    """By tenant, as JSON: {"acme": {"url": "https://...", "secret": "whsec_..."}}. Others' notes are kept with us."""


def read_workflow_settings(environ: Mapping[str, str]) -> WorkflowSettings:
    """Return the settings found in `environ`. Raises `WorkflowSettingsError`, naming every unusable variable."""
    given: dict[str, Any] = {name: value.strip() for name, value in environ.items() if value.strip()}
    try:
        return WorkflowSettings.model_validate(given)
    except ValidationError as error:
        names = sorted({str(detail["loc"][0]) for detail in error.errors()})
        raise WorkflowSettingsError(f"cannot be used: {', '.join(names)}; see docs/operate/") from None


def required(value: str, name: str) -> str:
    """Return a variable that a step cannot do without. Raises `WorkflowSettingsError` where it is empty."""
    if not value:
        raise WorkflowSettingsError(f"{name} is not set; this step needs it")
    return value
