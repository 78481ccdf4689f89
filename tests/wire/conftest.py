"""These tests run on the event loop of production, and leave nothing running on it."""

import pytest
import uvloop

from tests.wire.rig import no_task_left


def pytest_asyncio_loop_factories():
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(autouse=True)
async def tidy():
    async with no_task_left():
        yield
