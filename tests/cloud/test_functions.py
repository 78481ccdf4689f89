"""Functions run as on Lambda: answers, errors, deadlines, warm reuse, concurrency, second attempts."""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.cloud.local_cloud import ROOT, FunctionFailed, LocalCloud, wait_for


def test_a_handler_sees_a_real_context_and_the_environment_of_its_template(small_cloud: LocalCloud):
    """Nothing of the starting process leaks in: what is not in the template is not on Lambda either."""
    seen = small_cloud.invoke(small_cloud.name("Plain"), {"do": "context"})

    assert seen["name"] == small_cloud.name("Plain")
    assert seen["arn"].endswith(f":function:{small_cloud.name('Plain')}")
    assert 3000 < seen["left_ms"] <= 5000
    assert seen["own"] == "mine"
    assert seen["home"] is None
    assert seen["request_id"] in small_cloud.log(small_cloud.name("Plain"))


def test_a_warm_environment_is_used_again(small_cloud: LocalCloud):
    """The module is imported once, and each invocation gets a request id of its own."""
    first = small_cloud.invoke(small_cloud.name("Plain"), {"do": "context"})
    second = small_cloud.invoke(small_cloud.name("Plain"), {"do": "context"})

    assert first["worker"] == second["worker"]
    assert second["events"] == first["events"] + 1
    assert first["request_id"] != second["request_id"]


def test_an_exception_is_reported_by_type_and_leaves_the_environment_warm(small_cloud: LocalCloud):
    """errorType, errorMessage and stackTrace are the runtime client's own."""
    before = small_cloud.invoke(small_cloud.name("Plain"), {"do": "context"})

    with pytest.raises(FunctionFailed) as failed:
        small_cloud.invoke(small_cloud.name("Plain"), {"do": "raise", "text": "no such call"})

    assert failed.value.payload["errorType"] == "ValueError"
    assert failed.value.payload["errorMessage"] == "no such call"
    assert failed.value.payload["stackTrace"]
    assert small_cloud.invoke(small_cloud.name("Plain"), {"do": "context"})["worker"] == before["worker"]


def test_a_function_that_outlives_its_timeout_is_killed_and_reported_as_lambda_does(small_cloud: LocalCloud):
    """The next event finds a fresh environment."""
    name = small_cloud.name("Hasty")
    before = small_cloud.invoke(name, {"do": "context"})
    started_s = time.monotonic()

    with pytest.raises(FunctionFailed) as failed:
        small_cloud.invoke(name, {"do": "sleep", "seconds": 30})

    assert 0.9 < time.monotonic() - started_s < 10
    assert failed.value.payload["errorType"] == "Sandbox.Timedout"
    assert failed.value.payload["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert small_cloud.invoke(name, {"do": "context"})["worker"] != before["worker"]


def test_a_process_that_ends_within_an_event_is_an_exit_error(small_cloud: LocalCloud):
    """As when a library calls exit()."""
    with pytest.raises(FunctionFailed) as failed:
        small_cloud.invoke(small_cloud.name("Plain"), {"do": "exit", "code": 3})

    assert failed.value.payload["errorType"] == "Runtime.ExitError"
    assert failed.value.payload["errorMessage"].endswith("exit status 3")


def test_a_handler_that_does_not_exist_fails_while_it_starts(small_cloud: LocalCloud):
    """Lambda names the handler that is missing."""
    with pytest.raises(FunctionFailed) as failed:
        small_cloud.invoke(small_cloud.name("Missing"), {})

    assert failed.value.payload["errorType"] == "Runtime.HandlerNotFound"
    assert "nowhere" in failed.value.payload["errorMessage"]


def test_an_answer_above_the_limit_is_refused(small_cloud: LocalCloud):
    """6 MB, as for every synchronous invocation."""
    with pytest.raises(FunctionFailed) as failed:
        small_cloud.invoke(small_cloud.name("Plain"), {"do": "big", "size": 7 * 1024 * 1024})

    assert failed.value.payload["errorType"] == "Function.ResponseSizeTooLarge"


def test_an_unknown_function_is_refused_by_name(small_cloud: LocalCloud):
    """Before anything runs."""
    with pytest.raises(ClientError) as refused:
        small_cloud.invoke("nobody", {})

    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_concurrent_events_run_in_environments_of_their_own(small_cloud: LocalCloud):
    """Two events at a time need two processes, and both run at once."""
    name = small_cloud.name("Plain")

    with ThreadPoolExecutor() as pool:
        answers = list(
            pool.map(lambda _: small_cloud.invoke(name, {"do": "sleep", "seconds": 1.5}), range(3))
        )

    assert len({answer["worker"] for answer in answers}) == 3  # one after the other, they would share one


def test_reserved_concurrency_throttles_at_once(small_cloud: LocalCloud):
    """The second event of a function that reserves one is refused with 429, not queued."""
    name = small_cloud.name("Single")

    def attempt(_: int) -> str:
        try:
            small_cloud.invoke(name, {"do": "sleep", "seconds": 1.5})
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "ran"

    with ThreadPoolExecutor() as pool:
        outcomes = sorted(pool.map(attempt, range(2)))

    assert outcomes == ["TooManyRequestsException", "ran"]


def test_an_asynchronous_event_is_tried_three_times_and_then_kept(small_cloud: LocalCloud):
    """The event itself lies in the dead-letter queue, with the error as attributes."""
    sqs, name = small_cloud.client("sqs"), small_cloud.name("Plain")
    event = {"do": "flaky", "key": "asynchronous", "failures": 99}

    accepted = small_cloud.client("lambda").invoke(
        FunctionName=name, InvocationType="Event", Payload=json.dumps(event)
    )

    def dead_letter() -> dict[str, object] | None:
        for message in sqs.receive_message(
            QueueUrl=small_cloud.name("Given"), MessageAttributeNames=["All"], MaxNumberOfMessages=10
        ).get("Messages", []):
            if json.loads(message["Body"]) == event:
                return dict(message["MessageAttributes"])
        return None

    attributes = wait_for(dead_letter, what="the dead letter")
    assert accepted["StatusCode"] == 202
    assert attributes["ErrorMessage"]["StringValue"] == "attempt 3"  # type: ignore[index]


HOST = """
import asyncio, sys
from pathlib import Path
from cdk.local.runtime.host import FunctionHost
from cdk.local.runtime.spec import FunctionSpec

async def main(folder):
    host = FunctionHost(environment={}, log_dir=folder / "logs")
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    host.register(FunctionSpec(name="f", arn=arn, handler="f.handler", code_root=folder, timeout_s=60))
    await host.invoke("f", b"{}")

asyncio.run(main(Path(sys.argv[1])))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a function ends after its event only")
def test_no_function_outlives_its_host(tmp_path):
    """Not even when the host is killed in the middle of an event, without a chance to clean up."""
    (tmp_path / "f.py").write_text(
        "import os, pathlib, time\n"
        "def handler(event, context):\n"
        "    pathlib.Path('started').write_text(str(os.getpid()))\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", HOST, str(tmp_path)], cwd=ROOT) as host:
        pid = wait_for(
            lambda: (tmp_path / "started").exists() and (tmp_path / "started").read_text(), what="f"
        )
        function = psutil.Process(int(pid))
        host.kill()
        host.wait()

        assert psutil.wait_procs([function], timeout=10)[1] == []
