"""The product's source files, parsed."""

import ast
import gc
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PRODUCT = (
    ROOT / "layers/switchboard/src/switchboard",
    ROOT / "fargate/voice_gateway/src/voice_gateway",
    ROOT / "lambdas",
)


def product_files() -> list[Path]:
    return sorted(path for root in PRODUCT for path in root.rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(_parsed(path))


@cache
def _parsed(path: Path) -> ast.Module:
    # Python 3.11's parser fails where a collection runs Python code, as Hypothesis's timer does (CPython gh-106905).
    gc.disable()
    try:
        return ast.parse(path.read_text())
    finally:
        gc.enable()
