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
from cdk.checks.iam_model import Model, read_model
from cdk.checks.iam_simulator import NotEvaluatedError
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
            judged = dict(
                zip(environments, pool.map(_synthesise, environments, folders.values()), strict=True)
            )
        assemblies = {name: assembly for name, (assembly, _) in judged.items()}
        lines = [line for _, line in judged.values()]
        lines += [*_check_workflows(), *_check_templates(assemblies, folders), *_check_isolation(assemblies)]
    except (nag.SynthesisError, UnresolvedError, NotEvaluatedError) as error:
        print(f"The templates could not be made or read:\n{error}")
        return 1
    _print(lines, time.perf_counter() - started)
    return 1 if any(each.findings for each in lines) else 0


def _synthesise(name: str, folder: Path) -> tuple[Assembly, Line]:
    started = time.perf_counter()
    assembly = nag.synthesise(name, folder, nag=True)
    looked_at = f"{len(assembly.templates)} stacks, {len(assembly.resources)} resources"
    return assembly, Line(name, "synth", looked_at, (), time.perf_counter() - started)


def _check_workflows() -> Iterator[Line]:
    definitions = lint.definitions()
    yield _line("all", "workflows", f"{len(definitions)} definitions", lint.workflow_findings(definitions))


def _check_templates(assemblies: dict[str, Assembly], folders: dict[str, Path]) -> Iterator[Line]:
    for name, assembly in assemblies.items():
        count, reasons = len(assembly.resources), sum(map(len, assembly.acknowledged.values()))
        looked_at = f"{len(nag.PACKS)} packs, {reasons} findings acknowledged with a reason"
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
    proven: dict[str, tuple[str, list[iam.Proof]]] = {}
    written = {}
    for name, assembly in assemblies.items():
        model = read_model(assembly)
        like, proofs = proven.setdefault(repr(model).replace(f"/{name}/", "/*/"), (name, []))
        if like != name:
            problems = [each for proof in proofs for each in proof.problems]
            yield _line(name, "iam", f"the same roles and policies as {like}", problems)
        for prove in iam.PROOFS if like == name else ():
            started = time.perf_counter()
            proof = prove(model)
            proofs.append(proof)
            meant = " as meant" if proof.allowed and not proof.problems else ""
            text = f"{proof.requests} requests, {proof.allowed} allowed{meant}"
            yield Line(name, f"iam {proof.name}", text, proof.problems, time.perf_counter() - started)
        written[name] = _written(model, like, proofs)
    BUILD.joinpath("iam.json").write_text(json.dumps(written, indent=1))
    _print_isolation(proven.values())


def _written(model: Model, like: str, proofs: Sequence[iam.Proof]) -> dict[str, object]:
    return {
        "proven_as": like,
        "roles": [each.name for each in (*model.tenant_roles, *model.workloads)],
        "excepted": {f"{role} {action}": reason for (role, action), reason in model.excepted.items()},
        "proofs": [asdict(each) for each in proofs],
    }


def _print_isolation(proven: Iterable[tuple[str, Sequence[iam.Proof]]]) -> None:
    """One row per role: how many requests for foreign tenants' data were tried, and how many allowed."""
    for name, proofs in proven:
        foreign = proofs[0]
        services = sorted({service for row in foreign.evaluated.values() for service in row})
        print(f"{name}: requests for foreign tenants' data")
        print(f"  {'role':<34}" + "".join(f"{service:>12}" for service in services) + "   allowed")
        for role, row in foreign.evaluated.items():
            allowed = sum(problem.startswith(f"{role} ") for problem in foreign.problems)
            print(
                f"  {role:<34}" + "".join(f"{row.get(each, 0):>12}" for each in services) + f"{allowed:>10}"
            )
        print()


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
