"""House rules that no linter knows (style.md, section 3)."""

import ast
import re
from pathlib import Path

import pytest

from switchboard.settings import env_example
from tests.tidy.source import ROOT, name_of, nodes, product_files

LINES_MAX = 500
CLI = ROOT / "layers/switchboard/src/switchboard/cli"
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")

each_file = pytest.mark.parametrize("path", product_files(), ids=name_of)


@each_file
def test_length(path: Path):
    """A module has at most 500 lines."""
    assert len(path.read_text().splitlines()) <= LINES_MAX


@each_file
def test_finished(path: Path):
    """Nothing is left to be done later."""
    assert UNFINISHED.findall(path.read_text()) == []


def swallowed(node: ast.AST) -> bool:
    """Whether an except clause takes every error, or takes Exception and does nothing."""
    if not isinstance(node, ast.ExceptHandler):
        return False
    if node.type is None:
        return True
    types = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    is_broad = any(isinstance(each, ast.Name) and each.id in {"Exception", "BaseException"} for each in types)
    does_nothing = all(
        isinstance(each, ast.Pass | ast.Continue)
        or (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
        for each in node.body
    )
    return is_broad and does_nothing


def suppresses_all(node: ast.AST) -> bool:
    """Whether `contextlib.suppress` is told to suppress everything."""
    return (
        isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) == "suppress"
        and any(
            isinstance(each, ast.Name) and each.id in {"Exception", "BaseException"} for each in node.args
        )
    )


@each_file
def test_no_error_is_swallowed(path: Path):
    """No bare except, no `except Exception: pass`, no `suppress(Exception)`."""
    assert [ast.unparse(node) for node in nodes(path) if swallowed(node) or suppresses_all(node)] == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("try: f()\nexcept: log()", True),
        ("try: f()\nexcept Exception: pass", True),
        ("try: f()\nexcept (KeyError, Exception): ...", True),
        ("with suppress(Exception): f()", True),
        ("with contextlib.suppress(BaseException): f()", True),
        ("try: f()\nexcept KeyError: pass", False),
        ("try: f()\nexcept Exception: log()", False),
        ("with suppress(KeyError): f()", False),
    ],
)
def test_swallowing_is_recognised(source: str, expected: bool):
    """The rule sees each of these ways to lose an error."""
    assert expected is any(swallowed(node) or suppresses_all(node) for node in ast.walk(ast.parse(source)))


@each_file
def test_print(path: Path):
    """Only the command line prints."""
    calls = [node for node in nodes(path) if isinstance(node, ast.Call)]
    prints = [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]
    assert CLI in path.parents or prints == []


def test_lambda_folders():
    """One folder is one function: a handler and, beside files that it serves, no other code."""
    folders = [path for path in (ROOT / "lambdas").iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert folders
    for folder in folders:
        code = {str(path.relative_to(folder)) for path in folder.rglob("*.py")}
        assert {"handler.py", "__init__.py"} == code, folder.name


def test_env_example():
    """`.env.example` is what `python -m switchboard.settings` prints."""
    assert env_example() == (ROOT / ".env.example").read_text()
