"""`switchboard doctor`: is this machine (or, with `--cloud`, a deployment) ready, and if not, what is there to do?

Reads only, works offline, tells everything at once and never prints a secret. Exit codes: 0 healthy, 1 warnings,
2 failures, so that `switchboard doctor && make up` does what it says. The JSON schema is stable: new keys may
be added, none changes its meaning.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import TextIO

import msgspec

from switchboard.cli.doctor_checks import ALL_CHECKS, Check, CheckResult, Outcome
from switchboard.cli.doctor_cloud import Cloud, check_cloud
from switchboard.settings import environment, read_settings

SCHEMA_VERSION = 1
EXIT_CODES = {Outcome.PASS: 0, Outcome.WARN: 1, Outcome.FAIL: 2}

_MARKS = {Outcome.PASS: "ok  ", Outcome.WARN: "warn", Outcome.FAIL: "FAIL"}


def run_doctor(
    environ: Mapping[str, str] | None = None,
    *,
    as_json: bool = False,
    out: TextIO | None = None,
    checks: Iterable[Check] = ALL_CHECKS,
) -> int:
    """Run all checks on the settings in `environ` (default: as every command reads them) and return the exit code."""
    reading = read_settings(environment() if environ is None else environ)
    return report([result for check in checks for result in check(reading)], as_json=as_json, out=out)


def run_cloud_doctor(cloud: Cloud, *, as_json: bool = False, out: TextIO | None = None) -> int:
    """Look at a deployment instead of this machine, and return the exit code."""
    return report(list(check_cloud(cloud)), as_json=as_json, out=out)


def report(results: list[CheckResult], *, as_json: bool, out: TextIO | None) -> int:
    """Print the results and return the exit code."""
    render: Callable[[list[CheckResult]], str] = as_json_text if as_json else as_text
    print(render(results), file=out or sys.stdout)
    return EXIT_CODES[worst(results)]


def worst(results: Iterable[CheckResult]) -> Outcome:
    """The outcome that decides the exit code."""
    return max((result.outcome for result in results), key=EXIT_CODES.__getitem__, default=Outcome.PASS)


def as_json_text(results: list[CheckResult]) -> str:
    """Render as `{"version", "status", "checks": [{"group", "name", "status", "message", "hint"}]}`."""
    document = {
        "version": SCHEMA_VERSION,
        "status": worst(results).value,
        "checks": [
            {
                "group": result.group,
                "name": result.name,
                "status": result.outcome.value,
                "message": result.message,
                "hint": result.hint,
            }
            for result in results
        ],
    }
    return msgspec.json.format(msgspec.json.encode(document)).decode()


def as_text(results: list[CheckResult]) -> str:
    """Render for a terminal: groups, one line per check, one hint below what is not well."""
    lines: list[str] = []
    for group, members in groupby(results, key=lambda result: result.group):
        lines.append(group)
        for result in members:
            lines.append(f"  {_MARKS[result.outcome]}  {result.name}: {result.message}")
            if result.hint:
                lines.append(f"        -> {result.hint}")
    counts = Counter(result.outcome for result in results)
    lines.append(
        f"{counts[Outcome.PASS]} passed, {counts[Outcome.WARN]} warnings, {counts[Outcome.FAIL]} failures"
    )
    return "\n".join(lines)
