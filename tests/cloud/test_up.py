"""`make up` as a person runs it: everything on the local cloud, one address, and nothing left after Ctrl-C."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.cloud.local_cloud import ROOT, wait_for

pytestmark = pytest.mark.wire

READY_S = 120.0
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
            env={**os.environ, "PUBLIC_BASE_URL": url, "SWITCHBOARD_STATE_PATH": str(tmp_path / "state")},
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


def test_webhooks_are_answered_by_the_function_and_ctrl_c_leaves_nothing(platform: Platform):
    """A forged webhook goes the way of a real one, through the API's stand-in into the function, which refuses it."""
    forged = httpx2.post(f"{platform.url}/twilio/voice", data={"CallSid": "CA1"}, trust_env=False)
    page = httpx2.get(platform.url, trust_env=False)
    processes = psutil.Process(platform.process.pid).children(recursive=True)

    platform.process.send_signal(signal.SIGINT)
    platform.process.wait(timeout=30)

    assert forged.status_code == 403
    assert "webhook refused" in (platform.log_dir / "logs" / "answer_call.log").read_text()
    assert "Switchboard" in page.text
    assert platform.process.returncode == 0
    assert len(processes) >= 4  # the function, switchboard up, the gateway and the softphone
    assert psutil.wait_procs(processes, timeout=5)[1] == []
    assert f"{platform.url}\n" in platform.said
    assert "AWS_ENDPOINT_URL=http://127.0.0.1:" in (platform.log_dir / "aws.env").read_text()
