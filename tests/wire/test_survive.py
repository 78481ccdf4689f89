"""A small `make survive`: a few calls on three gateways, one of which is drained and one killed. `tests/survive`."""

import asyncio
import signal

import pytest

from switchboard.cli.local_platform import LocalPlatform
from tests.survive import figures
from tests.survive.__main__ import Run

pytestmark = pytest.mark.wire

CALLS = 4


class OneOfEach(Run):
    """One gateway is stopped and, while it hands its calls over, another one killed; neither comes back."""

    async def kill(self, platform: LocalPlatform) -> None:
        drained, killed = platform.processes["gateway"], platform.processes["gateway-2"]
        drained.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.5)
        killed.kill()
        await asyncio.gather(drained.wait(), killed.wait())


async def test_calls_outlive_their_gateways(tmp_path, monkeypatch):
    """Every caller is understood afterwards as before, is not greeted again, and hears no clause twice.

    How long the gaps are is for `make survive` to say: here the machine runs other tests.
    """
    monkeypatch.chdir(tmp_path)
    outcome = await OneOfEach(calls=CALLS, seconds=0, gateways=3, seed=4).play(tmp_path / "survive")
    result = figures.result(outcome, drained=1, killed=1, seconds=0, seed=4)

    assert {} == result["faults"]
    assert [] == result["problems"]
    assert CALLS == result["survived"]
    assert result["sigterm"]["moved"] >= 1
    assert result["sigkill"]["moved"] >= 1
