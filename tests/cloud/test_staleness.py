"""When the templates are written anew."""

from pathlib import Path

import pytest

from cdk.local.staleness import SynthFailed, is_fresh, synthesise

APP = """
import pathlib, sys
out = pathlib.Path(sys.argv[sys.argv.index("-o") + 1])
out.mkdir(parents=True, exist_ok=True)
(out / "manifest.json").write_text("{}")
"""


def make_root(folder: Path, app: str) -> Path:
    """A repository whose app is `app`."""
    (folder / "cdk").mkdir()
    (folder / "cdk" / "__init__.py").touch()
    (folder / "cdk" / "app.py").write_text(app)
    (folder / "lambdas").mkdir()
    return folder


def test_templates_are_fresh_until_a_source_changes(tmp_path):
    """A function's code counts: its bundle's name is in the template."""
    root = make_root(tmp_path, APP)
    assembly = root / "build" / "cdk.out"

    assert not is_fresh(root, assembly)
    synthesise(root, assembly)
    assert is_fresh(root, assembly)
    (root / "lambdas" / "handler.py").write_text("x = 1")
    assert not is_fresh(root, assembly)
    synthesise(root, assembly)
    (root / "cdk" / "local").mkdir()
    (root / "cdk" / "local" / "up.py").touch()
    assert is_fresh(root, assembly)  # what applies the templates does not write them


def test_an_app_that_fails_says_why_and_leaves_nothing_fresh(tmp_path):
    """The end of its own words, with the command to repeat."""
    root = make_root(tmp_path, "raise SystemExit('no such environment')")

    with pytest.raises(SynthFailed, match=r"(?s)cdk\.app.*no such environment"):
        synthesise(root, root / "build" / "cdk.out")
    assert not is_fresh(root, root / "build" / "cdk.out")
