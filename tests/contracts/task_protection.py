"""What every scale-in protection does."""

from collections.abc import Callable

import pytest

from switchboard.ports.errors import ProviderError
from switchboard.ports.task_protection import TaskProtection


class TaskProtectionContract:
    """Subclasses provide `protection`, `held` (minutes, None without protection) and `break_down`."""

    async def test_protects_and_releases(self, protection: TaskProtection, held: Callable[[], int | None]):
        """A task is protected for as long as asked, again for as long as asked last, and let go."""
        await protection.protect(minutes=45)
        first = held()
        await protection.protect(minutes=60)
        second = held()
        await protection.release()

        assert (45, 60, None) == (first, second, held())

    async def test_releasing_what_is_not_held(
        self, protection: TaskProtection, held: Callable[[], int | None]
    ):
        """It is no error."""
        await protection.release()

        assert held() is None

    async def test_failures_are_the_ports_own(
        self, protection: TaskProtection, break_down: Callable[[], None]
    ):
        """Whatever goes wrong is a `ProviderError`; the next request may succeed."""
        break_down()
        with pytest.raises(ProviderError):
            await protection.protect(minutes=45)
        break_down()
        with pytest.raises(ProviderError):
            await protection.release()
        await protection.protect(minutes=45)
