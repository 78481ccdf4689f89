"""The doctor: everything at once, a hint for each, exit codes to build on, and nothing changed."""

import io
import json
import os
import socket
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from switchboard.cli import __main__ as command_line
from switchboard.cli import doctor_checks
from switchboard.cli.doctor import SCHEMA_VERSION, as_text, run_doctor
from switchboard.cli.doctor_checks import CheckResult, Outcome
from switchboard.domain import stream_tokens
from switchboard.settings import read_settings


@pytest.fixture
def environ(tmp_path: Path, free_port: int) -> dict[str, str]:
    """A healthy local configuration of its own port and state file."""
    return {
        "SWITCHBOARD_PORT": str(free_port),
        "SWITCHBOARD_STATE_PATH": str(tmp_path / "new" / "state.sqlite3"),
    }


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(autouse=True)
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials of this machine."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))


def examine(environ: dict[str, str]) -> tuple[int, dict[str, Any]]:
    out = io.StringIO()
    code = run_doctor(environ, as_json=True, out=out)
    return code, json.loads(out.getvalue())


def results(check, environ: dict[str, str]) -> list[tuple[str, Outcome]]:
    return [(each.name, each.outcome) for each in check(read_settings(environ))]


def test_healthy(environ: dict[str, str], tmp_path: Path):
    """On a healthy machine every check passes, the exit code is 0, and no file was made."""
    code, document = examine(environ)
    assert [each for each in document["checks"] if each["status"] != "pass"] == []
    assert (code, document["status"], document["version"]) == (0, "pass", SCHEMA_VERSION)
    assert list(tmp_path.iterdir()) == []


def test_schema(environ: dict[str, str]):
    """The JSON has the same keys for every check, and a hint for each that is not well."""
    _, document = examine(environ | {"SWITCHBOARD_TTS": "polly", "SWITCHBOARD_TYPO": "x"})
    assert {"version", "status", "checks"} == document.keys()
    for check in document["checks"]:
        assert {"group", "name", "status", "message", "hint"} == check.keys()
        assert (check["status"] == "pass") is (check["hint"] == "")


def test_everything_at_once(environ: dict[str, str]):
    """Every wrong and missing setting is listed in one run, which ends with exit code 2."""
    code, document = examine(
        environ
        | {
            "PUBLIC_BASE_URL": "https://voice.example.com",
            "SWITCHBOARD_ASR": "deepgram",
            "SWITCHBOARD_LLM": "anthropic",
            "SWITCHBOARD_TTS": "elevenlabs",
        }
    )
    failed = {each["name"] for each in document["checks"] if each["status"] == "fail"}
    assert {
        "TWILIO_AUTH_TOKEN",
        "SWITCHBOARD_STREAM_TOKEN_SECRET",
        "DEEPGRAM_API_KEY",
        "ANTHROPIC_API_KEY",
        "ELEVENLABS_API_KEY",
        "stream token",
    } == failed
    assert (code, document["status"]) == (2, "fail")


def test_warnings(environ: dict[str, str]):
    """A warning alone gives exit code 1."""
    code, document = examine(environ | {"SWITCHBOARD_TTTS": "polly"})
    assert (code, document["status"]) == (1, "warn")


@pytest.mark.parametrize("as_json", [True, False])
def test_no_secret_is_printed(environ: dict[str, str], as_json: bool):
    """Neither form of the report holds any value of a secret, right or wrong."""
    secret = "sekrit-value-0123456789-sekrit-value"
    names = (
        "TWILIO_AUTH_TOKEN",
        "DEEPGRAM_API_KEY",
        "SWITCHBOARD_STREAM_TOKEN_SECRET",
        "TWILIO_ACCOUNT_SID",
        "SWITCHBOARD_ASR",
    )
    out = io.StringIO()
    run_doctor(environ | dict.fromkeys(names, secret), as_json=as_json, out=out)
    assert secret not in out.getvalue()


def test_text():
    """The report for people shows groups, marks, hints and the sum."""
    report = [
        CheckResult("Runtime", "Python", Outcome.PASS, "3.13.0"),
        CheckResult("Settings", "AWS_REGION", Outcome.FAIL, "is missing", "Set it."),
        CheckResult("Settings", "SWITCHBOARD_TYPO", Outcome.WARN, "is not a setting", "Remove it."),
    ]
    assert as_text(report) == (
        "Runtime\n  ok    Python: 3.13.0\n"
        "Settings\n  FAIL  AWS_REGION: is missing\n        -> Set it.\n"
        "  warn  SWITCHBOARD_TYPO: is not a setting\n        -> Remove it.\n"
        "1 passed, 1 warnings, 1 failures"
    )


