"""Runs the linters made for these files: cfn-lint on templates, asl-validator on workflow definitions."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from cdk.checks.rules import Finding, definition_findings

ROOT = Path(__file__).resolve().parents[2]
DEFINITIONS = ROOT / "stepfunctions"
NODE = ROOT / "cdk" / "node_modules" / "node" / "bin" / "node"
ASL_VALIDATOR = ROOT / "cdk" / "node_modules" / "asl-validator" / "dist" / "bin" / "asl-validator.js"
TIMEOUT_S = 300

IGNORED = ("W3005",)
"""W3005: CDK writes dependencies that a reference already implies; they do no harm."""


def template_findings(templates: Sequence[Path]) -> Iterator[Finding]:
    """What cfn-lint says of the templates."""
    ran = subprocess.run(  # noqa: S603 - our own command line
        [
            str(Path(sys.executable).with_name("cfn-lint")),
            *("--format", "json", "--ignore-checks", *IGNORED, "--"),
            *map(str, templates),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    if not ran.stdout.strip():
        raise RuntimeError(f"cfn-lint did not run: {ran.stderr.strip()[-2000:]}")
    for match in json.loads(ran.stdout):
        path = "/".join(map(str, match["Location"].get("Path") or ()))
        yield Finding(f"{Path(match['Filename']).name} {path}", f"{match['Rule']['Id']}: {match['Message']}")


def workflow_findings(definitions: Sequence[Path]) -> Iterator[Finding]:
    """What asl-validator says of the definitions, and what our own rule for their states does."""
    for path in definitions:
        text = path.read_text()
        # The linter wants an ARN where the workflow component will put one.
        filled = re.sub(r"\$\{(\w+)\}", r"arn:aws:lambda:us-east-1:111122223333:function:\1", text)
        ran = subprocess.run(  # noqa: S603 - our own command line
            [str(NODE), str(ASL_VALIDATOR), "--json-definition", filled],
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
        if ran.returncode:
            yield Finding(path.name, " ".join((ran.stdout + ran.stderr).split()))
        yield from definition_findings(path.name, json.loads(text))


def definitions() -> list[Path]:
    """Every workflow there is."""
    return sorted(DEFINITIONS.glob("*.asl.json"))
