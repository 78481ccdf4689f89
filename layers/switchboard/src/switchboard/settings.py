"""Every setting of the platform, read once by an entrypoint and passed down as values.

`read_settings` never stops at the first problem: it returns settings (defaults where a value was unusable) and all problems
at once. `load_settings` is for entrypoints that cannot go on with problems. Secrets stay out of messages and reprs.
`python -m switchboard.settings` prints `.env.example`.
"""

import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from switchboard import settings_problems
from switchboard.settings_problems import Problem, Severity, is_loopback, url_problem

LOCAL_TOKEN_SECRET = "local-only-secret-for-stream-tokens"  # noqa: S105 - public on purpose; refused off loopback
STREAM_PATH = "/twilio/stream"

TranscriberName = Literal["deepgram", "transcribe", "embedded"]
LanguageModelName = Literal["anthropic", "bedrock", "embedded"]
SynthesizerName = Literal["deepgram", "polly", "elevenlabs", "embedded"]
_PROVIDERS: dict[str, tuple[str, ...]] = {
    "SWITCHBOARD_ASR": get_args(TranscriberName),
    "SWITCHBOARD_LLM": get_args(LanguageModelName),
    "SWITCHBOARD_TTS": get_args(SynthesizerName),
}


def load_settings(environ: Mapping[str, str] | None = None) -> "Settings":
    """Return the settings of `environ` (default: `.env` under the process's environment).

    Raises `SettingsError`, which lists every failure at once.
    """
    reading = read_settings(environment() if environ is None else environ)
    if reading.failures:
        raise SettingsError(reading.failures)
    return reading.settings


def read_settings(environ: Mapping[str, str]) -> "Reading":
    """Return the settings found in `environ` and everything that is wrong with them. Never raises."""
    values = _GivenEnvironment(environ)()
    problems = list(_unreadable(values))
    unreadable = {problem.setting for problem in problems}
    values = {name: value for name, value in values.items() if name not in unreadable} | _guesses(
        values, unreadable
    )
    settings = Settings(**values)
    found = [*problems, *settings_problems.cross_checks(settings), *_unknown_names(environ)]
    # One problem is told of an unreadable setting; what follows from our guess at it is no news.
    kept = (each for each in found if each in problems or each.setting not in unreadable)
    return Reading(settings, tuple(kept))


def environment() -> dict[str, str]:
    """The process's environment over the values in `./.env`, if there is one."""
    from_file = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    return from_file | dict(os.environ)


@dataclass(frozen=True, slots=True)
class Reading:
    """Settings and what is wrong with them. With `failures`, the settings serve further checks only."""

    settings: "Settings"
    problems: tuple[Problem, ...]

    @property
    def failures(self) -> tuple[Problem, ...]:
        """The problems with which nothing should start."""
        return tuple(each for each in self.problems if each.severity is Severity.FAILURE)