def test_python(monkeypatch: pytest.MonkeyPatch):
    """An interpreter that is too old or too new fails."""
    for version in ((3, 10, 9), (3, 14, 0)):
        monkeypatch.setattr(sys, "version_info", version)
        assert results(doctor_checks.check_python, {}) == [("Python", Outcome.FAIL)]


def test_libraries(monkeypatch: pytest.MonkeyPatch):
    """Missing embedded libraries fail where they are used, and are a warning where they are not."""
    monkeypatch.setattr(doctor_checks, "EMBEDDED_LIBRARIES", ("json", "no_such_library"))
    detector = ("speech detector", Outcome.PASS)
    assert [detector, ("embedded speech", Outcome.FAIL)] == results(doctor_checks.check_libraries, {})
    vendors = {"SWITCHBOARD_ASR": "deepgram", "SWITCHBOARD_TTS": "polly"}
    assert [detector, ("embedded speech", Outcome.WARN)] == results(doctor_checks.check_libraries, vendors)


@pytest.mark.parametrize("model", [("no_such_package", "x.onnx"), ("json", "x.onnx")])
def test_speech_detector(monkeypatch: pytest.MonkeyPatch, model: tuple[str, str]):
    """Without the speech detector's model no call can be taken."""
    monkeypatch.setattr(doctor_checks, "SPEECH_DETECTOR_MODEL", model)
    assert ("speech detector", Outcome.FAIL) in results(doctor_checks.check_libraries, {})


def test_aws_credentials(monkeypatch: pytest.MonkeyPatch):
    """AWS credentials are looked for only where an AWS provider is named, in all the usual places."""
    aws = {"SWITCHBOARD_TTS": "polly"}
    assert results(doctor_checks.check_aws_credentials, {}) == []
    assert results(doctor_checks.check_aws_credentials, aws) == [("AWS credentials", Outcome.WARN)]
    with monkeypatch.context() as in_container:
        in_container.setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x")
        assert results(doctor_checks.check_aws_credentials, aws) == [("AWS credentials", Outcome.PASS)]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    assert results(doctor_checks.check_aws_credentials, aws) == [("AWS credentials", Outcome.PASS)]


def test_signature_self_test(monkeypatch: pytest.MonkeyPatch):
    """A signature library that computes something else is found out."""
    monkeypatch.setattr(doctor_checks, "_VECTOR_TOKEN", "54321")
    assert results(doctor_checks.check_signature, {}) == [("Twilio signature", Outcome.FAIL)]


def test_token_self_test(monkeypatch: pytest.MonkeyPatch):
    """A token that opened other calls would be found out."""
    genuine = stream_tokens.verify
    monkeypatch.setattr(
        doctor_checks,
        "verify",
        lambda secret, token, **_: genuine(secret, token, call_sid="CAdoctor", now_s=0),
    )
    assert results(doctor_checks.check_stream_token, {}) == [("stream token", Outcome.FAIL)]


@pytest.mark.wire
def test_port_in_use(environ: dict[str, str], free_port: int):
    """A port that something else listens on fails."""
    with socket.create_server(("127.0.0.1", free_port)):
        assert [(f"port {free_port}", Outcome.FAIL)] == results(doctor_checks.check_port, environ)
    assert [(f"port {free_port}", Outcome.PASS)] == results(doctor_checks.check_port, environ)


class _Healthy(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def running() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), _Healthy) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.wire
def test_port_is_ours(environ: dict[str, str], running: int):
    """Our own gateway on the port is as good as a free one, also when it listens on every interface."""
    for host in ("127.0.0.1", "0.0.0.0"):
        (result,) = doctor_checks.check_port(
            read_settings(environ | {"SWITCHBOARD_PORT": str(running), "SWITCHBOARD_HOST": host})
        )
        assert (result.outcome, result.message) == (Outcome.PASS, "Switchboard is running there")


def test_state_file(tmp_path: Path):
    """The state file passes where it is empty or SQLite's, fails where it is something else or cannot be made."""

    def outcome(path: Path) -> Outcome:
        (result,) = doctor_checks.check_state_file(read_settings({"SWITCHBOARD_STATE_PATH": str(path)}))
        return result.outcome

    for name, content in (("empty", b""), ("sqlite", b"SQLite format 3\0and so on"), ("text", b"Dear diary")):
        (tmp_path / name).write_bytes(content)
    assert [outcome(tmp_path / name) for name in ("empty", "sqlite", "text")] == [
        Outcome.PASS,
        Outcome.PASS,
        Outcome.FAIL,
    ]
    assert Outcome.FAIL is outcome(tmp_path)
    assert Outcome.FAIL is outcome(tmp_path / "text" / "below")


