"""What people who deploy give, and what they are told when it cannot work."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from cdk import credentials
from cdk.checks.templates import Assembly
from cdk.deployment import Deployment
from switchboard.settings import Settings, env_name

ROOT = Path(__file__).resolve().parents[2]
SECRET = "switchboard/starter/providers"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"domain": "https://voice.example.com"}, "not a domain name"),
        ({"domain": "voice.example.com"}, "needs a certificate"),
        ({"handover_number": "555"}, r"not like \+1"),
        ({"certificate_arn": "mine"}, "not the ARN"),
        (
            {
                "domain": "voice.example.com",
                "hosted_zone_id": "Z1",
                "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/1-2",
            },
            "not both",
        ),
    ],
)
def test_what_cannot_work_is_refused_at_once(given, says):
    """Not by CloudFormation half an hour later."""
    with pytest.raises(ValueError, match=says):
        Deployment(**given)


def test_addresses_follow_from_the_domain():
    """Webhooks and media have names of their own below one domain."""
    found = Deployment(domain="voice.example.com", hosted_zone_id="Z1")

    assert found.public_base_url == "https://voice.example.com"
    assert found.stream_url == "wss://media.voice.example.com/twilio/stream"


def test_the_model_stays_in_its_geography():
    """A default where one is known; elsewhere it must be given."""
    assert Deployment().model_id("eu-west-1").startswith("eu.anthropic.")
    assert Deployment(bedrock_model_id="x.y").model_id("sa-east-1") == "x.y"
    with pytest.raises(ValueError, match="-c bedrock_model_id="):
        Deployment().model_id("sa-east-1")


def test_with_a_domain_nothing_is_left_to_enter(tmp_path):
    """Certificates and records are made in the zone; only the carrier has to be told."""
    given = ("environment=starter", "domain=voice.example.com", "hosted_zone_id=Z0123456789ABC")
    options = [word for each in given for word in ("-c", each)]
    subprocess.run(
        [sys.executable, "-m", "cdk.app", *options, "-o", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    voice, telephony = (
        json.loads((tmp_path / f"{name}.template.json").read_text()) for name in ("voice", "telephony")
    )

    for template, name in ((voice, "media.voice.example.com"), (telephony, "voice.example.com")):
        made = {each["Type"]: each["Properties"] for each in template["Resources"].values()}
        assert made["AWS::CertificateManager::Certificate"]["DomainName"] == name
        assert made["AWS::Route53::RecordSet"]["Name"] == f"{name}."
        assert "CertificateArn" not in template["Parameters"]
    assert telephony["Outputs"]["WebhookUrl"]["Value"] == "https://voice.example.com/twilio/voice"
    assert voice["Outputs"]["StreamUrl"]["Value"] == "wss://media.voice.example.com/twilio/stream"


def test_without_a_domain_nothing_is_deployed_by_mistake(assembly: Assembly):
    """The templates ask for a certificate, and have no default for it."""
    for name in ("voice", "telephony"):
        assert "Default" not in assembly.templates[name]["Parameters"]["CertificateArn"]


def test_credentials_are_all_secret_settings_but_our_own():
    """What is copied from .env is what the settings hold as secrets; our own secret was made by the stack."""
    secrets = {
        env_name(field) for field in Settings.model_fields.values() if "SecretStr" in str(field.annotation)
    }

    assert set(credentials.NAMES) == (secrets | {"TWILIO_ACCOUNT_SID"}) - {"SWITCHBOARD_STREAM_TOKEN_SECRET"}


@pytest.fixture
def session(aws_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    """An account with the secret as the data stack makes it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_url)
    made = boto3.Session(region_name="us-east-1")
    client = made.client("secretsmanager")
    client.create_secret(Name=SECRET, SecretString='{"SWITCHBOARD_STREAM_TOKEN_SECRET": "ours"}')
    yield made
    client.delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)


def held(session) -> dict[str, str]:
    found: dict[str, str] = json.loads(
        session.client("secretsmanager").get_secret_value(SecretId=SECRET)["SecretString"]
    )
    return found


def test_credentials_are_added_to_what_the_secret_holds(session):
    """Known names only; a second run with less takes nothing away."""
    given = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t", "HOME": "/root", "DEEPGRAM_API_KEY": ""}

    assert credentials.put(session, SECRET, given) == ""
    assert credentials.put(session, SECRET, {}) == ""
    assert held(session) == {
        "SWITCHBOARD_STREAM_TOKEN_SECRET": "ours",
        "TWILIO_ACCOUNT_SID": "AC1",
        "TWILIO_AUTH_TOKEN": "t",
    }


def test_missing_credentials_stop_the_deployment(session, monkeypatch, tmp_path, capsys):
    """Before gateways are made that could not start; the message names what is missing and where to write it."""
    monkeypatch.chdir(tmp_path)
    for name in credentials.NAMES:
        monkeypatch.delenv(name, raising=False)

    assert credentials.main(["starter", "--region", "us-east-1"]) == 1
    said = capsys.readouterr().out
    assert "TWILIO_ACCOUNT_SID and no TWILIO_AUTH_TOKEN" in said
    assert ".env" in said


def test_a_secret_that_is_not_there(session, capsys):
    """An environment that was not deployed is a sentence, not a traceback."""
    assert credentials.main(["growth", "--region", "us-east-1"]) == 1
    assert "switchboard/growth/providers cannot be read" in capsys.readouterr().out