class SettingsError(Exception):
    """The settings cannot be used; `problems` says why and what to do, the message lists them all."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        lines = (f"  {each.setting}: {each.what}. {each.fix}" for each in problems)
        super().__init__("\n".join([f"{len(problems)} setting(s) cannot be used:", *lines]))
        self.problems = problems


def _names(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part.strip().lower() for part in value.split(",")) if isinstance(value, str) else value


def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) != len(names):
        raise ValueError("names a provider twice")
    return names


def _url(*schemes: str, keeps_path: bool) -> AfterValidator:
    def check(value: str) -> str:
        if value and (problem := url_problem(value, schemes, keeps_path=keeps_path)):
            raise ValueError(problem)
        return value.rstrip("/")

    return AfterValidator(check)


def _number(value: str) -> str:
    if value and not re.fullmatch(r"\+[1-9]\d{6,14}", value):
        raise ValueError("is not a telephone number in E.164 form")
    return value


def _secret(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if text and len(text) < settings_problems.SECRET_CHARS_MIN:
        raise ValueError(f"is shorter than {settings_problems.SECRET_CHARS_MIN} characters")
    return value


def _env(name: str, default: Any, group: str, about: str, fix: str, **limits: int) -> Any:
    constraints: dict[str, Any] = dict(limits)
    return Field(
        default,
        validation_alias=name,
        description=about,
        json_schema_extra={"group": group, "fix": fix},
        **constraints,
    )


_Origin = Annotated[str, _url("http", "https", keeps_path=False)]
_Base = Annotated[str, _url("http", "https", keeps_path=True)]

_KEY_FIX = "Copy it from the provider's console."
_OUTPUT_FIX = "Copy it from the outputs of the deployment."
_URL_FIX = "Write scheme://host, for example https://api.example.com."


class Settings(BaseSettings):
    """All settings, under their environment names. Build it with `read_settings` or `load_settings`."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", case_sensitive=True, env_ignore_empty=True, hide_input_in_errors=True
    )

    # One line per setting: this is a table. (The formatter would make eight lines of each.)
    # fmt: off
    public_base_url: _Origin = _env("PUBLIC_BASE_URL", "http://localhost:8080", "Addresses", "The address at which the carrier and browsers reach this platform. Webhook signatures are checked against it, never against Host headers.", "Write the public origin without a path, for example https://voice.example.com.")
    stream_url_given: Annotated[str, _url("ws", "wss", keeps_path=True)] = _env("STREAM_URL", "", "Addresses", "The media socket's address as written into TwiML. Empty: PUBLIC_BASE_URL with ws(s) and /twilio/stream.", "Write wss://host/path without port and query, or leave it empty.")
    host: str = _env("SWITCHBOARD_HOST", "127.0.0.1", "Addresses", "The interface on which the gateway listens.", "Write an address such as 127.0.0.1 or 0.0.0.0.")
    port: int = _env("SWITCHBOARD_PORT", 8080, "Addresses", "The port on which the gateway listens.", "Write a free port between 1 and 65535.", ge=1, le=65535)

    asr: Annotated[tuple[TranscriberName, ...], NoDecode, BeforeValidator(_names), AfterValidator(_once)] = _env("SWITCHBOARD_ASR", ("embedded",), "Providers, in order of preference", "Speech to text: deepgram, transcribe, embedded.", "List one or more of deepgram, transcribe, embedded, separated by commas.")
    llm: Annotated[tuple[LanguageModelName, ...], NoDecode, BeforeValidator(_names), AfterValidator(_once)] = _env("SWITCHBOARD_LLM", ("embedded",), "Providers, in order of preference", "Language model: anthropic, bedrock, embedded.", "List one or more of anthropic, bedrock, embedded, separated by commas.")
    tts: Annotated[tuple[SynthesizerName, ...], NoDecode, BeforeValidator(_names), AfterValidator(_once)] = _env("SWITCHBOARD_TTS", ("embedded",), "Providers, in order of preference", "Text to speech: deepgram, polly, elevenlabs, embedded.", "List one or more of deepgram, polly, elevenlabs, embedded, separated by commas.")

    twilio_account_sid: Annotated[str, AfterValidator(settings_problems.account_sid)] = _env("TWILIO_ACCOUNT_SID", "", "Twilio", "The account whose numbers ring here; needed to place and end calls.", "Copy the Account SID (AC and 32 hex digits) from the Twilio console.")
    twilio_auth_token: SecretStr = _env("TWILIO_AUTH_TOKEN", SecretStr(""), "Twilio", "The account's primary auth token, with which webhooks and media sockets are signed. Empty: every webhook is refused.", "Copy the Auth Token from the Twilio console.")
    twilio_base_url: _Base = _env("TWILIO_BASE_URL", "https://api.twilio.com", "Twilio", "Twilio's REST API.", _URL_FIX)
    handover_number: Annotated[str, AfterValidator(_number)] = _env("SWITCHBOARD_HANDOVER_NUMBER", "", "Twilio", "Who takes a call that the agent hands over (E.164). Empty: the caller is told that nobody is there.", "Write it as +14155550123.")

    deepgram_api_key: SecretStr = _env("DEEPGRAM_API_KEY", SecretStr(""), "Speech and language vendors", "Needed where SWITCHBOARD_ASR or SWITCHBOARD_TTS names deepgram.", _KEY_FIX)
    deepgram_base_url: Annotated[str, _url("http", "https", "ws", "wss", keeps_path=True)] = _env("DEEPGRAM_BASE_URL", "https://api.deepgram.com", "Speech and language vendors", "Deepgram's API; http(s) and ws(s) mean the same host.", _URL_FIX)
    anthropic_api_key: SecretStr = _env("ANTHROPIC_API_KEY", SecretStr(""), "Speech and language vendors", "Needed where SWITCHBOARD_LLM names anthropic.", _KEY_FIX)
    anthropic_base_url: _Base = _env("ANTHROPIC_BASE_URL", "https://api.anthropic.com", "Speech and language vendors", "Anthropic's API.", _URL_FIX)
    anthropic_model: str = _env("ANTHROPIC_MODEL", "claude-haiku-5-5", "Speech and language vendors", "The model that answers callers; a fast one.", "Write a model id from Anthropic's list.")
    elevenlabs_api_key: SecretStr = _env("ELEVENLABS_API_KEY", SecretStr(""), "Speech and language vendors", "Needed where SWITCHBOARD_TTS names elevenlabs.", _KEY_FIX)
    elevenlabs_base_url: _Base = _env("ELEVENLABS_BASE_URL", "https://api.elevenlabs.io", "Speech and language vendors", "ElevenLabs' API.", _URL_FIX)
    aws_region: str = _env("AWS_REGION", "", "Speech and language vendors", "Needed where transcribe, bedrock or polly is named. Credentials come from the usual AWS places.", "Write a region such as us-east-1.")
    aws_endpoint_url: _Base = _env("AWS_ENDPOINT_URL", "", "Speech and language vendors", "Replaces every AWS endpoint, for tests. Empty: AWS itself.", _URL_FIX)
    bedrock_model_id: str = _env("BEDROCK_MODEL_ID", "", "Speech and language vendors", "Needed where SWITCHBOARD_LLM names bedrock: a model or inference profile id.", "Copy the id from the Bedrock console.")

    store: Literal["embedded", "aws"] = _env("SWITCHBOARD_STORE", "embedded", "AWS", "Where calls' state, tenants and events live: embedded (one machine, SQLite) or aws.", "Write embedded or aws.")
    calls_table: str = _env("SWITCHBOARD_CALLS_TABLE", "", "AWS", "The DynamoDB table of checkpoints, used tokens and call progress. Needed with SWITCHBOARD_STORE=aws.", _OUTPUT_FIX)
    configuration_bucket: str = _env("SWITCHBOARD_CONFIGURATION_BUCKET", "", "AWS", "The S3 bucket of the signed snapshot of all tenants. Needed with SWITCHBOARD_STORE=aws.", _OUTPUT_FIX)
    configuration_copy: Path = _env("SWITCHBOARD_CONFIGURATION_COPY", Path("build/configuration.json"), "AWS", "Where the last good snapshot is kept on this machine, for a start while S3 is down.", "Write a path in a folder that can be written to.")
    tenant_role_arn: str = _env("SWITCHBOARD_TENANT_ROLE_ARN", "", "AWS", "The role that is assumed, tagged with the tenant, to touch that tenant's rows. Empty: our own role, for a cloud without IAM.", _OUTPUT_FIX)
    call_events_queue_url: Annotated[str, _url("http", "https", keeps_path=True)] = _env("SWITCHBOARD_CALL_EVENTS_QUEUE_URL", "", "AWS", "The SQS queue of the events that start workflows. Empty: none are started.", _OUTPUT_FIX)
    facts_stream: str = _env("SWITCHBOARD_FACTS_STREAM", "", "AWS", "The Firehose stream of all events, for analytics. Empty: none are sent.", _OUTPUT_FIX)
    facts_path: Path | None = _env("SWITCHBOARD_FACTS_PATH", None, "AWS", "With SWITCHBOARD_STORE=embedded: the file to which all events are appended, one JSON object a line. Empty: none.", "Write a path, or leave it empty.")
    secrets_id: str = _env("SWITCHBOARD_SECRETS_ID", "", "AWS", "The secret in Secrets Manager that holds settings as a JSON object; they come before those of the environment.", _OUTPUT_FIX)
    tenants_dir: Path | None = _env("SWITCHBOARD_TENANTS_DIR", None, "AWS", "With SWITCHBOARD_STORE=embedded: a folder of <tenant>.json. Empty: one demo tenant that answers every number.", "Write a folder, or leave it empty.")

    token_secret_given: Annotated[SecretStr, AfterValidator(_secret)] = _env("SWITCHBOARD_STREAM_TOKEN_SECRET", SecretStr(""), "Operation", "Signs the one-time tokens of media sockets; 32 characters or more, the same for webhooks and gateway. Has a default on localhost only.", settings_problems.SECRET_FIX)
    state_path: Path = _env("SWITCHBOARD_STATE_PATH", Path("build/state.sqlite3"), "Operation", "The file of the embedded store: checkpoints, used tokens, call progress.", "Write a path in a folder that can be written to.")
    calls_max: int = _env("SWITCHBOARD_CALLS_MAX", 100, "Operation", "Calls that one gateway process accepts at a time.", "Write a number between 1 and 2000.", ge=1, le=2000)
    drain_grace_s: int = _env("SWITCHBOARD_DRAIN_GRACE_S", 30, "Operation", "After SIGTERM, how long live calls may go on before they are handed to another task, in seconds.", "Write a number of seconds between 0 and 7200.", ge=0, le=7200)
    journal_dir: Path | None = _env("SWITCHBOARD_JOURNAL_DIR", None, "Operation", "Where each call's journal is written, for replay. It holds what callers said. Empty: none.", "Write a folder, or leave it empty.")
    web_calls_given: bool | None = _env("SWITCHBOARD_WEB_CALLS", None, "Operation", "Whether the browser softphone may call. Empty: on localhost only, since it asks for no login.", "Write true or false.")
    # fmt: on

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values from `read_settings` only, so that no process environment leaks into given ones."""
        _ = settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @property
    def is_local(self) -> bool:
        """Whether the platform is reachable from this machine only."""
        return is_loopback(urlsplit(self.public_base_url).hostname)

    @property
    def stream_url(self) -> str:
        """The media socket's address, exactly as in TwiML: what its upgrade is signed with."""
        if self.stream_url_given:
            return self.stream_url_given
        return f"ws{self.public_base_url.removeprefix('http')}{STREAM_PATH}"

    @property
    def token_secret(self) -> SecretStr:
        """The stream tokens' secret; on localhost there is a default."""
        if self.token_secret_given.get_secret_value():
            return self.token_secret_given
        assert self.is_local, "cross_checks refuses a missing secret elsewhere"
        return SecretStr(LOCAL_TOKEN_SECRET)

    @property
    def web_calls(self) -> bool:
        """Whether the softphone is enabled."""
        return self.is_local if self.web_calls_given is None else self.web_calls_given


