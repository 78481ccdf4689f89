"""A local cloud in a process of its own, as `make up` runs it, for tests: everything else is boto3."""

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[2]
WAIT_S = 60.0
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class LocalCloud:
    """A running cloud: `about` is what `python -m cdk.local serve` says of itself."""

    about: dict[str, Any]
    process: "subprocess.Popen[str]"
    log_dir: Path

    @property
    def endpoint_url(self) -> str:
        return str(self.about["endpoint_url"])

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which any program uses this cloud."""
        return dict(self.about["environment"])

    @cache  # noqa: B019 - one cloud lives as long as its tests
    def client(self, service: str) -> Any:
        """A boto3 client on this cloud."""
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    def name(self, prefix: str) -> str:
        """The physical name of the one resource whose logical id begins with `prefix` (`stack/Prefix` to be exact)."""
        stack, _, logical = prefix.rpartition("/")
        names = self.about["names"]
        found = [
            ref
            for key, ref in names.items()
            if key.rpartition("/")[2].startswith(logical) and stack in key.rpartition("/")[0]
        ]
        exact = [ref for key, ref in names.items() if key.rpartition("/")[2] == logical]
        assert len(exact or found) == 1, f"{prefix}: {[key for key in names if logical in key]}"
        return str((exact or found)[0])

    def parameter(self, name: str) -> str:
        """What a stack publishes: `parameter("calls-table-name")`."""
        found = self.client("ssm").get_parameter(Name=f"/switchboard/starter/{name}")
        return str(found["Parameter"]["Value"])

    def invoke(self, function: str, event: Any) -> Any:
        """Run a function (its folder under lambdas/, or its name) and return its answer; raises on a function's error."""
        name = self.about["functions"].get(function, function)
        answer = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
        payload = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            raise FunctionFailed(payload)
        return payload

    def run_workflow(self, name: str, given: Any) -> dict[str, Any]:
        """Run a workflow (`PostCall` or `post_call`) to its end; returns status, output, error and cause."""
        known = {key.lower(): arn for key, arn in self.about["workflows"].items()}
        arn = known[name.replace("_", "").lower()]
        states = self.client("stepfunctions")
        started = states.start_execution(stateMachineArn=arn, name=str(uuid.uuid4()), input=json.dumps(given))

        def finished() -> dict[str, Any] | None:
            described = states.describe_execution(executionArn=started["executionArn"])
            return dict(described) if described["status"] != "RUNNING" else None

        described = wait_for(finished, what=f"the end of {name}")
        output = described.get("output")
        return described | {"output": json.loads(output) if output else None}

    def log(self, function: str) -> str:
        """What a function has written so far."""
        path = self.log_dir / f"{function}.log"
        return path.read_text() if path.exists() else ""


class FunctionFailed(Exception):
    """A function answered with an error; `payload` has errorType and errorMessage."""

    def __init__(self, payload: Any) -> None:
        super().__init__(json.dumps(payload))
        self.payload = payload


@contextmanager
def running_cloud(log_dir: Path, *, assembly: Path | None = None) -> Iterator[LocalCloud]:
    """Run a cloud of `assembly`; without one, of the real templates, synthesised first if they are stale."""
    log_dir.mkdir(parents=True, exist_ok=True)
    chosen = ["--assembly", str(assembly)] if assembly else []
    with (
        (log_dir / "cloud.log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", "cdk.local", "serve", "--logs", str(log_dir), *chosen],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, f"the local cloud did not start:\n{(log_dir / 'cloud.log').read_text()}"
            yield LocalCloud(json.loads(line), process, log_dir)
        finally:
            process.stdin.close()  # the end of its input is the order to stop
            process.wait(timeout=WAIT_S)


def wait_for(probe: Callable[[], T | None], *, what: str, within_s: float = WAIT_S) -> T:
    """Return the first result of `probe` that is true; fails after `within_s`."""
    ends_s = time.monotonic() + within_s
    while not (found := probe()):
        assert time.monotonic() < ends_s, f"{what} did not come within {within_s} s"
        time.sleep(0.05)
    return found
