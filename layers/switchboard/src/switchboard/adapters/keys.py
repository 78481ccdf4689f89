"""Credentials that adapters ask for at each use, so that a rotated key serves the next call."""

from collections.abc import Callable

Key = str | Callable[[], str]


def reader(key: Key) -> Callable[[], str]:
    """A function that returns the key as it is now."""
    if isinstance(key, str):
        return lambda: key
    return key
