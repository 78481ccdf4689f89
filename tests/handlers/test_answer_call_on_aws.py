"""The telephony webhooks with everything they need in AWS: the dialled number's tenant, its rows, and the end of the call."""

import base64
import hashlib
import hmac
import re

import pytest
from fastapi.testclient import TestClient

from lambdas.answer_call import handler as module
from switchboard.adapters.aws import workers
from switchboard.domain.stream_tokens import verify
from tests.fakes.aws_deployment import AUTH_TOKEN, TOKEN_SECRET, Deployment
from tests.fakes.aws_server import client
from tests.fakes.tenants import tenant

NUMBER = "+14155550101"
CALL = "CA" + "1" * 32
FORM = {"CallSid": CALL, "AccountSid": "AC" + "2" * 32, "From": "+14155550199", "To": NUMBER}


@pytest.fixture
def deployment(aws_url: str, tmp_path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    deployment = Deployment(aws_url, tenant("acme", numbers=(NUMBER,)))
    monkeypatch.chdir(tmp_path)
    for name, value in deployment.environ(tmp_path / "copy.json").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(module, "configure_logging", lambda: None)
    # moto on a busy machine takes longer than DynamoDB.
    monkeypatch.setattr(
        workers.client_config, "__kwdefaults__", {"connect_timeout_s": 30, "read_timeout_s": 30}
    )
    monkeypatch.setattr(module, "FRESHEN_TIMEOUT_S", 30.0)
    return deployment


def post(http: TestClient, path: str, **changes: str):
    form = {**FORM, **changes}
    text = f"https://voice.example.com{path}" + "".join(name + form[name] for name in sorted(form))
    signature = base64.b64encode(hmac.digest(AUTH_TOKEN.encode(), text.encode(), hashlib.sha1)).decode()
    return http.post(path, data=form, headers={"X-Twilio-Signature": signature})


@pytest.mark.wire
def test_a_call_from_ring_to_end(deployment: Deployment):
    """Settings from the secret, the tenant from the snapshot, progress under the tenant's key, and one event at the end."""
    with TestClient(module.create_app()) as http:
        answer = post(http, "/twilio/voice")
        token = re.findall(r'name="token" value="([^"]+)"', answer.text)[0]
        assert verify(TOKEN_SECRET, token, call_sid=CALL, now_s=0).tenant == "acme"
        assert "not in service" in post(http, "/twilio/voice", To="+14155550102").text

        # A gateway claims the call and dies without a word.
        client("dynamodb", deployment.url).put_item(
            TableName=deployment.name,
            Item={
                "pk": {"S": f"acme#call#{CALL}"},
                "sk": {"S": "checkpoint"},
                "fence": {"N": "1"},
                "next_step": {"S": "resume"},
                "claim_id": {"S": "x"},
                "saves": {"N": "0"},
                "expires_at_s": {"N": "99999999999"},
            },
        )
        assert 'name="resume" value="1"' in post(http, "/twilio/resume").text
        for _ in range(2):
            assert post(http, "/twilio/status", CallStatus="completed", SequenceNumber="3").status_code == 204
    (event,) = deployment.events()
    assert {
        "type": "CallEnded",
        "version": 1,
        "tenant": "acme",
        "call_id": CALL,
        "disposition": "caller_hung_up",
    }.items() <= event.items()
    rows = client("dynamodb", deployment.url).scan(TableName=deployment.name)["Items"]
    assert {f"acme#call#{CALL}"} == {row["pk"]["S"] for row in rows}
