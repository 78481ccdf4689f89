"""From broken and mended streams to `build/survive.json` and the table on the screen."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.bench.rows import percentile
from tests.survive.plan import Break, Outcome

DRAINED_GAP_MS_P99_MAX = 1000.0
KILLED_GAP_MS_MAX = 3000.0
"""goals.md, "Continuity"."""
FAULTS_MAX = 20
LAG_MS_MAX = 20.0


def result(outcome: Outcome, *, drained: int, killed: int, seconds: float, seed: int) -> dict[str, Any]:
    """The first five keys are the ones promised in the issue."""
    breaks = outcome.breaks
    gaps = [each.gap_ms for each in breaks]
    broken = {each.caller for each in breaks if not _survived(each)}
    return {
        "calls": outcome.calls,
        "kills": drained + killed,
        "survived": outcome.calls - len(broken) - len(outcome.problems),
        "gap_ms_p50": _round(percentile(gaps, 50)),
        "gap_ms_p99": _round(percentile(gaps, 99)),
        "sigterm": _figures([each for each in breaks if each.how == "drained"], drained),
        "sigkill": _figures([each for each in breaks if each.how == "killed"], killed),
        "turns": outcome.turns,
        "repeated_turns": outcome.repeats,
        "seconds": round(seconds, 1),
        "seed": seed,
        "generator_lag_ms_p99": round(outcome.generator_lag_ms_p99, 1),
        "faults": dict(Counter(fault for each in breaks for fault in each.faults).most_common(FAULTS_MAX)),
        "problems": outcome.problems[:FAULTS_MAX],
    }


def failures(figures: dict[str, Any]) -> list[str]:
    """What keeps the run from having gone as it must."""
    found = []
    if figures["survived"] < figures["calls"]:
        found.append(f"{figures['calls'] - figures['survived']} of {figures['calls']} calls did not survive")
    drained, killed = figures["sigterm"], figures["sigkill"]
    if drained["gap_ms_p99"] > DRAINED_GAP_MS_P99_MAX:
        found.append(f"after SIGTERM the gap is {drained['gap_ms_p99']:.0f} ms (p99), over 1 s")
    if killed["gap_ms_max"] > KILLED_GAP_MS_MAX:
        found.append(f"after SIGKILL the agent was back only after {killed['gap_ms_max']:.0f} ms, over 3 s")
    found += [f"no call was moved by {name}" for name in ("sigterm", "sigkill") if not figures[name]["moved"]]
    return found


def table(figures: dict[str, Any]) -> str:
    """All figures for a reader."""
    lines = [
        f"{'':10}{'kills':>6}{'moved':>7}{'survived':>10}{'said again':>12}{'gap p50':>9}{'p99':>7}{'max':>7}{'back p99':>10}{'goal':>20}"
    ]
    for name, title, goal in (
        ("sigterm", "SIGTERM", "p99 <= 1000 ms"),
        ("sigkill", "SIGKILL", "back in 3000 ms"),
    ):
        row = figures[name]
        lines.append(
            f"{title:10}{row['kills']:>6}{row['moved']:>7}{row['survived']:>10}{row['repeats']:>12}{row['gap_ms_p50']:>9.0f}"
            f"{row['gap_ms_p99']:>7.0f}{row['gap_ms_max']:>7.0f}{row['back_ms_p99']:>10.0f}{goal:>20}"
        )
    said = (
        f"{figures['survived']} of {figures['calls']} calls survived everything; {figures['turns']} turns, "
        f"{figures['repeated_turns']} of which a caller had to say again"
    )
    lines += ["", said]
    for name in ("sigterm", "sigkill"):
        doing = figures[name]["doing"]
        told = ", ".join(
            f"{state} {row['moved']} ({row['gap_ms_p99']:.0f} ms)" for state, row in doing.items()
        )
        lines.append(f"{name.upper()} found callers {told or 'nowhere'}  (in brackets: gap p99)")
    lines += [f"FAULT {count:4} x {what}" for what, count in figures["faults"].items()]
    lines += [f"FAULT {problem}" for problem in figures["problems"]]
    if figures["generator_lag_ms_p99"] > LAG_MS_MAX:
        lines.append(
            f"noisy: the callers themselves ran {figures['generator_lag_ms_p99']:.0f} ms late (p99); the machine was busy"
        )
    return "\n".join(lines)


def _figures(breaks: Sequence[Break], kills: int) -> dict[str, Any]:
    gaps = [each.gap_ms for each in breaks]
    by_doing = {
        doing: [b.gap_ms for b in breaks if b.doing == doing] for doing in sorted({b.doing for b in breaks})
    }
    return {
        "kills": kills,
        "moved": len(breaks),
        "survived": sum(map(_survived, breaks)),
        "gap_ms_p50": _round(percentile(gaps, 50)),
        "gap_ms_p99": _round(percentile(gaps, 99)),
        "gap_ms_max": _round(max(gaps, default=0.0)),
        "back_ms_p99": _round(percentile([(b.back_s - b.lost_s) * 1000 for b in breaks], 99)),
        "repeats": sum(each.repeats for each in breaks),
        "attempts_max": max((each.attempts for each in breaks), default=0),
        "doing": {
            doing: {"moved": len(each), "gap_ms_p99": _round(percentile(each, 99))}
            for doing, each in by_doing.items()
        },
    }


def _survived(each: Break) -> bool:
    return bool(each.back_s) and each.answered_after and not each.faults


def _round(value: float) -> float:
    return round(value, 1) if value != float("inf") else 1e9
