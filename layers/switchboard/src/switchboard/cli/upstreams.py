"""Which of several equal processes gets a connection: one that says it is ready, and of those the least busy.

As an AWS load balancer routes by least outstanding requests, asks `/ready`, and fails open when nobody is. One thing it does
better than the real one: a process that refuses connections is passed over at once, not after two failed checks.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum

import httpx2

CHECK_EVERY_S = 0.5
CHECK_TIMEOUT_S = 2.0

Address = tuple[str, int]


class Health(IntEnum):
    """What a process said of itself last, best first."""

    READY = 0
    BUSY = 1
    LEAVING = 2
    """Draining: as if no longer registered."""
    GONE = 3


class Pool:
    """The processes behind one route. `watch` keeps their health up to date."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self._health = dict.fromkeys(addresses, Health.READY)
        self._open = dict.fromkeys(addresses, 0)

    @property
    def has_choice(self) -> bool:
        """Whether it matters who is ready."""
        return len(self._open) > 1

    def candidates(self) -> list[Address]:
        """All of them, the one that should take the next connection first."""
        return sorted(self._open, key=lambda address: (self._health[address], self._open[address]))

    @contextmanager
    def using(self, address: Address) -> Iterator[None]:
        """Count a connection for as long as it lasts."""
        self._open[address] += 1
        try:
            yield
        finally:
            self._open[address] -= 1

    def refused(self, address: Address) -> None:
        """A connection was not accepted: nobody is there until a check says otherwise."""
        self._health[address] = Health.GONE

    async def watch(self) -> None:
        """Check everybody, for ever."""
        async with httpx2.AsyncClient(trust_env=False, timeout=CHECK_TIMEOUT_S) as client:
            while True:
                for address in self._open:
                    self._health[address] = await check(client, address)
                await asyncio.sleep(CHECK_EVERY_S)


async def check(client: httpx2.AsyncClient, address: Address) -> Health:
    """What the process at `address` says of itself."""
    host, port = address
    try:
        answer = await client.get(f"http://{host}:{port}/ready")
        if answer.status_code == 200:
            return Health.READY
        return Health.LEAVING if answer.json().get("reason") == "draining" else Health.BUSY
    except httpx2.TransportError:
        return Health.GONE
    except (ValueError, AttributeError):
        return Health.BUSY  # whatever that was, somebody answers
