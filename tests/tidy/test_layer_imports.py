"""What the functions import is in their layer: the extras `functions` and `web`, and nothing of the voice's."""

import subprocess
import sys

import pytest

from tests.tidy.source import ROOT

VOICE_ONLY = ("anthropic", "numpy", "onnxruntime", "picows", "silero_vad", "uvloop", "websockets")
HANDLERS = sorted(path.parent.name for path in (ROOT / "lambdas").glob("*/handler.py"))


@pytest.mark.parametrize("name", HANDLERS)
def test_a_function_needs_no_voice_library(name: str):
    """Importing the handler takes none of the libraries that only a gateway has."""
    code = f"import sys\nsys.modules.update(dict.fromkeys({VOICE_ONLY!r}))\nimport lambdas.{name}.handler\n"
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT, capture_output=True, text=True)
    assert (0, "") == (done.returncode, done.stderr)
