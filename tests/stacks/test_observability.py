"""Alarms, their pages, and the metrics they look at agree with one another."""

import json
import re
from pathlib import Path

import pytest

from cdk.checks.templates import Assembly
from cdk.metrics import METRICS, NAMESPACE
from switchboard.telemetry import metrics as telemetry

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs/operate"
NOT_FOR_ALARMS = {"cost", "deploy", "rotate-a-secret"}
PARTS = ("**Rings when**", "**Callers notice**", "**Look.**", "**Do.**", "**Verify.**", "**Escalate**")
BESIDE_CALLS = {"dead-letters", "facts-stale", "workflow-failed"}
"""No caller waits while these ring; their pages tell it in their own order."""


def runbooks(assembly: Assembly) -> set[str]:
    text = " ".join(
        str(each.properties.get("AlarmDescription", ""))
        for each in assembly.of_type("AWS::CloudWatch::Alarm")
    )
    return set(re.findall(r"docs/operate/([\w-]+)\.md", text))


def pages() -> set[str]:
    return {path.stem for path in PAGES.glob("*.md")} - NOT_FOR_ALARMS


def test_alarms_and_pages_match(assembly: Assembly):
    """Every alarm has a page, every page an alarm."""
    assert runbooks(assembly) == pages()


@pytest.mark.parametrize("name", sorted(pages() - BESIDE_CALLS))
def test_a_page_says_what_is_needed_at_night(name):
    """What rings, what callers notice, where to look, what to do, how to see that it is over, when to call somebody."""
    text = (PAGES / f"{name}.md").read_text()

    assert [] == [part for part in PARTS if part not in text]


def test_pages_lead_somewhere():
    """Links between pages lead to pages."""
    for path in PAGES.glob("*.md"):
        for target in re.findall(r"\]\(([\w-]+\.md)", path.read_text()):
            assert (PAGES / target).is_file(), f"{path.name} names {target}"


def test_log_lines_that_pages_look_for_are_written():
    """A filter in a page finds an event that some module logs, word for word."""
    product = "\n".join(
        path.read_text()
        for folder in ("layers", "fargate", "lambdas")
        for path in (ROOT / folder).rglob("*.py")
    )
    wanted = {
        (path.name, event)
        for path in PAGES.glob("*.md")
        for event in re.findall(r'\$\.event = "([^"]+)"', path.read_text())
    }

    assert wanted
    assert [] == [(page, event) for page, event in wanted if f'"{event}"' not in product]


def test_every_alarm_says_what_no_data_mean(assembly: Assembly):
    """Chosen, not defaulted; silence rings exactly once."""
    alarms = [each.properties for each in assembly.of_type("AWS::CloudWatch::Alarm")]
    people = [each for each in alarms if "docs/operate/" in str(each.get("AlarmDescription"))]
    breaching = [each for each in people if each["TreatMissingData"] == "breaching"]

    assert all("TreatMissingData" in each for each in alarms)
    assert [each["MetricName"] for each in breaching] == ["FreeCallSlots"]


def test_metrics_exist_as_they_are_read():
    """Each name in cdk/metrics.py is a metric of the platform's, recorded under these dimensions."""
    base = len(telemetry.BASE_DIMENSIONS)

    assert NAMESPACE == telemetry.NAMESPACE
    assert METRICS.keys() <= telemetry.METRICS.keys()
    for name, sets in METRICS.items():
        recorded = {dimensions[base:] for dimensions in telemetry.METRICS[name].dimension_sets}
        assert set(sets) <= recorded, name


def test_the_dashboard_shows_what_was_promised(assembly: Assembly):
    """Live calls, free slots, first audio with its parts, barge-in, fail-over, errors, dead letters, checkpoints, drops."""
    (dashboard,) = assembly.of_type("AWS::CloudWatch::Dashboard")
    text = json.dumps(dashboard.properties["DashboardBody"])

    for name in (
        "LiveCalls",
        "FreeCallSlots",
        "FirstAudio",
        "EndOfTurn",
        "ModelFirstClause",
        "VoiceFirstAudio",
        "BargeInToClear",
        "ProviderSwitches",
        "ConversationFailures",
        "CheckpointFailures",
        "EventsDropped",
        "5XXError",
        "DeadLetters",
        "BlockedRequests",
    ):
        assert name in text, name


def test_the_deployment_says_what_it_costs_and_how_to_end_it(assembly: Assembly):
    """Printed by the last stack."""
    outputs = assembly.templates["observability"]["Outputs"]

    assert re.fullmatch(r"about \d+ USD a month .*", outputs["IdleCost"]["Value"])
    assert outputs["Teardown"]["Value"].startswith("cdk destroy --all -c environment=starter")
