"""`make check-cloud`: judges every environment's templates and every workflow definition, and proves tenant isolation.

Prints a table, then every finding; exits with 1 if there is any. `build/iam.json` holds the proof, `build/check-cloud/` the templates.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from cdk.checks import iam, lint, nag
from cdk.checks.rules import RULES, Finding
from cdk.checks.templates import Assembly, UnresolvedError

BUILD = Path(__file__).resolve().parents[2] / "build"
ENVIRONMENTS = ("starter", "growth", "enterprise")
RESOURCES_MIN = 90
"""The data stack and the network alone have more: with fewer, something was not synthesised."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table."""

    environment: str
    check: str
    looked_at: str
    findings: tuple[str, ...]
    took_s: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the environments named, or all; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m cdk.checks", description=__doc__)
    parser.add_argument("environments", nargs="*", metavar="environment", help=", ".join(ENVIRONMENTS))
    environments: list[str] = parser.parse_args(arguments).environments or list(ENVIRONMENTS)
    if unknown := set(environments) - set(ENVIRONMENTS):
        parser.error(
            f"there is no environment {', '.join(sorted(unknown))}; there are {', '.join(ENVIRONMENTS)}"
        )
    started = time.perf_counter()
    folders = {name: BUILD / "check-cloud" / name for name in environments}
    try:
        with ThreadPoolExecutor(max_workers=2) as pool:  # each synthesis keeps one core busy
            judged = pool.map(lambda name: nag.synthesise(name, folders[name], nag=True), environments)
            assemblies = dict(zip(environments, judged, strict=True))
        lines = [*_check_workflows(), *_check_templates(assemblies, folders), *_check_isolation(assemblies)]
    except (nag.SynthesisError, UnresolvedError) as error:
        print(f"The templates could not be made or read:\n{error}")
        return 1
    _print(lines, time.perf_counter() - started)
    return 1 if any(each.findings for each in lines) else 0


def _check_workflows() -> Iterator[Line]:
    definitions = lint.definitions()
    yield _line("all", "workflows", f"{len(definitions)} definitions", lint.workflow_findings(definitions))


def _check_templates(assemblies: dict[str, Assembly], folders: dict[str, Path]) -> Iterator[Line]:
    for name, assembly in assemblies.items():
        count, reasons = len(assembly.resources), sum(map(len, assembly.acknowledged.values()))
        looked_at = f"{count} resources, {len(nag.PACKS)} packs, {reasons} acknowledged with a reason"
        yield _line(name, "cdk-nag", looked_at, [*nag.nag_findings(folders[name]), *_too_few(count)])
        templates = [folders[name] / f"{stack}.template.json" for stack in assembly.templates]
        yield _line(name, "cfn-lint", f"{len(templates)} templates", lint.template_findings(templates))
        found = (f"{rule.__name__}: {finding}" for rule in RULES for finding in rule(assembly))
        yield _line(name, "own rules", f"{len(RULES)} rules", found)


def _too_few(count: int) -> Iterator[Finding]:
    if count < RESOURCES_MIN:
        yield Finding("templates", f"have {count} resources; at least {RESOURCES_MIN} are expected.")


def _check_isolation(assemblies: dict[str, Assembly]) -> Iterator[Line]:
    """Prove every environment whose roles and policies are not, but for its name, those of one already proven."""
    models = {name: iam.read_model(assembly) for name, assembly in assemblies.items()}
    proven: dict[str, tuple[str, list[iam.Proof]]] = {}
    written = {}
    for name, model in models.items():
        key = repr(model).replace(f"/{name}/", "/*/")
        first = key not in proven
        if first:
            started = time.perf_counter()
            proven[key] = name, iam.prove(model)
            took_s = time.perf_counter() - started
        like, proofs = proven[key]
        written[name] = {
            "same_policies_as": None if first else like,
            "roles": [each.name for each in (*model.tenant_roles, *model.workloads)],
            "excepted": {f"{role} {action}": reason for (role, action), reason in model.excepted.items()},
            "proofs": [asdict(each) for each in proofs],
        }
        for proof in proofs:
            text = f"{proof.evaluated} requests, {proof.allowed} allowed" if first else f"as {like}"
            yield Line(
                name, f"iam {proof.name}", text, proof.problems, took_s / len(proofs) if first else 0.0
            )
    BUILD.joinpath("iam.json").write_text(json.dumps(written, indent=1))


def _line(environment: str, check: str, looked_at: str, found: Iterable[Finding | str]) -> Line:
    started = time.perf_counter()
    findings = tuple(dict.fromkeys(str(each) for each in found))
    return Line(environment, check, looked_at, findings, time.perf_counter() - started)


def _print(lines: Sequence[Line], took_s: float) -> None:
    for line in lines:
        verdict = "ok" if not line.findings else f"{len(line.findings)} findings"
        print(
            f"{line.environment:<10}  {line.check:<12}  {line.looked_at:<58}  {line.took_s:5.1f} s  {verdict}"
        )
    for line in lines:
        for finding in line.findings:
            print(f"\n{line.environment}, {line.check}: {finding}")
    findings = sum(len(each.findings) for each in lines)
    print(f"\n{findings} findings in {took_s:.0f} s.")


if __name__ == "__main__":
    sys.exit(main())
