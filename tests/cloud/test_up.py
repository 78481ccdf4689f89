"""`make up` as a person runs it: everything on the local cloud, one address, and nothing left after Ctrl-C."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import httpx2
import psutil
import pytest

from cdk.local.tenants import NUMBER
from switchboard.cli.phone import Phone
from tests.cloud.local_cloud import ROOT, wait_for

pytestmark = pytest.mark.wire

SETTINGS = {"TWILIO_AUTH_TOKEN": "t" * 32, "SWITCHBOARD_HANDOVER_NUMBER": "+15005550009"}
CALL_S = 60.0
READY_S = 240.0
"""Synthesis and the loading of speech models on a busy machine."""


class Platform:
    """A running `python -m cdk.local up` and what it has said so far."""

    def __init__(self, process: "subprocess.Popen[bytes]", url: str, log_dir: Path) -> None:
        self.process = process
        self.url = url
        self.log_dir = log_dir

    @property
    def said(self) -> str:
        return (self.log_dir / "said").read_text()

    def item(self, table: str, pk: str, sk: str) -> dict[str, Any] | None:
        """A row of a table, through the endpoint that the person is told."""
        lines = (self.log_dir / "aws.env").read_text().splitlines()
        given = dict(line.removeprefix("export ").split("=", 1) for line in lines if "export" in line)
        client = partial(
            boto3.client,
            endpoint_url=given["AWS_ENDPOINT_URL"],
            region_name=given["AWS_REGION"],
            aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
        )
        name = client("ssm").get_parameter(Name=f"/switchboard/starter/{table}-table-name")["Parameter"][
            "Value"
        ]
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        found: dict[str, Any] | None = client("dynamodb").get_item(TableName=name, Key=key).get("Item")
        return found

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.said
        try:
            return httpx2.get(f"{self.url}/ready", trust_env=False).status_code == 200
        except httpx2.TransportError:
            return False


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with (
        (tmp_path / "said").open("wb") as said,
        subprocess.Popen(
            [sys.executable, "-m", "cdk.local", "up", "--logs", str(tmp_path)],
            cwd=ROOT,
            env={**os.environ, **SETTINGS, "PUBLIC_BASE_URL": url},
            stdout=said,
            stderr=said,
        ) as process,
    ):
        running = Platform(process, url, tmp_path)
        try:
            wait_for(running.is_ready, what="readiness", within_s=READY_S)
            yield running
        finally:
            process.kill()


async def test_a_call_goes_through_functions_gateway_and_tables_and_ctrl_c_leaves_nothing(platform: Platform):
    """The webhooks' function answers, the gateway talks, and what the one has stored the other reads when the call leaves."""
    phone = Phone(
        voice_url=f"{platform.url}/twilio/voice",
        auth_token=SETTINGS["TWILIO_AUTH_TOKEN"],
        account_sid="AC" + "d" * 32,
        from_number="+15005550006",
        to_number=NUMBER,
    )
    forged = httpx2.post(f"{platform.url}/twilio/voice", data={"CallSid": "CA1"}, trust_env=False)
    await phone.dial()
    talking = asyncio.create_task(phone.talk())
    async with asyncio.timeout(CALL_S):
        while not phone.agent_speaking:  # noqa: ASYNC110 - the telephone hears; it tells nobody
            await asyncio.sleep(0.05)
        await phone.press("0")
        await talking
    verbs = await phone.follow_redirect()
    stored = platform.item("calls", f"default#call#{phone.call_sid}", "checkpoint")
    processes = psutil.Process(platform.process.pid).children(recursive=True)

    platform.process.send_signal(signal.SIGINT)
    platform.process.wait(timeout=30)

    assert forged.status_code == 403
    assert verbs == ["Say", "Dial"]
    assert stored is not None
    assert platform.process.returncode == 0
    assert len(processes) >= 5  # two functions, switchboard up, the gateway and the softphone
    assert psutil.wait_procs(processes, timeout=5)[1] == []
    assert f"{platform.url}\n" in platform.said
