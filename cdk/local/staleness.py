"""Whether the templates in build/local/cdk.out are those of the sources, and how to make them so."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SYNTH_TIMEOUT_S = 600
_SOURCES = ("cdk", "lambdas", "stepfunctions", "layers/switchboard", "fargate", "cdk.json")
_IGNORED = {"__pycache__", "node_modules", "local", ".DS_Store"}
"""`cdk/local` writes no template."""


class SynthFailed(Exception):
    """The templates could not be written; the text holds the end of what was said."""


def ensure_assembly(root: Path) -> Path:
    """Return the folder of the default environment's templates, written anew if they are stale. Raises `SynthFailed`.

    It is not `make synth`'s, which may hold another environment.
    """
    folder = root / "build" / "local" / "cdk.out"
    if not is_fresh(root, folder):
        synthesise(root, folder)
    return folder


def is_fresh(root: Path, assembly: Path) -> bool:
    """Whether `assembly` was synthesised from the sources as they are."""
    stamp = _stamp(assembly)
    return (assembly / "manifest.json").is_file() and stamp.is_file() and stamp.read_text() == _digest(root)


def synthesise(root: Path, assembly: Path) -> None:
    """Write the templates of the default environment to `assembly`. Raises `SynthFailed`."""
    digest = _digest(root)
    assembly.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(assembly, ignore_errors=True)  # CDK leaves the templates of stacks that are gone
    node = root / "cdk" / "node_modules" / "node" / "bin" / "node"
    more = {"JSII_NODE": str(node)} if node.exists() else {}
    command = [sys.executable, "-m", "cdk.app", "-o", str(assembly)]
    try:
        done = subprocess.run(  # noqa: S603 - our own command line
            command,
            cwd=root,
            env={**os.environ, **more, "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20"},
            capture_output=True,
            text=True,
            timeout=SYNTH_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SynthFailed(f"Synthesising took longer than {SYNTH_TIMEOUT_S} s.") from None
    except OSError as error:
        raise SynthFailed(f"Synthesising could not start: {error}") from None
    if done.returncode:
        tail = "\n".join((done.stderr or done.stdout).splitlines()[-15:])
        raise SynthFailed(f"Synthesising failed ({' '.join(command[1:])}):\n{tail}")
    _stamp(assembly).write_text(digest)


def _stamp(assembly: Path) -> Path:
    return assembly.with_name(f"{assembly.name}.sources")


def _digest(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(_files(root)):
        digest.update(f"{path.relative_to(root)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _files(root: Path) -> Iterator[Path]:
    for name in _SOURCES:
        source = root / name
        if source.is_file():
            yield source
        for folder, folders, files in os.walk(source):
            folders[:] = [each for each in folders if each not in _IGNORED]
            yield from (Path(folder) / each for each in files if not each.endswith(".pyc"))
