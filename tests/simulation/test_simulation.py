"""Whole calls in virtual time: every invariant holds, every hard case is reached, and a seed is a reproduction."""

import pytest

from tests.simulation import campaign, script
from tests.simulation.__main__ import main
from tests.simulation.fleet import simulate_fleet
from tests.simulation.regressions import REGRESSIONS
from tests.simulation.world import World, simulate

CALLS = 2000
COARSE_CALLS = 500
PROCESSES = 40


def test_two_thousand_calls():
    """Two thousand calls break no invariant, keep their averages and between them reach every hard case."""
    summary = campaign.run(range(CALLS))

    assert [] == [f"uv run simulate --seed {f.seed}  # {f.violation}" for f in summary.failures]
    assert {} == summary.low_shares()
    assert set() == campaign.EXPECTED - set(summary.sometimes)


def test_coarse_calls():
    """The coarse mode plays its calls in fewer events and breaks no invariant either."""
    assert [] == campaign.run(range(COARSE_CALLS), coarse=True).failures
    assert _events(coarse=True) < 0.9 * _events(coarse=False)


def test_many_calls_on_one_process():
    """Tokens open one stream each, new calls are refused before live ones degrade, slow providers are left in time."""
    outcomes = [simulate_fleet(seed) for seed in range(PROCESSES)]
    reached = set().union(*(outcome.sometimes for outcome in outcomes))

    assert [] == [str(outcome.violation) for outcome in outcomes if outcome.violation]
    assert reached >= {
        "TokenExpired",
        "TokenForOtherCall",
        "TokenForged",
        "breaker opened on slowness",
        "call refused: full",
        "call refused: overloaded",
        "fail-over to the second provider",
        "probe failed",
        "provider healed",
        "token replayed",
    }


def test_same_seed_same_trace():
    """A seed replays its call to the last byte."""
    assert [simulate(seed) for seed in range(20)] == [simulate(seed) for seed in range(20)]


def test_other_seed_other_trace():
    """Different seeds are different calls."""
    hashes = {simulate(seed).trace_hash for seed in range(100)}

    assert 100 == len(hashes)


def test_state_survives_json_at_every_step():
    """A conversation that is stored and restored after every single event behaves exactly as one that is not."""
    plain = [simulate(seed).trace_hash for seed in range(120)]
    restored = [simulate(seed, restores_each_step=True).trace_hash for seed in range(120)]

    assert plain == restored


@pytest.mark.parametrize(("seed", "sentence"), REGRESSIONS)
def test_bugs_found_stay_fixed(seed, sentence):
    """The call that once went wrong goes right."""
    assert simulate(seed).violation is None, sentence


def test_script_tells_the_call():
    """The printed script names both parties' words and the end of the call."""
    world = World(0)
    world.run()
    printed = "\n".join(script.lines(world))

    assert "CALLER" in printed
    assert f"AGENT    {world.policy.opening}" in printed
    assert f"call over: {world.disposition}" in printed


def test_command_prints_a_call(capsys):
    """One seed prints its script and its trace hash."""
    code = main(["--seed", "3"])

    assert 0 == code
    assert f"trace {simulate(3).trace_hash}" in capsys.readouterr().out


def test_command_sums_up_many_calls(capsys):
    """Many seeds print a summary."""
    code = main(["--seed", "100", "--runs", "30"])

    assert 0 == code
    assert "30 calls in" in capsys.readouterr().out


def _events(*, coarse):
    worlds = [World(seed, coarse=coarse) for seed in range(50)]
    for world in worlds:
        world.run()
    return sum(world._sequence + len(world.trace) for world in worlds)
