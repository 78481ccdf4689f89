"""The intent classifier contract, run on the rules, on a model over each vendor's real wire, and on the fail-over."""

from contextlib import asynccontextmanager

import pytest

from switchboard.adapters.embedded.intent_classifier import EmbeddedIntentClassifier
from switchboard.adapters.failover.intent_classifier import FailoverIntentClassifier
from switchboard.adapters.intent_by_model import ModelIntentClassifier
from switchboard.domain.understanding import Intent, Understanding
from switchboard.ports.errors import ProviderUnavailable
from tests.contracts.intent_classifier import (
    ANSWER,
    PATIENCE_MS,
    TEXTS,
    IntentClassifierContract,
    ModelIntentClassifierContract,
    reply,
)
from tests.fakes.intent_classifier import FakeIntentClassifier
from tests.fakes.model_vendors import anthropic_vendor, bedrock_vendor

pytestmark = pytest.mark.wire

SCRIPTS = [reply(ANSWER)] * (len(TEXTS) + 1)


class TestEmbedded(IntentClassifierContract):
    @asynccontextmanager
    async def running_classifier(self):
        yield EmbeddedIntentClassifier()


class TestFake(IntentClassifierContract):
    @asynccontextmanager
    async def running_classifier(self):
        yield FakeIntentClassifier(answer=Understanding(Intent.BILLING, 0.9, needs=(Intent.BILLING,)))


class TestFailover(IntentClassifierContract):
    @asynccontextmanager
    async def running_classifier(self):
        broken = FakeIntentClassifier("broken")
        broken.failure = ProviderUnavailable("broken", "down")
        async with FailoverIntentClassifier([(broken, 800)], EmbeddedIntentClassifier()) as classifier:
            yield classifier


class TestAnthropicAnswers(IntentClassifierContract):
    @asynccontextmanager
    async def running_classifier(self):
        async with anthropic_vendor() as vendor:
            vendor.script(*SCRIPTS)
            yield ModelIntentClassifier(vendor.model, deadline_ms=PATIENCE_MS)


class TestBedrockAnswers(IntentClassifierContract):
    @asynccontextmanager
    async def running_classifier(self):
        async with bedrock_vendor() as vendor:
            vendor.script(*SCRIPTS)
            yield ModelIntentClassifier(vendor.model, deadline_ms=PATIENCE_MS)


class TestAnthropicModel(ModelIntentClassifierContract):
    def running_vendor(self):
        return anthropic_vendor()

    async def test_the_tool_is_forced(self, vendor):
        """The request forces the one tool, and caches its instructions."""
        await self.classify(vendor, reply(ANSWER))
        body = vendor.server.requests[-1].body
        assert body["tool_choice"] == {"type": "tool", "name": "report_understanding"}
        assert ["report_understanding"] == [tool["name"] for tool in body["tools"]]
        assert body["system"][0]["cache_control"] == {"type": "ephemeral"}


class TestBedrockModel(ModelIntentClassifierContract):
    def running_vendor(self):
        return bedrock_vendor()

    async def test_the_tool_is_forced(self, vendor):
        """The request forces the one tool."""
        await self.classify(vendor, reply(ANSWER))
        config = vendor.server.requests[-1].body["toolConfig"]
        assert config["toolChoice"] == {"tool": {"name": "report_understanding"}}
        assert config["tools"][0]["toolSpec"]["name"] == "report_understanding"
