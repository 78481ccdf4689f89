"""The test of the tests: each seeded bug is caught by the invariant it breaks, within a few hundred calls."""

import re
from unittest.mock import patch

import pytest

from tests.simulation import campaign
from tests.simulation.__main__ import main
from tests.simulation.checkers import ALL
from tests.simulation.fleet import simulate_fleet
from tests.simulation.mutants import FLEET_MUTANTS, MURMURS_CUT, MUTANTS, planted
from tests.simulation.world import simulate

SEEDS_MAX = 600
FLEET_SEEDS_MAX = 20
CAMPAIGN = 900
"""Calls enough for an average."""


@pytest.mark.parametrize("name", MUTANTS)
def test_bug_is_caught(name):
    """The broken invariant itself reports the bug."""
    invariant = MUTANTS[name][0]
    with planted(name):
        violations = (simulate(seed).violation for seed in range(SEEDS_MAX))

        assert any(found and found.invariant == invariant for found in violations)


@pytest.mark.parametrize("name", FLEET_MUTANTS)
def test_shared_bug_is_caught(name):
    """The same for what many calls share."""
    invariant = FLEET_MUTANTS[name][0]
    with planted(name):
        violations = (simulate_fleet(seed).violation for seed in range(FLEET_SEEDS_MAX))

        assert any(found and found.invariant == invariant for found in violations)


def test_murmurs_that_cut_the_agent_show_in_the_average():
    """A back-channel that always interrupts is no violation of one call, but of many."""
    with patch.object(*MURMURS_CUT):
        summary = campaign.run(range(CAMPAIGN))

    assert summary.low_shares()


def test_every_invariant_has_a_bug():
    """No checker goes untested."""
    assert {checker.__name__ for checker in ALL} == {invariant for invariant, *_ in MUTANTS.values()}


def test_a_failure_prints_its_replay(capsys):
    """A violated invariant ends a campaign with one line that replays it, and exit code 1."""
    with planted("ends without saying how"):
        code = main(["--seed", "0", "--runs", "50"])
    printed = capsys.readouterr().out

    assert 1 == code
    assert re.search(r"^VIOLATED L1: .*\nreplay: uv run simulate --seed \d+$", printed, re.MULTILINE)
