"""The language model adapters, each wired to its scripted vendor on loopback."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Generic, TypeVar

import boto3

from switchboard.adapters.anthropic.language_model import AnthropicLanguageModel
from switchboard.adapters.aws.bedrock_language_model import BedrockLanguageModel
from switchboard.ports.language_model import LanguageModel
from tests.fakes.anthropic_messages import FakeAnthropicMessages
from tests.fakes.bedrock_runtime import FakeBedrockRuntime
from tests.fakes.model_scripts import Script
from tests.fakes.streaming_http import ScriptedHttpServer

_Server = TypeVar("_Server", bound=ScriptedHttpServer)


@dataclass
class VendorOnLoopback(Generic[_Server]):
    model: LanguageModel
    server: _Server

    def script(self, *scripts: Script) -> None:
        self.server.script(*scripts)

    async def cancelled(self) -> None:
        await self.server.disconnects.acquire()


@cache
def aws_session() -> boto3.Session:
    """One for all tests: it keeps the service models, which take longer to load than a test to run."""
    return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")


@asynccontextmanager
async def anthropic_vendor(**settings) -> AsyncGenerator[VendorOnLoopback[FakeAnthropicMessages], None]:
    async with FakeAnthropicMessages() as server:
        model = AnthropicLanguageModel(api_key="test-key", base_url=server.url, **settings)
        try:
            yield VendorOnLoopback(model, server)
        finally:
            await model.close()


@asynccontextmanager
async def bedrock_vendor(**settings) -> AsyncGenerator[VendorOnLoopback[FakeBedrockRuntime], None]:
    async with FakeBedrockRuntime() as server:
        model = BedrockLanguageModel(
            region="us-east-1",
            model="us.anthropic.claude-haiku-5-5-v1:0",
            endpoint_url=server.url,
            session=aws_session(),
            **settings,
        )
        try:
            yield VendorOnLoopback(model, server)
        finally:
            await model.close()
