"""The doctor's look at the secret that holds settings: what it says is what every process would start with."""

from collections.abc import Mapping

from switchboard.adapters.aws.secrets import SecretReader
from switchboard.cli.doctor_checks import CheckResult, Outcome
from switchboard.ports.errors import ProviderError
from switchboard.settings import Settings, env_name

GROUP, NAME = "Settings", "secret"


def with_secret(environ: Mapping[str, str]) -> tuple[dict[str, str], list[CheckResult]]:
    """The environment under the secret that it names, and what is to be said of the secret; nothing where none is named.

    Asks Secrets Manager, for some seconds at most. Names of keys are told, values never.
    """
    secret_id, region = (environ.get(name, "").strip() for name in ("SWITCHBOARD_SECRETS_ID", "AWS_REGION"))
    if not secret_id or not region:
        return dict(environ), []  # without a region, the settings' own check says so
    try:
        values = SecretReader(
            secret_id, region=region, endpoint_url=environ.get("AWS_ENDPOINT_URL") or None
        ).read()
    except ProviderError as error:
        hint = (
            "Check SWITCHBOARD_SECRETS_ID, the region, and the rights secretsmanager:GetSecretValue and kms:Decrypt. "
            "The secret must be a JSON object whose keys are names of settings."
        )
        return dict(environ), [
            CheckResult(GROUP, NAME, Outcome.FAIL, f"cannot be read: {error.reason}", hint)
        ]
    known = {env_name(field) for field in Settings.model_fields.values()}
    unknown = sorted(values.current.keys() - known)
    if unknown:
        hint = "Rename or remove them: keys are names of settings, see .env.example."
        result = CheckResult(GROUP, NAME, Outcome.WARN, f"holds unknown keys: {', '.join(unknown)}", hint)
    else:
        result = CheckResult(GROUP, NAME, Outcome.PASS, f"{len(values.current)} settings")
    return {**environ, **values.current}, [result]
