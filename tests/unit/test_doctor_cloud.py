"""`switchboard doctor --cloud` against a cloud on loopback: what is well, what is not, and what to do about it."""

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import boto3
import pytest

from switchboard.cli import doctor_cloud
from switchboard.cli.doctor import run_cloud_doctor
from switchboard.cli.doctor_cloud import BOOTSTRAP_PARAMETER, STACKS, Cloud

ACCOUNT = "AC" + "a" * 32
SECRET = {
    "TWILIO_ACCOUNT_SID": ACCOUNT,
    "TWILIO_AUTH_TOKEN": "the-token",
    "SWITCHBOARD_STREAM_TOKEN_SECRET": "x" * 40,
    "DEEPGRAM_API_KEY": "dg-key",
}
# moto knows the quotas of VPC only; the codes of the real ones are data.
QUOTA = ("vpc", "L-45FE3B85", "addresses", 5, "a test")


class Edge(BaseHTTPRequestHandler):
    """Webhook, fallback and Twilio's list of numbers at one address."""

    numbers: ClassVar[list[dict[str, str]]] = []
    healthy = True

    def do_GET(self) -> None:
        self._answer(200, json.dumps({"incoming_phone_numbers": self.numbers}).encode())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._answer(403 if self.path == "/twilio/voice" else 200, b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status if self.healthy else 502)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


@pytest.fixture
def edge() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Edge)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    Edge.healthy, Edge.numbers = True, []


@pytest.fixture
def cloud(moto_url: str, edge: str, request, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """A deployment of its own for each test."""
    monkeypatch.setattr(doctor_cloud, "QUOTAS", (QUOTA,))
    environment = f"e{abs(hash(request.node.name)) % 10**8}"
    session = boto3.Session("key", "secret", region_name="us-east-1")
    return Cloud(environment, session, endpoint_url=moto_url, twilio_url=edge)


def deploy(cloud: Cloud, edge: str, *, without: tuple[str, ...] = ()) -> None:
    addresses = {"WebhookUrl": f"{edge}/twilio/voice", "FallbackUrl": f"{edge}/fallback.xml"}
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {name: {"Value": url} for name, url in addresses.items()},
    }
    for name in STACKS:
        if name not in without:
            stack = f"Switchboard-{cloud.environment}-{name}"
            cloud.client("cloudformation").create_stack(StackName=stack, TemplateBody=json.dumps(template))
    cloud.client("ssm").put_parameter(Name=BOOTSTRAP_PARAMETER, Value="25", Type="String", Overwrite=True)
    secrets = cloud.client("secretsmanager")
    secrets.create_secret(Name=f"switchboard/{cloud.environment}/providers", SecretString=json.dumps(SECRET))
    Edge.numbers = [number(edge)]


def number(edge: str, **other: str) -> dict[str, str]:
    usual = {"voice_url": f"{edge}/twilio/voice", "voice_fallback_url": f"{edge}/fallback.xml"}
    return {"phone_number": "+14155550123", **usual, **other}


def examine(cloud: Cloud) -> tuple[int, dict[str, tuple[str, str, str]]]:
    out = io.StringIO()
    code = run_cloud_doctor(cloud, as_json=True, out=out)
    assert "the-token" not in out.getvalue()
    checks = json.loads(out.getvalue())["checks"]
    return code, {each["name"]: (each["status"], each["message"], each["hint"]) for each in checks}


def test_healthy_deployment(cloud: Cloud, edge: str):
    """All is well: exit code 0, and every stack, number and secret is named."""
    deploy(cloud, edge)
    code, checks = examine(cloud)

    assert 0 == code, checks
    assert {*STACKS, "credentials", "CDK bootstrap", "providers", "+14155550123"} <= checks.keys()
    assert checks["providers"][1] == "complete; vendors with a key: deepgram"


def test_nothing_deployed(cloud: Cloud):
    """An empty account gets the commands to begin with, all in one run."""
    code, checks = examine(cloud)

    assert 2 == code
    assert "make deploy" in checks["data"][2]
    assert checks["secret"][1] == "GetSecretValue was refused: ResourceNotFoundException"


