"""What a deployment consists of for the gateway and the webhooks, on moto, with one published tenant."""

import uuid
from typing import Any

import msgspec

from switchboard.adapters.aws.tenant_directory import SNAPSHOT_KEY
from switchboard.domain.configuration_snapshot import Snapshot, seal
from switchboard.domain.tenants import Tenant
from tests.fakes.aws_server import REGION, client, make_table

TOKEN_SECRET = "t" * 40
AUTH_TOKEN = "a" * 32


class Deployment:
    """Everything has the same, unique name."""

    def __init__(self, url: str, *tenants: Tenant) -> None:
        self.url = url
        self.name = f"switchboard-{uuid.uuid4().hex}"
        make_table(url, self.name)
        client("s3", url).create_bucket(Bucket=self.name)
        client("s3", url).put_object(
            Bucket=self.name, Key=SNAPSHOT_KEY, Body=seal(Snapshot(1, tenants), TOKEN_SECRET)
        )
        self.queue_url = client("sqs", url).create_queue(QueueName=self.name)["QueueUrl"]
        secret = {"SWITCHBOARD_STREAM_TOKEN_SECRET": TOKEN_SECRET, "TWILIO_AUTH_TOKEN": AUTH_TOKEN}
        client("secretsmanager", url).create_secret(
            Name=self.name, SecretString=msgspec.json.encode(secret).decode()
        )

    def environ(self, copy_path: Any) -> dict[str, str]:
        return {
            "PUBLIC_BASE_URL": "https://voice.example.com",
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            "SWITCHBOARD_STORE": "aws",
            "SWITCHBOARD_CALLS_TABLE": self.name,
            "SWITCHBOARD_CONFIGURATION_BUCKET": self.name,
            "SWITCHBOARD_CONFIGURATION_COPY": str(copy_path),
            "SWITCHBOARD_CALL_EVENTS_QUEUE_URL": self.queue_url,
            "SWITCHBOARD_SECRETS_ID": self.name,
            "SWITCHBOARD_TENANT_ROLE_ARN": "arn:aws:iam::123456789012:role/tenant-calls",
        }

    def events(self) -> list[Any]:
        messages = client("sqs", self.url).receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10)
        return [msgspec.json.decode(each["Body"]) for each in messages.get("Messages", [])]
