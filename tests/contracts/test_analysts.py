"""Deep models conclude calls over their own wires: findings by a required tool, one repair, then the rules."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from switchboard.domain.call_analysis import Criterion, MalformedFindings
from switchboard.domain.messages import ToolCall
from switchboard.domain.transcripts import Transcript, TranscriptTurn
from switchboard.ports.errors import ProviderOverloaded
from switchboard.services.analyse_call import conclude_call
from tests.fakes.model_scripts import BrokenToolCall, Failure, Refusal, Reply, Text
from tests.fakes.model_vendors import VendorOnLoopback, anthropic_vendor, bedrock_vendor

pytestmark = pytest.mark.wire

SAID = Transcript("live", (TranscriptTurn("caller", "I was charged twice."),))
FINDINGS = {
    "summary": "Charged twice.",
    "disposition": "follow_up",
    "sentiment": "negative",
    "judgements": [{"criterion": each, "is_met": True, "reason": "Heard."} for each in Criterion],
    "action_items": [],
}
GOOD = Reply((ToolCall("t1", "record_findings", FINDINGS),), stop_reason="tool_use")
BAD = Reply((ToolCall("t1", "record_findings", {**FINDINGS, "sentiment": "hungry"}),), stop_reason="tool_use")


def fail(error: Exception) -> None:
    raise AssertionError("the model did not conclude") from error


@pytest.fixture(params=[anthropic_vendor, bedrock_vendor], ids=["anthropic", "bedrock"])
async def vendor(request: pytest.FixtureRequest) -> AsyncIterator[VendorOnLoopback[Any]]:
    async with request.param() as each:
        yield each


async def test_findings(vendor: VendorOnLoopback[Any]):
    """The model is made to call the tool; what it records is the analysis."""
    vendor.script(GOOD)
    analysis = await conclude_call(SAID, model=vendor.model, report_failure=fail)
    assert (vendor.model.name, 100, "Charged twice.") == (
        analysis.analyst,
        analysis.qa_score,
        analysis.findings.summary,
    )
    (asked,) = vendor.server.requests
    body = asked.body
    choice = body.get("tool_choice") or body["toolConfig"]["toolChoice"]["tool"]
    assert "record_findings" == choice["name"]


@pytest.mark.parametrize("malformed", [BAD, Reply((Text("A summary."),))], ids=["value", "text"])
async def test_repair(vendor: VendorOnLoopback[Any], malformed: Reply):
    """A malformed answer is corrected once, in a dialogue that the vendor accepts."""
    vendor.script(malformed, GOOD)
    analysis = await conclude_call(SAID, model=vendor.model, report_failure=fail)
    assert vendor.model.name == analysis.analyst
    assert 2 == len(vendor.server.requests)


async def test_rules_conclude(vendor: VendorOnLoopback[Any]):
    """Two malformed answers, broken JSON and a vendor that is down leave the conclusion to the rules."""
    for scripts, failure in (
        ((BAD, BAD), MalformedFindings),
        ((Refusal(Failure.OVERLOADED),), ProviderOverloaded),
        ((Reply((BrokenToolCall("t1", "record_findings", "{"),)),), Exception),
    ):
        failures: list[Exception] = []
        vendor.script(*scripts)
        analysis = await conclude_call(SAID, model=vendor.model, report_failure=failures.append)
        assert "rules" == analysis.analyst
        assert isinstance(failures[0], failure)
