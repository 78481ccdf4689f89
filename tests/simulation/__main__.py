"""`uv run simulate --seed 7` prints one call as a script; `--runs 2000` plays many and sums them up."""

import argparse
import sys

from tests.simulation import campaign, script
from tests.simulation.fleet import simulate_fleet
from tests.simulation.world import World

LAST_LINES = 12
FLEET_SHARE = 50
"""One simulated process with many calls to so many single calls."""


def main(arguments: list[str] | None = None) -> int:
    """Play calls; the exit code is 1 when an invariant was violated."""
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first (or only) seed")
    parser.add_argument("--runs", type=int, default=1, help="how many seeds to play")
    parser.add_argument("--verbose", action="store_true", help="also print tokens and interim results")
    parser.add_argument(
        "--coarse", action="store_true", help="one event an utterance: faster, blind to what lies between"
    )
    options = parser.parse_args(arguments)
    if options.runs == 1:
        return _one(options.seed, verbose=options.verbose, coarse=options.coarse)
    return _many(options.seed, options.runs, coarse=options.coarse)


def _one(seed: int, *, verbose: bool, coarse: bool) -> int:
    world = World(seed, coarse=coarse)
    outcome = world.run()
    faults = ", ".join(f"{name} {rate:.2f}" for name, rate in world.faults.rates.items()) or "none"
    _print(f"seed {seed}, faults: {faults}", "")
    _print(*script.lines(world, verbose=verbose))
    _print("", f"{outcome.disposition} after {outcome.duration_ms / 1000:.1f} s", *script.latencies(world))
    _print(f"reached: {', '.join(sorted(outcome.sometimes)) or 'nothing special'}")
    _print(f"trace {outcome.trace_hash}")
    if outcome.violation:
        _print("", *_replay(outcome.seed, outcome.violation, coarse=coarse))
    return 1 if outcome.violation else 0


def _many(first: int, runs: int, *, coarse: bool) -> int:
    summary = campaign.run(range(first, first + runs), stop_at_failure=True, coarse=coarse)
    fleets = [simulate_fleet(seed) for seed in range(first, first + 1 + runs // FLEET_SHARE)]
    per_s = summary.calls / summary.cpu_s
    speed = summary.virtual_ms / 1000 / summary.cpu_s
    _print(
        f"{summary.calls} calls in {summary.cpu_s:.1f} s CPU: {per_s:.0f} calls/s, {speed:.0f}x real time, "
        f"mean call {summary.virtual_ms / 1000 / summary.calls:.1f} s; {len(fleets)} processes with many calls"
    )
    _print("", "ended as")
    _print(*(f"  {count:6}  {name}" for name, count in summary.dispositions.most_common()))
    _print("", "calls that reached")
    _print(*(f"  {count:6}  {name}" for name, count in sorted(summary.sometimes.items())))
    _print(*(f"  {good:6}  of {of} {name}" for name, (good, of) in summary.tallies.items()))
    for name, share in summary.low_shares().items():
        _print(f"VIOLATED {name}: only {share:.1%}")
    for outcome in summary.failures:
        if outcome.violation:
            _print("", *_replay(outcome.seed, outcome.violation, coarse=coarse), "")
            world = World(outcome.seed, coarse=coarse)
            world.run()
            _print(*list(script.lines(world))[-LAST_LINES:])
    failed = [fleet for fleet in fleets if fleet.violation]
    _print(*(f"VIOLATED {fleet.violation} (simulate_fleet({fleet.seed}))" for fleet in failed))
    return 1 if summary.failures or summary.low_shares() or failed else 0


def _replay(seed: int, violation: Exception, *, coarse: bool) -> list[str]:
    return [f"VIOLATED {violation}", f"replay: uv run simulate --seed {seed}{' --coarse' if coarse else ''}"]


def _print(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
