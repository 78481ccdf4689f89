"""What this machine gives a platform that is made for AWS."""

import pytest

from cdk.local.providers import DEFAULTS, ProvidersError, read_providers
from cdk.local.runtime.spec import FunctionSpec
from cdk.local.runtime.worker import Worker


def test_without_settings_everything_is_embedded_and_local():
    """And the secrets that nobody gave are made up, long enough to be accepted."""
    providers = read_providers({})

    assert providers.settings == DEFAULTS
    assert set(providers.secret) == {"TWILIO_AUTH_TOKEN", "SWITCHBOARD_STREAM_TOKEN_SECRET"}
    assert min(map(len, providers.secret.values())) >= 32


def test_what_the_person_has_set_wins_except_for_the_way_to_aws():
    """A key goes into the secret; a profile of a real account goes nowhere."""
    given = {
        "SWITCHBOARD_ASR": "deepgram,embedded",
        "DEEPGRAM_API_KEY": "k" * 20,
        "AWS_PROFILE": "production",
    }
    providers = read_providers(given)

    assert providers.settings["SWITCHBOARD_ASR"] == "deepgram,embedded"
    assert providers.secret["DEEPGRAM_API_KEY"] == "k" * 20
    assert "AWS_PROFILE" not in providers.settings


@pytest.mark.parametrize("name", ["SWITCHBOARD_ASR", "SWITCHBOARD_LLM", "SWITCHBOARD_TTS"])
def test_a_vendor_that_is_aws_itself_is_refused_with_the_way_out(name):
    """The endpoint of every AWS client is moto's, which neither hears nor speaks."""
    vendor = {"SWITCHBOARD_ASR": "transcribe", "SWITCHBOARD_LLM": "bedrock", "SWITCHBOARD_TTS": "polly"}[name]

    with pytest.raises(ProvidersError, match="switchboard up"):
        read_providers({name: f"embedded, {vendor}"})


async def test_a_function_gets_this_machines_value_only_for_what_its_template_names(tmp_path):
    """An override must not add a variable that the function does not have on AWS."""
    spec = FunctionSpec(
        name="f",
        arn="arn:aws:lambda:us-east-1:123456789012:function:f",
        handler="f.handler",
        code_root=tmp_path,
        environment={"PUBLIC_BASE_URL": "https://voice.example.com", "SWITCHBOARD_STORE": "aws"},
    )
    worker = Worker(spec, environment={"AWS_REGION": "r"}, overrides=DEFAULTS, log_path=tmp_path / "f.log")

    seen = worker.variables()
    assert seen["PUBLIC_BASE_URL"] == "http://localhost:8080"
    assert seen["SWITCHBOARD_STORE"] == "aws"
    assert "SWITCHBOARD_ASR" not in seen
