"""Facts leave the process for queues and the lake: each of their fields is declared, and none is personal (P3)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from switchboard.observability import FACT_KEYS, LOG_KEYS, Kind
from tests.tidy.source import name_of, nodes, product_files

FACTS = [
    path for path in product_files() if path.parent.name == "facts" and path.parent.parent.name == "domain"
]


def faults(tree: Iterator[ast.AST]) -> list[str]:
    fields = [
        (field.lineno, field.target.id)
        for node in tree
        if isinstance(node, ast.ClassDef)
        for field in node.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    ]
    return [
        f"{line}: {name} is not a safe key"
        for line, name in fields
        if name not in FACT_KEYS and LOG_KEYS.get(name) is not Kind.SAFE
    ]


@pytest.mark.parametrize("path", FACTS, ids=name_of)
def test_fields(path: Path):
    """Each field of a fact is declared in `switchboard.observability`, as a safe log key or as a fact's own."""
    assert faults(nodes(path)) == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("class CallEnded(Fact):\n    call_id: str\n    turns: int = 0", 0),
        ("class CallEnded(Fact):\n    from_number: str", 1),
        ("class CallEnded(Fact):\n    shoe_size: int = 5", 1),
    ],
)
def test_scan_finds(source: str, count: int):
    """The scan sees personal and undeclared fields."""
    assert count == len(faults(ast.walk(ast.parse(source))))


def test_no_key_is_both():
    """A personal key cannot come in as a fact's own."""
    assert FACT_KEYS.isdisjoint(LOG_KEYS)
