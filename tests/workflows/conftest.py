"""The real definitions on moto's interpreter, with the real handlers in this process, over loopback.

Differences from AWS: functions run one at a time and not in Lambda's runtime (tests/cloud does that), pauses between retries are
shortened, and the clock of the handlers is the test's.
"""

import base64
import importlib
import json
import re
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from cdk.local.emulator import Hooks, clients, emulator, environment
from cdk.local.runtime.api import Answer
from switchboard.adapters.aws import workflow_steps
from switchboard.adapters.aws.step_functions import execution_name
from switchboard.domain.subjects import Subject
from switchboard.ports.workflows import Workflow
from tests.fakes.loopback import Answer as Reply
from tests.fakes.loopback import Asked, FakeCustomerSystem, FakeTwilio, serve

ROOT = Path(__file__).parent.parent.parent
ACCOUNT, TOKEN = "AC" + "a" * 32, "token-of-the-account"
CRM_KEY = b"k" * 32
PUBLIC_URL = "https://voice.example.com"
NOON = 1795204800
"""20 November 2026, 12:00 in Los Angeles."""
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:"


class Context:
    """Lambda's, as far as Powertools reads it."""

    def __init__(self, name: str) -> None:
        self.function_name = name
        self.invoked_function_arn = FUNCTION + name
        self.aws_request_id = str(uuid.uuid4())
        self.memory_limit_in_mb = 512

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


