"""What can be wrong with settings, each problem with its reason and its remedy. No message holds a setting's value."""

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from switchboard.domain.stream_tokens import SECRET_CHARS_MIN

if TYPE_CHECKING:
    from pydantic import SecretStr

    from switchboard.settings import Settings

SECRET_FIX = "Run: python -c 'import secrets; print(secrets.token_urlsafe(32))'"  # noqa: S105 - a command, no secret
PREFIX = "SWITCHBOARD_"

__all__ = [
    "SECRET_CHARS_MIN",
    "SECRET_FIX",
    "Problem",
    "Severity",
    "account_sid",
    "cross_checks",
    "host_of",
    "is_loopback",
    "reading_error",
    "unknown_names",
    "url_problem",
]


class Severity(StrEnum):
    """With a failure nothing starts; a warning is told and lived with."""

    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one setting: what, why it matters, what to do."""

    setting: str
    what: str
    why: str
    fix: str
    severity: Severity


def cross_checks(settings: "Settings") -> Iterator[Problem]:
    """Yield the problems of settings that can each be read, but do not go together."""
    yield from _addresses(settings)
    yield from _twilio(settings)
    yield from _token_secret(settings)
    yield from _provider_keys(settings)
    yield from _exposure(settings)
    yield from _aws(settings)


def unknown_names(environ: Iterable[str], known: set[str]) -> Iterator[Problem]:
    """Yield a warning for each variable with our prefix that nobody reads: most are typing errors."""
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            close = get_close_matches(name, known, n=1)
            fix = f"Did you mean {close[0]}?" if close else "Remove it, or see .env.example."
            yield Problem(name, "is not a setting", "It has no effect.", fix, Severity.WARNING)


def reading_error(detail: Mapping[str, Any]) -> str:
    """Say what pydantic found, without the value it found it in."""
    limits = detail.get("ctx", {})
    match detail["type"]:
        case "value_error":
            return str(limits["error"])
        case "literal_error":
            return f"names a provider that is none of {limits['expected']}"
        case "int_parsing" | "int_from_float":
            return "is not a whole number"
        case "bool_parsing":
            return "is neither true nor false"
        case "greater_than_equal":
            return f"is below {limits['ge']}"
        case "less_than_equal":
            return f"is above {limits['le']}"
        case kind:
            return f"cannot be read ({kind})"


def url_problem(url: str, schemes: tuple[str, ...], *, keeps_path: bool) -> str:
    """Say what is wrong with an address that settings hold, or nothing."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in schemes or not parts.hostname:
        return f"does not begin with {' or '.join(f'{scheme}://' for scheme in schemes)} and a host"
    if parts.username is not None or parts.query or parts.fragment:
        return "holds more than an address (user, query or fragment)"
    if not keeps_path and parts.path not in ("", "/"):
        return "has a path"
    return ""


def host_of(url: str) -> str:
    """The host part of something like an address, as written in one; empty where there is none."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return f"[{host}]" if ":" in host else host


def account_sid(value: str) -> str:
    """Refuse what is no Twilio account sid, most often an auth token in the wrong place."""
    if value and not re.fullmatch(r"AC[0-9a-fA-F]{32}", value):
        raise ValueError("is not an account SID")
    return value


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address means this machine."""
    if host in ("localhost", None):
        return host is not None
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.endswith(".localhost")


def _addresses(settings: "Settings") -> Iterator[Problem]:
    public = urlsplit(settings.public_base_url)
    stream = urlsplit(settings.stream_url)
    if not settings.is_local and public.scheme != "https":
        yield Problem(
            "PUBLIC_BASE_URL",
            "is not https",
            "Tokens and numbers would cross the internet in the clear, and Twilio opens media sockets by wss only.",
            "Put a TLS endpoint in front and write its https address.",
            Severity.FAILURE,
        )
    if not settings.is_local and _is_private(public.hostname):
        yield Problem(
            "PUBLIC_BASE_URL",
            "is a private address",
            "Twilio reaches public addresses only.",
            "Write the public host name, or that of your tunnel.",
            Severity.WARNING,
        )
    if not is_loopback(stream.hostname) and (stream.scheme != "wss" or stream.port is not None):
        yield Problem(
            "STREAM_URL" if settings.stream_url_given else "PUBLIC_BASE_URL",
            "does not give a wss media address without a port",
            "Twilio opens media sockets on wss, port 443, and signs the address without a port (error 31922).",
            "Serve it on port 443 and leave the port out.",
            Severity.FAILURE,
        )


def _twilio(settings: "Settings") -> Iterator[Problem]:
    has_token = _is_set(settings.twilio_auth_token)
    if not has_token and (settings.twilio_account_sid or not settings.is_local):
        yield Problem(
            "TWILIO_AUTH_TOKEN",
            "is missing",
            "Without it no webhook can be believed: every phone call is refused with 403.",
            "Copy the Auth Token from the Twilio console.",
            Severity.FAILURE,
        )
    if has_token and not settings.twilio_account_sid:
        yield Problem(
            "TWILIO_ACCOUNT_SID",
            "is missing",
            "Incoming calls work; placing and ending calls does not.",
            "Copy the Account SID from the Twilio console.",
            Severity.WARNING,
        )
    if settings.twilio_account_sid and settings.is_local and not _is_local_url(settings.twilio_base_url):
        yield Problem(
            "PUBLIC_BASE_URL",
            "is this machine, while a Twilio account is set",
            "Twilio cannot reach localhost: real calls will not arrive.",
            "Start a tunnel and write its https address.",
            Severity.WARNING,
        )


