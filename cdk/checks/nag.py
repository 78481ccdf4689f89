"""Synthesises an environment under five packs of cdk-nag and reads their report."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cdk.checks.rules import Finding
from cdk.checks.templates import Assembly, load

ROOT = Path(__file__).resolve().parents[2]
PACKS = {"AwsSolutions", "HIPAA.Security", "NIST.800.53.R5", "PCI.DSS.321", "Serverless"}
CANARY = "canary"
TIMEOUT_S = 300


class SynthesisError(Exception):
    """The app could not be synthesised; the message is what it said."""


def synthesise(environment: str, folder: Path, *, nag: bool) -> Assembly:
    """Write the templates of `environment` to `folder`, judged by the packs or not; raises `SynthesisError`."""
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "cdk.app", "-c", f"environment={environment}", "-o", str(folder)]
    node = ROOT / "cdk" / "node_modules" / "node" / "bin" / "node"
    ran = subprocess.run(  # noqa: S603 - our own command line
        [*command, *(["-c", "nag=1"] if nag else [])],
        cwd=ROOT,
        env=os.environ | ({"JSII_NODE": str(node)} if node.exists() else {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    # With the canary aboard the packs always object; whether they object to more is in the report.
    judged = nag and "ValidationFailed" in ran.stderr and (folder / "validation-report.json").is_file()
    if ran.returncode and not judged:
        raise SynthesisError(ran.stderr.strip()[-3000:])
    return load(folder, without=CANARY)


def nag_findings(folder: Path) -> Iterator[Finding]:
    """What the packs found and nobody acknowledged; also a pack that did not even find the canary."""
    report = json.loads((folder / "validation-report.json").read_text())
    sharp = set()
    for plugin in report["pluginReports"]:
        for violation in plugin["violations"]:
            for construct in violation["violatingConstructs"]:
                path = str(construct.get("constructPath", "?"))
                if path.startswith(f"{CANARY}/"):
                    sharp.add(plugin["pluginName"])
                elif violation["severity"] != "info" and plugin["pluginName"] in PACKS:
                    yield Finding(path, f"{violation['ruleName']}: {violation['description']}")
    for pack in sorted(PACKS - sharp):
        yield Finding(pack, "did not find the canary in cdk/checks/canary.py: the pack was not run.")
