"""Builds what functions and layers are deployed from: by uv from hashed locks, without Docker, offline once cached.

Bundles lie in `build/bundles/<name>-<hash of their sources>`: an unchanged source is never built twice, and the
asset's hash is that of its sources, so that an unchanged function is never deployed twice.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUNDLES = ROOT / "build" / "bundles"

PYTHON_VERSION = "3.13"
PLATFORM = "aarch64-manylinux_2_28"
"""Lambda's Python 3.13 runs on Amazon Linux 2023 (glibc 2.34), on Graviton."""
LAYER_BYTES_MAX = 250 * 1024 * 1024
"""What Lambda accepts for a function with all its layers, unzipped."""

BUNDLES_KEPT = 5
"""Of each function and layer; a changed line in our package makes 30 MB anew."""

_IGNORED = {"__pycache__", "py.typed", ".DS_Store"}
_EPOCH = (1980, 1, 1, 0, 0, 0)


def bundle_function(folder: str) -> tuple[Path, str]:
    """Return the folder to deploy for `lambdas/<folder>/`, and its hash; the handler is `lambdas.<folder>.handler`.

    Raises `FileNotFoundError` if there is no such function.
    """
    source = ROOT / "lambdas" / folder
    if not (source / "handler.py").is_file():
        raise FileNotFoundError(f"lambdas/{folder}/handler.py does not exist. A function is one such folder.")
    files = {"lambdas/__init__.py": ROOT / "lambdas" / "__init__.py", **_tree(source, f"lambdas/{folder}")}
    digest = _digest(files)

    def build(out: Path) -> None:
        for name, path in files.items():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, out / name)

    return _built(f"{folder}-{digest[:16]}", build), digest


def bundle_layer(name: str) -> tuple[Path, str]:
    """Return the zip of `layers/<name>/`, its package and what `requirements.lock` there pins, and its hash.

    Raises `FileNotFoundError` without the lock, `CalledProcessError` if uv fails, `ValueError` above Lambda's size limit.
    """
    source = ROOT / "layers" / name
    lock = source / "requirements.lock"
    if not lock.is_file():
        raise FileNotFoundError(f"layers/{name}/requirements.lock does not exist. Run make lock.")
    package = _tree(source / "src", "python")
    digest = _digest({"requirements.lock": lock, **package}, PYTHON_VERSION, PLATFORM)

    def build(out: Path) -> None:
        with tempfile.TemporaryDirectory(dir=BUNDLES) as scratch:
            install(lock, Path(scratch) / "python", platform=PLATFORM, python_version=PYTHON_VERSION)
            files = {**_tree(Path(scratch) / "python", "python"), **package}
            if (size := sum(path.stat().st_size for path in files.values())) > LAYER_BYTES_MAX:
                raise ValueError(
                    f"Layer {name} has {size} bytes unzipped; Lambda takes {LAYER_BYTES_MAX}. Take out a dependency."
                )
            _zip(files, out / "layer.zip")

    return _built(f"layer-{name}-{digest[:16]}", build) / "layer.zip", digest


def install(
    lock: Path, target: Path, *, platform: str | None = None, python_version: str | None = None
) -> None:
    """Install what `lock` pins into `target`, hashes checked, from uv's cache or the registry; no code is run."""
    options = [f"--python-platform={platform}"] if platform else []
    options += [f"--python-version={python_version}"] if python_version else []
    command = [_uv(), "pip", "install", "--quiet", "--target", str(target), "--python", sys.executable]
    command += ["--only-binary", ":all:", "--no-deps", "--require-hashes", *options, "-r", str(lock)]
    environment = os.environ | {"UV_COMPILE_BYTECODE": "0"}
    # jsii speaks over stdout: nothing else may. First from the cache alone, which needs no network.
    cached = subprocess.run([*command, "--offline"], check=False, capture_output=True, env=environment)  # noqa: S603 - our own command line
    if cached.returncode:
        shutil.rmtree(target, ignore_errors=True)
        subprocess.run(command, check=True, stdout=sys.stderr, env=environment)  # noqa: S603 - our own command line


def _uv() -> str:
    own = ROOT / "build" / "uv" / "bin" / "uv"
    found = shutil.which("uv") or (str(own) if own.exists() else None)
    if found is None:
        raise FileNotFoundError("uv is not installed. Run make install.")
    return found


def _built(name: str, build: Callable[[Path], None]) -> Path:
    """Build into a scratch folder and rename, so that an interrupted build is never taken for a whole one."""
    bundle = BUNDLES / name
    if not bundle.exists():
        BUNDLES.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=BUNDLES))
        try:
            build(scratch)
            scratch.chmod(0o755)
            scratch.rename(bundle)
            _forget_old(name.rpartition("-")[0])
        except OSError:
            if not bundle.exists():  # else another process was faster, with the same bytes
                raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return bundle


def _forget_old(name: str) -> None:
    """Keep the newest few bundles: a deployment that started before may still read its own."""
    bundles = [each for each in BUNDLES.glob(f"{name}-*") if each.name.rpartition("-")[0] == name]
    for old in sorted(bundles, key=lambda each: each.stat().st_mtime_ns, reverse=True)[BUNDLES_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def _tree(folder: Path, prefix: str) -> dict[str, Path]:
    return {
        f"{prefix}/{path.relative_to(folder).as_posix()}": path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not _IGNORED & set(path.parts) and path.suffix != ".pyc"
    }


def _digest(files: dict[str, Path], *more: str) -> str:
    digest = hashlib.sha256("\0".join(more).encode())
    for name, path in sorted(files.items()):
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _zip(files: dict[str, Path], out: Path) -> None:
    """Zip with fixed times and order, so that equal sources give equal bytes; quickly rather than tightly."""
    with zipfile.ZipFile(out, "w") as archive:
        for name, path in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, compresslevel=1)
