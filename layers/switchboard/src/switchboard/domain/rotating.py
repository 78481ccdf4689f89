"""Secrets that change while the process runs."""

from collections.abc import Callable

RotatingSecret = Callable[[], tuple[str, ...]]
"""Its values that count now, the current one first: sign with the first, believe what any of them signed."""


def fixed(*values: str) -> RotatingSecret:
    """A secret that never changes."""
    return lambda: values
