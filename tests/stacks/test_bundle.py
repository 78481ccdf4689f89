"""What is deployed: layers and functions built by uv, without Docker."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cdk.components import bundle
from cdk.components.bundle import BUNDLES_KEPT, LAYER_BYTES_MAX, ROOT, bundle_function, bundle_layer, install

LOCKS = [ROOT / "layers/switchboard/requirements.lock", ROOT / "fargate/voice_gateway/requirements.lock"]
ELF_AARCH64 = 0xB7
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "lambdas").glob("*/handler.py"))


@pytest.fixture(scope="module")
def layer() -> Path:
    return bundle_layer("switchboard")[0]


def test_layer(layer: Path):
    """The layer holds our package and its dependencies, built for Graviton, within Lambda's limit."""
    with zipfile.ZipFile(layer) as archive:
        entries = {each.filename: each.file_size for each in archive.infolist()}
        machines = {archive.read(name)[18] for name in entries if name.endswith(".so")}
    assert {
        "python/switchboard/settings.py",
        "python/boto3/__init__.py",
        "python/mangum/__init__.py",
    } <= entries.keys()
    assert sum(entries.values()) < LAYER_BYTES_MAX
    assert machines == {ELF_AARCH64}
    assert all(name.startswith("python/") for name in entries)


def test_equal_sources_give_equal_bytes(tmp_path):
    """A bundle made again is the same file, whatever the times of its sources: nothing is deployed without a change."""
    files = {"b.py": tmp_path / "b.py", "a.py": tmp_path / "a.py"}
    zips = []
    for touched_s in (1_000_000_000, 1_700_000_000):
        for path in files.values():
            path.write_text("pass")
            os.utime(path, (touched_s, touched_s))
        bundle._zip(files, tmp_path / f"{touched_s}.zip")
        zips.append((tmp_path / f"{touched_s}.zip").read_bytes())
    assert zips[0] == zips[1]


def test_old_bundles_are_forgotten(tmp_path, monkeypatch):
    """Only the newest bundles of a name are kept, and those of other names are left alone."""
    monkeypatch.setattr(bundle, "BUNDLES", tmp_path)
    (tmp_path / "layer-switchboard-extra-0").mkdir()
    for number in range(BUNDLES_KEPT + 2):
        made = bundle._built(f"layer-switchboard-{number}", lambda out: (out / "layer.zip").touch())
        os.utime(made, (number, number))
    left = {each.name for each in tmp_path.iterdir()} - {"layer-switchboard-extra-0"}
    assert {f"layer-switchboard-{number}" for number in range(2, BUNDLES_KEPT + 2)} == left


def test_function():
    """A function's bundle is its folder and nothing of its neighbours, under the name its handler is called by."""
    folder, digest = bundle_function("answer_call")
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {
        "lambdas/__init__.py",
        "lambdas/answer_call/__init__.py",
        "lambdas/answer_call/handler.py",
    } == found
    assert digest == bundle_function("answer_call")[1]


def test_unknown_function():
    """A misspelt folder is an error that says what a function is."""
    with pytest.raises(FileNotFoundError, match=r"lambdas/answer_cal/handler.py does not exist"):
        bundle_function("answer_cal")


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.parent.name)
def test_what_is_deployed_is_what_is_tested(lock: Path):
    """Every version that a deployable pins is the one the tests run on, with hashes and without addresses."""
    tested, deployed = _pins(ROOT / "requirements.lock"), _pins(lock)
    assert deployed
    assert deployed <= tested
    text = lock.read_text()
    assert "://" not in text
    assert text.count("--hash=sha256:") > len(deployed)


def test_handlers_import_with_the_layer_alone(tmp_path):
    """Every handler can be imported with what its layer holds, and nothing else from this machine."""
    install(LOCKS[0], tmp_path)
    script = (
        "import importlib, sys; [importlib.import_module(f'lambdas.{name}.handler') for name in sys.argv[2:]]"
    )
    path = [str(tmp_path), str(ROOT / "layers/switchboard/src"), str(ROOT)]
    start = f"import sys; sys.path[:0] = sys.argv[1].split(':'); {script}"
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", start, ":".join(path), *FUNCTIONS],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.stderr == ""
    assert ran.returncode == 0


def _pins(lock: Path) -> set[tuple[str, str]]:
    lines = (line.split(";")[0].strip(" \\") for line in lock.read_text().splitlines() if "==" in line)
    return {(name, version) for name, _, version in (line.partition("==") for line in lines)}
