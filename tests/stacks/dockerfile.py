"""Carries out a Dockerfile in an empty folder, as far as that goes without Docker.

Every absolute path of the image is mapped into the folder, `COPY` takes from the repository only what it names, and `RUN` is
run by a shell. What belongs to the base image (`pip`) is replaced by a command that does nothing; the Python is the one that
runs the tests, on this machine's architecture.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from msgspec import Struct, field

ROOT = Path(__file__).resolve().parents[2]
IMAGE_PATHS = re.compile(r"(?<![\w.}])/(?=opt/|build\b|tmp\b)")
KEPT = re.compile(r"(HOME|UV_.*|PIP_.*|SSL_CERT_.*|LANG)")
"""Of this process's environment: where the package cache and the registry are."""


class Instruction(Struct, frozen=True):
    """One instruction, continuation lines joined."""

    word: str
    rest: str


class Image(Struct):
    """What the last stage leaves: its environment, working folder and commands, with paths mapped into `root`."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    cwd: Path = Path("/")
    entrypoint: list[str] = field(default_factory=list)
    health_check: list[str] = field(default_factory=list)
    user: str = "root"


def parse(path: Path) -> list[Instruction]:
    """Return the instructions of a Dockerfile; raises `ValueError` for what is not one."""
    text = "\n".join(line for line in path.read_text().splitlines() if not line.lstrip().startswith("#"))
    found = []
    for line in filter(str.strip, re.sub(r"\\\n", "", text).splitlines()):
        word, _, rest = line.strip().partition(" ")
        if not word.isupper():
            raise ValueError(f"not an instruction: {line}")
        found.append(Instruction(word, rest.strip()))
    return found


def build(path: Path, root: Path, *, uv: str) -> Image:
    """Carry out every stage in `root`, one after the other; raises `CalledProcessError` if a step fails."""
    tools = root / "tools"
    tools.mkdir(parents=True)
    (tools / "uv").symlink_to(uv)
    (tools / "pip").write_text("#!/bin/sh\nexit 0\n")
    (tools / "pip").chmod(0o755)
    (root / "tmp").mkdir()
    image = Image(root)
    for step in parse(path):
        match step.word:
            case "FROM":
                image = Image(root, env={"PATH": f"{tools}:/usr/bin:/bin"})
            case "ENV":
                image.env |= _variables(step.rest, image)
            case "WORKDIR":
                image.cwd = Path(_mapped(step.rest, root))
                image.cwd.mkdir(parents=True, exist_ok=True)
            case "COPY":
                _copy(step.rest, image)
            case "RUN":
                _run(step.rest, image)
            case "USER":
                image.user = step.rest
            case "ENTRYPOINT":
                image.entrypoint = json.loads(step.rest)
            case "HEALTHCHECK":
                image.health_check = json.loads(step.rest.partition("CMD ")[2])
            case "ARG" | "EXPOSE" | "STOPSIGNAL" | "VOLUME":
                pass
            case _:
                raise ValueError(f"{step.word} is not known here")
    return image


def environment(image: Image, **more: str) -> dict[str, str]:
    """The environment of a process in the image; nothing of this process's but what finds packages."""
    return {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)} | image.env | more


def _variables(text: str, image: Image) -> dict[str, str]:
    pairs = (each.partition("=") for each in shlex.split(text))
    return {name: _mapped(value, image.root).replace("$PATH", image.env["PATH"]) for name, _, value in pairs}


def _copy(text: str, image: Image) -> None:
    words = shlex.split(text)
    if words[0].startswith("--from="):
        return  # the stages share one root
    *sources, target = words
    for source in sources:
        place = image.cwd / target
        place.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, place)


def _run(text: str, image: Image) -> None:
    command = _mapped(text, image.root)
    # Linked from uv's cache instead of copied: 400 MB less to write and to delete.
    variables = environment(image, UV_PYTHON=sys.executable, UV_LINK_MODE="hardlink")
    subprocess.run(["sh", "-ec", command], cwd=image.cwd, env=variables, check=True, timeout=120)


def _mapped(text: str, root: Path) -> str:
    """The image's absolute paths, put into `root`."""
    return IMAGE_PATHS.sub(lambda _: f"{root}/", text)
