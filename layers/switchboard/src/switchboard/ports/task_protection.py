"""Keeping this task from being stopped by scaling in or by a deployment while it carries calls."""

from typing import Protocol


class TaskProtection(Protocol):
    """Scale-in protection of the task that this process runs in."""

    name: str

    async def protect(self, *, minutes: int) -> None:
        """Protect for so many minutes from now (1 to 2,880), whatever was before.

        Returns once it is confirmed. Raises `ProviderError`; whether the task is protected is unknown then.
        """

    async def release(self) -> None:
        """Let the task be stopped. Returns once it is confirmed, raises `ProviderError`."""

    async def close(self) -> None:
        """Release the connection. Protection stays as it is."""
