"""From what was measured to the rows of `build/bench.json` and the table on the screen."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from tests.bench.plan import Measured

ADDED_MS_P99_MAX = 100.0
GAP_MS_MAX = 40.0
CPU_GOALS_MS = {1: 35.0, 10: 12.0, 25: 8.0, 50: 6.0, 100: 6.0}
"""goals.md, "Voice loop"."""
FEW_TURNS = 100
"""Below this many, a 99th percentile is nearly the worst turn."""
STARVED_SHARE_MAX = 0.05
LAG_MS_MAX = 5.0


class Floors(Struct, frozen=True):
    """CPU-ms per call-second of the floor: frame by frame, and with the gateway's own message pattern (0: not run)."""

    plain: float = 0.0
    lean: float = 0.0


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile; 0 of nothing."""
    if not values:
        return 0.0
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(0, int(rank) - 1)]


def row(measured: Measured, floors: Floors) -> dict[str, Any]:
    """One row. The first nine keys are the ones promised in the issue."""
    turns = measured.turns
    added, clears, quiet = turns.added_ms, turns.barge_in_clear_ms, turns.undisturbed_added_ms
    figures = {
        "calls": measured.calls,
        "cpu_ms_per_call_s": measured.cpu_ms_per_call_s,
        "floor_cpu_ms_per_call_s": floors.plain,
        "added_ms_p50": percentile(added, 50),
        "added_ms_p99": percentile(added, 99),
        "barge_in_clear_ms_p95": percentile(clears, 95),
        "outbound_gap_ms_max": max(turns.gaps_ms, default=0.0),
        "loop_lag_ms_p99": percentile(turns.loop_lag_ms, 99),
        "rss_mb_per_call": measured.rss_mb_per_call,
        "ratio": measured.cpu_ms_per_call_s / floors.plain if floors.plain else None,
        "lean_floor_cpu_ms_per_call_s": floors.lean or None,
        "lean_ratio": measured.cpu_ms_per_call_s / floors.lean if floors.lean else None,
        "added_ms_p95": percentile(added, 95),
        "undisturbed_turns": len(quiet),
        "undisturbed_added_ms_p50": percentile(quiet, 50),
        "undisturbed_added_ms_p99": percentile(quiet, 99),
        "latency_ms_p50": percentile(turns.latency_ms, 50),
        "speculation_lead_ms_p50": percentile(turns.speculation_lead_ms, 50),
        "barge_in_added_ms_p95": percentile(turns.barge_in_added_ms, 95),
        "setup_cpu_ms": measured.setup_cpu_ms or None,
        "lost_calls": measured.lost_calls,
        "refusals": measured.refusals,
        "lost_turns": turns.lost_turns,
        "unexplained_turns": turns.unexplained_turns,
        "turns": turns.turns,
        "barge_ins": len(clears),
        "seconds": measured.seconds,
        "core_share": measured.cpu_share,
        "starved_share": measured.starved_share,
        "generator_lag_ms_p99": measured.generator_lag_ms_p99,
        "ready_lag_ms_max": measured.ready_lag_ms_max,
        "audio_out_share": measured.audio_out_share,
        "messages_out_per_call_s": measured.messages_out_per_call_s,
        "hops_ms": {
            name: {"p50": round(percentile(hop, 50), 2), "p99": round(percentile(hop, 99), 2)}
            for name, hop in turns.hops_ms.items()
        },
        "problems": measured.problems,
    }
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in figures.items()}


def passes(figures: dict[str, Any]) -> bool:
    """Whether a core carries this many calls well."""
    return bool(
        figures["turns"]
        and figures["added_ms_p99"] < ADDED_MS_P99_MAX
        and figures["outbound_gap_ms_max"] <= GAP_MS_MAX
        and not figures["lost_calls"]
        and not figures["lost_turns"]
    )


def calls_per_core(rows: Sequence[dict[str, Any]]) -> int:
    """The largest number of calls measured that passed; 0 if none did."""
    return max((each["calls"] for each in rows if passes(each)), default=0)


def noise(figures: dict[str, Any]) -> str:
    """What makes this row less trustworthy, or nothing."""
    found = []
    if figures["starved_share"] > STARVED_SHARE_MAX:
        found.append(f"other processes held the server's core for {figures['starved_share']:.0%} of the time")
    if figures["generator_lag_ms_p99"] > LAG_MS_MAX:
        found.append(f"the load generator ran {figures['generator_lag_ms_p99']:.0f} ms late")
    if figures["turns"] < FEW_TURNS:
        found.append(f"{figures['turns']} turns only: the p99 is nearly the worst of them")
    if figures["unexplained_turns"]:
        found.append(f"{figures['unexplained_turns']} turns that the vendors' log does not explain")
    return "; ".join(found)


_COLUMNS = (
    ("calls", "calls", "{:.0f}"),
    ("CPU ms/call-s", "cpu_ms_per_call_s", "{:.2f}"),
    ("floor", "floor_cpu_ms_per_call_s", "{:.2f}"),
    ("ratio", "ratio", "{:.2f}"),
    ("added p50", "added_ms_p50", "{:.1f}"),
    ("p95", "added_ms_p95", "{:.1f}"),
    ("p99", "added_ms_p99", "{:.1f}"),
    ("clear p95", "barge_in_clear_ms_p95", "{:.0f}"),
    ("gap max", "outbound_gap_ms_max", "{:.0f}"),
    ("lag p99", "loop_lag_ms_p99", "{:.1f}"),
    ("MB/call", "rss_mb_per_call", "{:.2f}"),
    ("set-up CPU", "setup_cpu_ms", "{:.1f}"),
    ("turns", "turns", "{:.0f}"),
    ("lost", "lost_calls", "{:.0f}"),
)
_GOALS = ("goal", "", "", "1.5", "10", "", "50", "200", "40", "", "3.0", "20", "", "0")


def table(rows: Sequence[dict[str, Any]]) -> str:
    """All rows with their goals and what was noisy."""
    lines = ["  ".join(_cells([title for title, _, _ in _COLUMNS]))]
    for each in rows:
        cells = [
            pattern.format(each[name]) if each[name] is not None else "-" for _, name, pattern in _COLUMNS
        ]
        if each["calls"] in CPU_GOALS_MS:
            cells[1] += f" (<= {CPU_GOALS_MS[each['calls']]:g})"
        lines.append("  ".join(_cells(cells)))
    lines += ["  ".join(_cells(list(_GOALS))), ""]
    for each in rows:
        if each["lean_ratio"] is not None:
            lines.append(
                f"{each['calls']} calls: ratio {each['lean_ratio']:.2f} to a floor that sends as seldom as the gateway "
                f"({each['lean_floor_cpu_ms_per_call_s']:.2f} ms); speculation asks the model "
                f"{each['speculation_lead_ms_p50']:.0f} ms before the turn is over"
            )
        if each["undisturbed_turns"] < each["turns"]:
            lines.append(
                f"{each['calls']} calls: the {each['undisturbed_turns']} turns without another process on the server's "
                f"core: added p50 {each['undisturbed_added_ms_p50']:.1f}, p99 {each['undisturbed_added_ms_p99']:.1f} ms"
            )
        if noise(each):
            lines.append(f"{each['calls']} calls: noisy: {noise(each)}")
        lines += [f"{each['calls']} calls: {problem}" for problem in each["problems"]]
    return "\n".join(lines)


def _cells(cells: Sequence[str]) -> list[str]:
    widths = [max(len(title), 5) for title, _, _ in _COLUMNS]
    widths[1] += 3
    return [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