def _token_secret(settings: "Settings") -> Iterator[Problem]:
    from switchboard.settings import LOCAL_TOKEN_SECRET  # noqa: PLC0415 - settings imports this module

    given = settings.token_secret_given.get_secret_value()
    why = "Anyone could open a media socket in a caller's name."
    if not settings.is_local and given in ("", LOCAL_TOKEN_SECRET):
        what = "is the public default" if given else "is missing"
        yield Problem("SWITCHBOARD_STREAM_TOKEN_SECRET", what, why, SECRET_FIX, Severity.FAILURE)
    elif not given and not is_loopback(settings.host):
        what = "is missing, while the gateway listens beyond this machine"
        yield Problem("SWITCHBOARD_STREAM_TOKEN_SECRET", what, why, SECRET_FIX, Severity.WARNING)


def _provider_keys(settings: "Settings") -> Iterator[Problem]:
    named = {*settings.asr, *settings.llm, *settings.tts}
    needs = (
        ("deepgram", "DEEPGRAM_API_KEY", _is_set(settings.deepgram_api_key)),
        ("anthropic", "ANTHROPIC_API_KEY", _is_set(settings.anthropic_api_key)),
        ("elevenlabs", "ELEVENLABS_API_KEY", _is_set(settings.elevenlabs_api_key)),
        ("bedrock", "BEDROCK_MODEL_ID", bool(settings.bedrock_model_id)),
        ("transcribe, bedrock or polly", "AWS_REGION", bool(settings.aws_region)),
    )
    for users, name, is_set in needs:
        if not is_set and named & set(re.split(r", | or ", users)):
            yield Problem(
                name,
                "is missing",
                f"{users.capitalize()} is named as a provider.",
                "Set it, or take the provider out of SWITCHBOARD_ASR, SWITCHBOARD_LLM and SWITCHBOARD_TTS.",
                Severity.FAILURE,
            )


def _exposure(settings: "Settings") -> Iterator[Problem]:
    if settings.is_local:
        return
    if settings.web_calls:
        yield Problem(
            "SWITCHBOARD_WEB_CALLS",
            "is on at a public address",
            "The softphone asks for no login: anyone can call at your expense.",
            "Set it to false, or put a login in front.",
            Severity.WARNING,
        )
    for name, providers in (
        ("SWITCHBOARD_ASR", settings.asr),
        ("SWITCHBOARD_LLM", settings.llm),
        ("SWITCHBOARD_TTS", settings.tts),
    ):
        if providers[0] == "embedded":
            yield Problem(
                name,
                "prefers the embedded provider at a public address",
                "It is made for demo and tests and understands a small domain only.",
                "Name a vendor first.",
                Severity.WARNING,
            )


def _aws(settings: "Settings") -> Iterator[Problem]:
    if settings.secrets_id and not settings.aws_region:
        yield Problem(
            "AWS_REGION",
            "is missing",
            "SWITCHBOARD_SECRETS_ID cannot be read without it.",
            "Write a region such as us-east-1.",
            Severity.FAILURE,
        )
    if settings.store != "aws":
        return
    fix = "Copy it from the outputs of the deployment, or set SWITCHBOARD_STORE=embedded."
    needed = (
        ("AWS_REGION", settings.aws_region, "No AWS service can be reached."),
        ("SWITCHBOARD_CALLS_TABLE", settings.calls_table, "Calls could not survive the loss of a task."),
        (
            "SWITCHBOARD_CONFIGURATION_BUCKET",
            settings.configuration_bucket,
            "Nobody would know which tenant a number belongs to.",
        ),
    )
    for name, value, why in needed:
        if not value:
            yield Problem(name, "is missing", why, fix, Severity.FAILURE)
    wanted = (
        (
            "SWITCHBOARD_TENANT_ROLE_ARN",
            settings.tenant_role_arn or settings.aws_endpoint_url,
            "Tenants are kept apart by our code only, not by IAM.",
        ),
        (
            "SWITCHBOARD_CALL_EVENTS_QUEUE_URL",
            settings.call_events_queue_url,
            "No workflow starts when a call has ended.",
        ),
        ("SWITCHBOARD_FACTS_STREAM", settings.facts_stream, "Analytics learns of no call."),
        (
            "SWITCHBOARD_SECRETS_ID",
            settings.secrets_id,
            "Secrets come from the environment, and rotate only with a restart.",
        ),
    )
    for name, value, why in wanted:
        if not value:
            yield Problem(name, "is missing", why, fix, Severity.WARNING)


def _is_set(secret: "SecretStr") -> bool:
    return bool(secret.get_secret_value())


def _is_local_url(url: str) -> bool:
    return is_loopback(urlsplit(url).hostname)


def _is_private(host: str | None) -> bool:
    try:
        return ipaddress.ip_address(host or "").is_private
    except ValueError:
        return False