def test_read_only_state_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A file or folder that may not be written to fails."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    path = tmp_path / "state"
    for _ in range(2):
        environ = {"SWITCHBOARD_STATE_PATH": str(path)}
        assert results(doctor_checks.check_state_file, environ) == [("state file", Outcome.FAIL)]
        path.touch()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:8080", Outcome.PASS),
        ("https://voice.example.com", Outcome.PASS),
        ("http://voice.example.com", Outcome.WARN),
        ("https://192.168.1.7", Outcome.WARN),
    ],
)
def test_public_address(url: str, expected: Outcome):
    """A public address passes if Twilio can use it."""
    environ = {"PUBLIC_BASE_URL": url}
    assert [("public address", expected)] == results(doctor_checks.check_public_address, environ)


def test_command(environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`switchboard doctor --json` prints the JSON report of this environment and ends with its exit code."""
    monkeypatch.chdir(tmp_path)
    for name, value in (environ | {"SWITCHBOARD_LLM": "anthropic", "ANTHROPIC_API_KEY": ""}).items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(command_line.main, ["doctor", "--json"])
    assert (done.exit_code, json.loads(done.stdout)["status"]) == (2, "fail")


def test_call_without_account(environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`switchboard call` without an account says what is missing and ends with an error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "")
    done = CliRunner().invoke(command_line.main, ["call", "+14155550123", "--from", "+14155550100"])
    assert done.exit_code == 2
    assert "TWILIO_ACCOUNT_SID is missing" in done.output


def test_call_with_wrong_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`switchboard call` with settings that cannot be used lists them all."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SWITCHBOARD_PORT", "x")
    monkeypatch.setenv("SWITCHBOARD_LLM", "anthropic")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "")
    done = CliRunner().invoke(command_line.main, ["call", "+14155550123", "--from", "+14155550100"])
    assert done.exit_code == 2
    for name in ("SWITCHBOARD_PORT", "ANTHROPIC_API_KEY"):
        assert name in done.output


@pytest.mark.wire
@pytest.mark.parametrize(
    ("text", "outcome", "said"),
    [
        ('{"SWITCHBOARD_CALLS_MAX": "7"}', "pass", "1 settings"),
        ('{"hunter2": "hunter2-value"}', "warn", "unknown keys: hunter2"),
        ("hunter2-value", "fail", "not a JSON object"),
        (None, "fail", "ResourceNotFoundException"),
    ],
)
def test_the_secret_is_looked_into(aws_url, text, outcome, said):
    """A secret that is missing or unreadable is named clearly, and none of its values is."""
    import io
    import json
    import uuid

    from switchboard.cli.doctor import run_doctor
    from tests.fakes.aws_server import REGION, client

    name = f"doctor-{uuid.uuid4().hex}"
    if text is not None:
        client("secretsmanager", aws_url).create_secret(Name=name, SecretString=text)
    out = io.StringIO()
    environ = {"SWITCHBOARD_SECRETS_ID": name, "AWS_REGION": REGION, "AWS_ENDPOINT_URL": aws_url}
    run_doctor(environ, as_json=True, out=out)
    told = [each for each in json.loads(out.getvalue())["checks"] if each["name"] == "secret"]
    assert [outcome] == [each["status"] for each in told]
    assert said in told[0]["message"]
    assert "hunter2-value" not in out.getvalue()


def test_settings_of_aws_are_checked_together():
    """What the store in AWS cannot do without is a failure, what it can is a warning."""
    from switchboard.settings import read_settings

    problems = {
        each.setting: each.severity.value for each in read_settings({"SWITCHBOARD_STORE": "aws"}).problems
    }
    assert {
        "AWS_REGION": "failure",
        "SWITCHBOARD_CALLS_TABLE": "failure",
        "SWITCHBOARD_CONFIGURATION_BUCKET": "failure",
        "SWITCHBOARD_TENANT_ROLE_ARN": "warning",
        "SWITCHBOARD_CALL_EVENTS_QUEUE_URL": "warning",
        "SWITCHBOARD_FACTS_STREAM": "warning",
        "SWITCHBOARD_SECRETS_ID": "warning",
    } == problems
