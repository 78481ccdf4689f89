"""What a deployed platform gets from people and this machine gives itself: addresses, vendors, keys."""

import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dotenv import dotenv_values

DEFAULTS: Mapping[str, str] = {
    "PUBLIC_BASE_URL": "http://localhost:8080",
    "STREAM_URL": "",
    "SWITCHBOARD_ASR": "embedded",
    "SWITCHBOARD_LLM": "embedded",
    "SWITCHBOARD_TTS": "embedded",
    "SWITCHBOARD_BATCH_ASR": "",
    "SWITCHBOARD_DEEP_LLM": "",
    "SWITCHBOARD_HANDOVER_NUMBER": "",
    "SWITCHBOARD_DRAIN_GRACE_S": "2",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "",  # there is no collector here
}
"""Settings whose deployed values mean nothing on this machine."""
SECRET_NAMES = (
    "TWILIO_AUTH_TOKEN",
    "SWITCHBOARD_STREAM_TOKEN_SECRET",
    "DEEPGRAM_API_KEY",
    "ANTHROPIC_API_KEY",
    "ELEVENLABS_API_KEY",
)
"""The keys of the providers' secret; the first two are made up where nobody gives them."""
_VENDORS = tuple(name for name in DEFAULTS if name.endswith(("_ASR", "_LLM", "_TTS")))
_ON_AWS = {"transcribe", "bedrock", "polly"}


class ProvidersError(Exception):
    """The person's settings cannot be served here; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Providers:
    """`settings` win over a template's values: what the person has set wins over everything. `secret` is what the
    providers' secret holds.
    """

    settings: Mapping[str, str]
    secret: Mapping[str, str]


def read_providers(environ: Mapping[str, str] | None = None) -> Providers:
    """Take what the person has set, in the environment or in `.env`, over the local defaults. Raises `ProvidersError`."""
    if environ is None:
        from_file = {name: value for name, value in dotenv_values(".env").items() if value is not None}
        environ = {**from_file, **os.environ}
    # Of AWS, nothing of the person's counts: neither account nor endpoint nor profile.
    person = {name: value for name, value in environ.items() if not name.startswith("AWS_")}
    settings = {**DEFAULTS, **person}
    for name in _VENDORS:
        if on_aws := _ON_AWS & {each.strip() for each in settings[name].lower().split(",")}:
            raise ProvidersError(
                f"{name} names {', '.join(sorted(on_aws))}, which the local cloud does not have. "
                f"For speech and models on AWS itself run .venv/bin/switchboard up; it keeps its state in SQLite."
            )
    secret = {name: environ[name] for name in SECRET_NAMES if environ.get(name)}
    for name in SECRET_NAMES[:2]:
        secret.setdefault(name, secrets.token_hex(32))
    return Providers(settings, secret)


def put_providers_secret(client: Callable[[str], Any], providers: Providers) -> None:
    """Give the providers' secret, if a template made it, its value."""
    manager = client("secretsmanager")
    for page in manager.get_paginator("list_secrets").paginate():
        for each in page["SecretList"]:
            if each["Name"].endswith("/providers"):
                manager.put_secret_value(
                    SecretId=each["ARN"], SecretString=json.dumps(dict(providers.secret))
                )
