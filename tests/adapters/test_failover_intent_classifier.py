"""When the rules answer instead of the model, and when nobody asks the model at all."""

import asyncio

import pytest

from switchboard.adapters.embedded.intent_classifier import EmbeddedIntentClassifier
from switchboard.adapters.failover.intent_classifier import FailoverIntentClassifier
from switchboard.domain.understanding import MALFORMED, Intent, Understanding
from switchboard.ports.errors import ProviderRejected, ProviderTimeout, ProviderUnavailable
from tests.fakes.clock import FakeClock
from tests.fakes.intent_classifier import FakeIntentClassifier

BUDGET_MS = 800
BILL = "My bill is wrong."


class Rig:
    def __init__(self, *models: FakeIntentClassifier) -> None:
        self.clock = FakeClock()
        self.switches: list[tuple[str, str, str]] = []
        self.classifier = FailoverIntentClassifier(
            [(model, BUDGET_MS) for model in models],
            EmbeddedIntentClassifier(),
            clock=self.clock,
            on_switch=lambda *switch: self.switches.append(switch),
        )


async def test_a_sure_model_has_the_word():
    """The model's answer stands, against the rules'."""
    model = FakeIntentClassifier()
    rig = Rig(model)
    assert await rig.classifier.classify(BILL) == model.answer
    assert rig.switches == []


@pytest.mark.parametrize(
    "failure",
    [
        ProviderUnavailable("fake", "down"),
        ProviderTimeout("fake", "late"),
        ProviderRejected("fake", "bad key"),
    ],
)
async def test_a_failing_model_is_replaced_by_the_rules(failure):
    """Down, late or refusing: the rules answer, and somebody is told."""
    model = FakeIntentClassifier()
    model.failure = failure
    rig = Rig(model)
    assert (await rig.classifier.classify(BILL)).intent is Intent.BILLING
    assert rig.switches == [("fake", "embedded", type(failure).__name__)]


@pytest.mark.parametrize("answer", [MALFORMED, Understanding(Intent.SALES, 0.59, needs=(Intent.SALES,))])
async def test_an_unsure_model_is_replaced_by_the_rules(answer):
    """Below 0.6, and with it every malformed answer, the rules answer."""
    rig = Rig(FakeIntentClassifier(answer=answer))
    assert (await rig.classifier.classify(BILL)).intent is Intent.BILLING
    assert rig.switches == [("fake", "embedded", "Unsure")]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("0", Intent.ESCALATION),
        ("option two", Intent.TECHNICAL),
        ("I want to talk to a human.", Intent.ESCALATION),
        ("my father can't breathe", Intent.ESCALATION),
    ],
)
async def test_keys_human_wishes_and_emergencies_never_wait_for_a_model(text, intent):
    """The rules decide at once, and no model hears of it."""
    model = FakeIntentClassifier()
    model.stalls = True
    async with asyncio.timeout(5):
        assert (await Rig(model).classifier.classify(text)).intent is intent
    assert model.texts == []


async def test_silence_is_not_sent_to_a_model():
    """There is nothing to understand."""
    model = FakeIntentClassifier()
    assert (await Rig(model).classifier.classify("  ")).intent is Intent.GENERAL
    assert model.texts == []


async def test_a_model_that_keeps_failing_is_left_alone_until_a_probe_passes():
    """After three failures nobody waits for it; once it is healthy, a probe lets it serve again."""
    model = FakeIntentClassifier()
    model.failure = ProviderUnavailable("fake", "down")
    rig = Rig(model)
    for _ in range(5):
        await rig.classifier.classify(BILL)
    assert len(model.texts) == 3
    model.failure = None
    rig.clock.now_ms += 2_000
    await rig.classifier.probe_due()
    assert await rig.classifier.classify(BILL) == model.answer


async def test_one_model_at_most_is_asked():
    """A second model would double the wait; it serves once the first one's breaker is open."""
    first, second = FakeIntentClassifier("first"), FakeIntentClassifier("second")
    first.failure = ProviderUnavailable("first", "down")
    rig = Rig(first, second)
    for _ in range(3):
        await rig.classifier.classify(BILL)
    assert second.texts == []
    assert await rig.classifier.classify(BILL) == second.answer


async def test_closing_closes_the_models():
    """Close reaches every model once."""
    model = FakeIntentClassifier()
    rig = Rig(model)
    async with rig.classifier:
        await rig.classifier.probe()
    assert model.close_count == 1
