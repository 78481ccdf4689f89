"""The language model contract, run on the fake and on the adapters over real sockets."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from tests.contracts.language_model import (
    LanguageModelContract,
    ScriptedLanguageModelContract,
)
from tests.fakes.language_model import FakeLanguageModel
from tests.fakes.model_scripts import Reply, Script, Text
from tests.fakes.model_vendors import anthropic_vendor, bedrock_vendor

pytestmark = pytest.mark.wire

PLAIN = Reply((Text("Your invoice "), Text("is forty-two dollars.")))


@dataclass
class VendorInMemory:
    model: FakeLanguageModel

    def script(self, *scripts: Script) -> None:
        self.model.script(*scripts)

    async def cancelled(self) -> None:
        await self.model.cancellations.acquire()


class TestFakeAnswers(LanguageModelContract):
    @asynccontextmanager
    async def running_model(self):
        yield FakeLanguageModel(default=PLAIN)


class TestFakeScripted(ScriptedLanguageModelContract):
    @asynccontextmanager
    async def running_vendor(self, **deadlines):
        yield VendorInMemory(FakeLanguageModel(sleep=asyncio.sleep, **deadlines))


class TestAnthropicAnswers(LanguageModelContract):
    @asynccontextmanager
    async def running_model(self):
        async with anthropic_vendor() as vendor:
            vendor.script(*[PLAIN] * 4)
            yield vendor.model


class TestAnthropicScripted(ScriptedLanguageModelContract):
    def running_vendor(self, **deadlines):
        return anthropic_vendor(**deadlines)


class TestBedrockAnswers(LanguageModelContract):
    @asynccontextmanager
    async def running_model(self):
        async with bedrock_vendor() as vendor:
            vendor.script(*[PLAIN] * 4)
            yield vendor.model


class TestBedrockScripted(ScriptedLanguageModelContract):
    def running_vendor(self, **deadlines):
        return bedrock_vendor(**deadlines)