def env_name(field: FieldInfo) -> str:
    """The environment variable of one field of `Settings`."""
    assert isinstance(field.validation_alias, str), "every field is declared with _env"
    return field.validation_alias


def env_example() -> str:
    """Return the text of `.env.example`: every setting with its default, all commented out."""
    lines = ["# Copy to .env and set what you need. Generated: python -m switchboard.settings > .env.example"]
    group = ""
    for field in Settings.model_fields.values():
        if _extra(field, "group") != group:
            group = _extra(field, "group")
            lines += ["", f"# --- {group} ---"]
        lines += ["", *(f"# {line}" for line in wrap(field.description or "", width=100))]
        lines.append(f"#{env_name(field)}={_default_text(field.default)}")
    return "\n".join([*lines, ""])


class _GivenEnvironment(EnvSettingsSource):
    """Reads a mapping instead of the process's environment."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        super().__init__(Settings)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name: value.strip() for name, value in self._environ.items() if value.strip()}


def _unreadable(values: Mapping[str, Any]) -> Iterable[Problem]:
    try:
        Settings(**values)
    except ValidationError as error:
        fields = {env_name(field): field for field in Settings.model_fields.values()}
        told: set[str] = set()
        for detail in error.errors(include_input=False, include_url=False):
            name = str(detail["loc"][0])
            if name not in told:
                told.add(name)
                field = fields[name]
                what = settings_problems.reading_error(detail)
                yield Problem(name, what, field.description or "", _extra(field, "fix"), Severity.FAILURE)


def _guesses(values: Mapping[str, Any], unreadable: set[str]) -> dict[str, Any]:
    """What unreadable settings probably mean, so that all they would require can be checked in the same run."""
    guesses: dict[str, Any] = {}
    for name in unreadable & _PROVIDERS.keys():
        guesses[name] = tuple(
            dict.fromkeys(each for each in _names(values[name]) if each in _PROVIDERS[name])
        )
    if "PUBLIC_BASE_URL" in unreadable and (host := settings_problems.host_of(values["PUBLIC_BASE_URL"])):
        guesses["PUBLIC_BASE_URL"] = f"https://{host}"
    if "TWILIO_ACCOUNT_SID" in unreadable:
        guesses["TWILIO_ACCOUNT_SID"] = "AC" + "0" * 32
    return {name: guess for name, guess in guesses.items() if guess}


def _unknown_names(environ: Iterable[str]) -> Iterable[Problem]:
    return settings_problems.unknown_names(
        environ, {env_name(field) for field in Settings.model_fields.values()}
    )


def _extra(field: FieldInfo, key: str) -> str:
    assert isinstance(field.json_schema_extra, dict), "every field is declared with _env"
    return str(field.json_schema_extra[key])


def _default_text(default: object) -> str:
    match default:
        case None:
            return ""
        case SecretStr():
            return default.get_secret_value()
        case tuple():
            return ",".join(default)
        case _:
            return str(default)


if __name__ == "__main__":
    sys.stdout.write(env_example())
