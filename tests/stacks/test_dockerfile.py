"""The gateway's image, without Docker: linted, and its steps carried out in an empty folder from which the gateway runs."""

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stacks.dockerfile import ROOT, Image, build, environment, parse

DOCKERFILE = ROOT / "fargate/voice_gateway/Dockerfile"
START_S = 30


def uv() -> str:
    found = shutil.which("uv") or str(ROOT / "build/uv/bin/uv")
    assert Path(found).exists(), "make install brings uv"
    return found


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> Iterator[Image]:
    """The image's file system as a folder of about 400 MB; its packages come from uv's cache."""
    root = tmp_path_factory.mktemp("image")
    yield build(DOCKERFILE, root, uv=uv())
    shutil.rmtree(root)


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_hadolint_has_no_complaint():
    """No warning and no style remark, with no rule switched off."""
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [hadolint, "--failure-threshold", "style", DOCKERFILE],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert (0, "") == (done.returncode, done.stdout + done.stderr)


def test_the_process_gets_signals_and_has_no_rights():
    """It runs as nobody in particular, in exec form, so that SIGTERM reaches Python."""
    last = {step.word: step.rest for step in parse(DOCKERFILE)}

    assert last["USER"] == "10001:10001"
    assert last["STOPSIGNAL"] == "SIGTERM"
    assert last["ENTRYPOINT"] == '["python", "-m", "voice_gateway"]'


def test_every_package_has_a_wheel_for_graviton(tmp_path):
    """Nothing has to be compiled in the image: it has no compiler."""
    lock = ROOT / "fargate/voice_gateway/requirements.lock"
    platform = ["--python-platform", "aarch64-manylinux_2_28", "--python-version", "3.13"]
    options = ["--target", tmp_path, "--only-binary", ":all:", "--no-deps", "--require-hashes", *platform]
    done = subprocess.run(
        [uv(), "pip", "install", "--dry-run", *options, "-r", lock],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr


def test_uv_is_pinned():
    """The image's uv is the one of which the version is written down, not the newest of the day."""
    pinned = [step.rest for step in parse(DOCKERFILE) if "uv==" in step.rest]

    assert len(pinned) == 1


def test_the_gateway_runs_from_the_image_and_leaves_on_sigterm(image, tmp_path):
    """Only from what the Dockerfile copied and installed: health turns good, SIGTERM ends it with 0, nothing is written."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    variables = environment(image, SWITCHBOARD_PORT=str(port), SWITCHBOARD_HOST="127.0.0.1")
    python = image.root / "opt/switchboard/bin/python"
    before = files(image.root / "opt")

    def healthy() -> bool:
        check = subprocess.run(
            [python, *image.health_check[1:]], env=variables, capture_output=True, timeout=10, check=False
        )
        return check.returncode == 0

    assert not healthy()
    log = tmp_path / "log"
    with log.open("wb") as out:
        gateway = subprocess.Popen(
            [python, *image.entrypoint[1:]], env=variables, cwd=image.cwd, stdout=out, stderr=out
        )
    try:
        deadline = time.monotonic() + START_S
        while not healthy() and gateway.poll() is None and time.monotonic() < deadline:
            pass
        assert healthy(), log.read_text()
        gateway.send_signal(signal.SIGTERM)

        assert gateway.wait(timeout=10) == 0, log.read_text()
        assert before == files(image.root / "opt")
    finally:
        gateway.kill()
        gateway.wait()


def test_the_image_holds_no_tests_and_no_tools(image):
    """What a caller's gateway does not need is not there to be attacked or downloaded."""
    packages = {path.name for path in (image.root / "opt/switchboard").glob("lib/python*/site-packages/*")}

    assert {"switchboard", "voice_gateway", "onnxruntime"} <= packages
    assert packages.isdisjoint({"pip", "pytest", "mypy", "setuptools", "hatchling", "torch", "sympy"})
