"""The checks around the rules: they find what they are for, and cannot pass without having run."""

import json
from pathlib import Path
from typing import Any

import pytest

from cdk.checks.__main__ import main
from cdk.checks.lint import template_findings, workflow_findings
from cdk.checks.nag import PACKS, SynthesisError, nag_findings, synthesise

STEP = {
    "Type": "Task",
    "Resource": "${ScoreCallFunctionArn}",
    "TimeoutSeconds": 30,
    "Retry": [{"ErrorEquals": ["States.ALL"]}],
    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}],
    "End": True,
}
WORKFLOW: dict[str, Any] = {
    "QueryLanguage": "JSONata",
    "TimeoutSeconds": 60,
    "StartAt": "Score",
    "States": {"Score": STEP, "Failed": {"Type": "Fail", "Error": "ScoringFailed"}},
}


def report(folder: Path, *, packs=PACKS, finding: str = "") -> Path:
    """A report as cdk-nag writes it, in which `packs` found the canary."""
    plugins = [
        {"pluginName": pack, "violations": [_violation(f"{pack}-S3", "canary/OpenBucket")]}
        for pack in sorted(packs)
    ]
    if finding:
        plugins[0]["violations"].append(_violation("AwsSolutions-IAM5[Resource::*]", finding))
    (folder / "validation-report.json").write_text(json.dumps({"pluginReports": plugins}))
    return folder


def _violation(rule: str, path: str):
    return {
        "ruleName": rule,
        "description": "why",
        "severity": "error",
        "violatingConstructs": [{"constructPath": path}],
    }


def test_nothing_but_the_canary(tmp_path):
    """A report in which every pack complains of the canary alone is clean."""
    assert [] == list(nag_findings(report(tmp_path)))


def test_a_finding(tmp_path):
    """A finding that nobody acknowledged is told with its path and rule."""
    (found,) = nag_findings(report(tmp_path, finding="voice/Role"))
    assert str(found) == "voice/Role: AwsSolutions-IAM5[Resource::*]: why"


def test_a_pack_that_did_not_run(tmp_path):
    """A pack that does not even find the canary was not run, and its silence is no pass."""
    (found,) = nag_findings(report(tmp_path, packs=PACKS - {"PCI.DSS.321"}))
    assert str(found).startswith("PCI.DSS.321: did not find the canary")


def test_an_app_that_fails(tmp_path):
    """An app that cannot be synthesised is an error with its last words, not an empty pass."""
    with pytest.raises(SynthesisError, match="no environment 'prod'"):
        synthesise("prod", tmp_path / "out", nag=False)


def test_careful_workflow(tmp_path):
    """A workflow in JSONata with placeholders passes."""
    assert [] == list(workflow_findings([_definition(tmp_path, WORKFLOW)]))


def test_broken_transition(tmp_path):
    """A transition to a state that does not exist is found, which cfn-lint would not."""
    broken = {**STEP, "Next": "Gone"}
    del broken["End"]
    states = {**WORKFLOW["States"], "Score": broken}
    found = [str(each) for each in workflow_findings([_definition(tmp_path, {**WORKFLOW, "States": states})])]
    assert any("Gone" in each for each in found)


def test_broken_template(tmp_path):
    """A property that CloudFormation does not know is found before anything is deployed."""
    template = tmp_path / "data.template.json"
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeOut": 60}}
    template.write_text(json.dumps({"Resources": {"Queue": queue}}))
    (found,) = template_findings([template])
    assert "VisibilityTimeOut" in str(found)


def test_unknown_environment(capsys):
    """A misspelt environment is answered with those that there are."""
    with pytest.raises(SystemExit):
        main(["prod"])
    assert "there is no environment prod; there are starter, growth, enterprise" in capsys.readouterr().err


def _definition(folder: Path, definition) -> Path:
    path = folder / "score_call.asl.json"
    path.write_text(json.dumps(definition))
    return path