def test_missing_stack_and_incomplete_secret(cloud: Cloud, edge: str):
    """What is missing is named, not guessed at."""
    deploy(cloud, edge, without=("voice",))
    cloud.client("secretsmanager").put_secret_value(
        SecretId=f"switchboard/{cloud.environment}/providers",
        SecretString=json.dumps({"TWILIO_ACCOUNT_SID": ACCOUNT}),
    )
    code, checks = examine(cloud)

    assert 2 == code
    assert checks["voice"][:2] == ("fail", "not deployed")
    assert checks["providers"][1] == "lacks TWILIO_AUTH_TOKEN, SWITCHBOARD_STREAM_TOKEN_SECRET"


def test_secret_that_is_no_object(cloud: Cloud, edge: str):
    """A secret in another shape is told as that."""
    deploy(cloud, edge)
    cloud.client("secretsmanager").put_secret_value(
        SecretId=f"switchboard/{cloud.environment}/providers", SecretString="the-token"
    )

    assert "is not a JSON object of strings" == examine(cloud)[1]["providers"][1]


def test_given_up_messages_and_alarms(cloud: Cloud, edge: str):
    """A message in a dead-letter queue and an alarm are warnings with a place to read on."""
    deploy(cloud, edge)
    sqs, prefix = cloud.client("sqs"), f"Switchboard-{cloud.environment}-"
    queue = sqs.create_queue(QueueName=f"{prefix}data-CallEventsDeadLetters")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="{}")
    watch = cloud.client("cloudwatch")
    watch.put_metric_alarm(
        AlarmName=f"{prefix}Slow", AlarmDescription="docs/operate/slow.md", MetricName="x", Namespace="y",
        Period=60, EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold", Statistic="Sum",
    )  # fmt: skip
    watch.set_alarm_state(AlarmName=f"{prefix}Slow", StateValue="ALARM", StateReason="test")
    code, checks = examine(cloud)

    assert 1 == code
    assert checks[f"{prefix}data-CallEventsDeadLetters"][1] == "1 messages were given up"
    assert checks[f"{prefix}Slow"] == ("warn", "in alarm", "docs/operate/slow.md")


@pytest.mark.parametrize(
    ("other", "name", "outcome"),
    [
        ({"voice_fallback_url": ""}, "+14155550123", "warn"),
        ({"voice_url": "https://elsewhere.example/voice"}, "numbers", "fail"),
    ],
)
def test_numbers(cloud: Cloud, edge: str, other, name, outcome):
    """A number that rings elsewhere, or has no fallback, is told with what to set."""
    deploy(cloud, edge)
    Edge.numbers = [number(edge, **other)]
    checks = examine(cloud)[1]

    assert outcome == checks[name][0]
    assert edge in checks[name][2]


def test_edge_that_fails(cloud: Cloud, edge: str):
    """A webhook that answers 502 is a failure."""
    deploy(cloud, edge)
    Edge.healthy = False

    assert "answers 502 to a forged request, not 403" in examine(cloud)[1]["voice webhook"][1]


def test_small_quota(cloud: Cloud, monkeypatch: pytest.MonkeyPatch):
    """A quota below need says how much to ask for."""
    monkeypatch.setattr(doctor_cloud, "QUOTAS", ((*QUOTA[:3], 10**6, "room to grow"),))

    assert "Ask AWS for at least 1000000" in examine(cloud)[1]["addresses"][2]


def test_without_region(monkeypatch: pytest.MonkeyPatch):
    """Without a region there is one thing to say."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    code, checks = examine(Cloud("starter", boto3.Session("key", "secret")))

    assert (2, ["region"]) == (code, list(checks))


def test_unreachable_aws():
    """No answer from AWS is a line of the report, not a crash."""
    session = boto3.Session("key", "secret", region_name="us-east-1")
    code, checks = examine(Cloud("starter", session, endpoint_url="http://127.0.0.1:9"))

    assert (2, "EndpointConnectionError") == (code, checks["identity"][1])