class Cloud:
    """moto with our tables, bucket, stream and workflows, the vendors, and the functions."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.crash_after: list[str] = []
        self.invocations: list[str] = []
        self.facts: list[bytes] = []
        self.now_s = NOON
        self.variables: dict[str, str] = {}
        self.customer_system = FakeCustomerSystem(CRM_KEY)
        self.twilio = FakeTwilio(ACCOUNT, TOKEN)

    def invoke(self, arn: str, payload: bytes) -> Answer:
        """Run a function as Lambda would: an exception becomes an error payload."""
        name = arn.rpartition(":")[2]
        with self.lock:
            self.invocations.append(name)
            try:
                module = importlib.import_module(f"lambdas.{name}.handler")
                answer = module.handler(json.loads(payload), Context(name))
            except Exception as error:  # noqa: BLE001 - what the runtime does
                text = {"errorType": type(error).__name__, "errorMessage": str(error), "stackTrace": []}
                return Answer(json.dumps(text).encode(), is_error=True)
            if name in self.crash_after:
                # The function did its work and was ended before anybody heard of it (failure F37).
                self.crash_after.remove(name)
                return Answer(b'{"errorType": "Sandbox.Timedout", "errorMessage": ""}', is_error=True)
        return Answer(json.dumps(answer).encode(), is_error=False)

    def ask_customer_system(self, asked: Asked) -> Reply:
        return self.customer_system(asked)

    def ask_twilio(self, asked: Asked) -> Reply:
        return self.twilio(asked)

    def hooks(self) -> Hooks:
        return Hooks(
            invoke=self.invoke,
            invoke_later=lambda _arn, _payload: None,
            relay=lambda _target, _event: None,
            deliver=lambda _stream, lines: self.facts.extend(lines),
        )

    def create(self, endpoint_url: str) -> dict[str, str]:
        """Make what the stacks make; returns the functions' environment."""
        self.client = clients(endpoint_url)
        for table in ("wf-records", "wf-calls", "wf-idempotency"):
            self.client("dynamodb").create_table(
                TableName=table,
                KeySchema=[
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
                BillingMode="PAY_PER_REQUEST",
            )
        self.client("s3").create_bucket(Bucket="wf-recordings")
        self.client("firehose").create_delivery_stream(
            DeliveryStreamName="wf-facts",
            ExtendedS3DestinationConfiguration={
                "RoleARN": FUNCTION,
                "BucketARN": "arn:aws:s3:::wf-recordings",
            },
        )
        self.arns = {workflow: self._state_machine(workflow) for workflow in Workflow}
        return {
            **environment(endpoint_url),
            "SWITCHBOARD_RECORDS_TABLE": "wf-records",
            "SWITCHBOARD_CALLS_TABLE": "wf-calls",
            "SWITCHBOARD_IDEMPOTENCY_TABLE": "wf-idempotency",
            "SWITCHBOARD_RECORDINGS_BUCKET": "wf-recordings",
            "SWITCHBOARD_FACTS_STREAM": "wf-facts",
            "SWITCHBOARD_BATCH_ASR": "transcribe",
            "PUBLIC_BASE_URL": PUBLIC_URL,
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            **{f"SWITCHBOARD_{workflow.upper()}_ARN": arn for workflow, arn in self.arns.items()},
        }

    def _state_machine(self, workflow: Workflow) -> str:
        text = (ROOT / f"stepfunctions/{workflow}.asl.json").read_text()
        text = text.replace('"IntervalSeconds": 2', '"IntervalSeconds": 1')
        text = text.replace("? 15 : 60", "? 0 : 0")
        # The handlers' clock stands still: a long wait is cut short, and planned again.
        text = text.replace("{% $plan.wait_s %}", "{% $min([$plan.wait_s, 1]) %}")
        # moto overlooks an answer that comes while the function still runs; it then takes silence to go on.
        text = text.replace('"HeartbeatSeconds": 90', '"HeartbeatSeconds": 2')
        text = re.sub(r"\$\{(\w+)FunctionArn\}", lambda found: FUNCTION + snake(found[1]), text)
        made = self.client("stepfunctions").create_state_machine(
            name=f"wf-{workflow}", definition=text, roleArn="arn:aws:iam::123456789012:role/wf"
        )
        return str(made["stateMachineArn"])

    def start(self, workflow: Workflow, subject: Subject, *, name: str = "") -> str:
        """Start an execution, under its own name or, as no trigger would, one more under `name`."""
        made = self.client("stepfunctions").start_execution(
            stateMachineArn=self.arns[workflow],
            name=name or execution_name(workflow, subject),
            input=json.dumps({"tenant": subject.tenant, "kind": subject.kind, "id": subject.id}),
        )
        return str(made["executionArn"])

    def find(self, workflow: Workflow, subject: Subject) -> str:
        """The execution that a trigger has started."""
        machine = self.arns[workflow].replace(":stateMachine:", ":execution:")
        return f"{machine}:{execution_name(workflow, subject)}"

    def finish(self, execution: str, *, deadline_s: float = 30.0) -> str:
        """Wait for an execution's end and return its status."""
        ends = time.monotonic() + deadline_s
        while time.monotonic() < ends:
            status = self.client("stepfunctions").describe_execution(executionArn=execution)["status"]
            if status != "RUNNING":
                return str(status)
            time.sleep(0.02)  # moto tells nobody when an execution ends
        raise AssertionError("the execution does not end")

    def history(self, execution: str) -> str:
        """Everything that the execution's history holds, as text."""
        events = self.client("stepfunctions").get_execution_history(executionArn=execution, maxResults=1000)
        return json.dumps(events["events"], default=str)

    def records(self, subject: Subject) -> dict[str, bytes]:
        """What is stored for a subject: records and objects."""
        answer = self.client("dynamodb").query(
            TableName="wf-records",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": subject.record_key}},
        )
        found = {item["sk"]["S"]: item["body"]["S"].encode() for item in answer["Items"]}
        listed = self.client("s3").list_objects_v2(Bucket="wf-recordings", Prefix=subject.folder)
        for each in listed.get("Contents", ()):
            body = self.client("s3").get_object(Bucket="wf-recordings", Key=each["Key"])["Body"].read()
            found[each["Key"].removeprefix(subject.folder)] = body
        return found

    def put(self, subject: Subject, name: str, content: bytes) -> None:
        self.client("s3").put_object(Bucket="wf-recordings", Key=subject.folder + name, Body=content)

    def facts_of(self, subject: Subject) -> list[Any]:
        """The facts told of a subject, each once however often it was told."""
        told = {line for line in self.facts if f'"{subject.kind}.{subject.id}.outcome"'.encode() in line}
        return [json.loads(line) for line in sorted(told)]


def snake(pascal: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", pascal).lower()


@pytest.fixture(scope="session")
def shared_cloud() -> Iterator[Cloud]:
    cloud = Cloud()
    patch = pytest.MonkeyPatch()
    with ExitStack() as stack:
        stack.callback(patch.undo)
        url = stack.enter_context(emulator(cloud.hooks()))
        variables = cloud.create(url)
        crm_url = stack.enter_context(serve(cloud.ask_customer_system))
        variables["TWILIO_BASE_URL"] = stack.enter_context(serve(cloud.ask_twilio))
        secret = "whsec_" + base64.b64encode(CRM_KEY).decode()
        variables["SWITCHBOARD_CRM_WEBHOOKS"] = json.dumps({"acme": {"url": crm_url, "secret": secret}})
        cloud.variables = variables
        workflow_steps.process.close()
        stack.callback(workflow_steps.process.close)
        yield cloud


@pytest.fixture
def cloud(shared_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """The shared cloud, with this test's environment, clock and vendors."""
    for name, value in shared_cloud.variables.items():
        monkeypatch.setenv(name, value)
    shared_cloud.now_s = NOON
    shared_cloud.crash_after.clear()
    shared_cloud.invocations.clear()
    shared_cloud.customer_system = FakeCustomerSystem(CRM_KEY)
    shared_cloud.twilio = FakeTwilio(ACCOUNT, TOKEN)
    for name in ("plan_callback", "dial_callback", "tell_outcome", "report_callback", "receive_voicemail"):
        module = importlib.import_module(f"lambdas.{name}.handler")
        monkeypatch.setattr(module, "now_s", lambda: shared_cloud.now_s)
    return shared_cloud
