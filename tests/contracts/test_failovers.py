"""The fail-overs of language models and synthesizers under the contracts of what they wrap.

What they do with faults is in `tests/adapters/test_failover_*`; the transcribers' is in `test_transcribers`.
"""

from contextlib import asynccontextmanager

import pytest

from switchboard.adapters.failover.language_model import FailoverLanguageModel
from switchboard.adapters.failover.synthesizer import FailoverSynthesizer
from tests.contracts.language_model import LanguageModelContract
from tests.contracts.synthesizer import Subject, SynthesizerContract
from tests.fakes.language_model import FakeLanguageModel
from tests.fakes.model_scripts import Failure, Reply, Text
from tests.fakes.speech_script import Fault
from tests.fakes.synthesizer import FakeSynthesizer

BUDGET_MS = 1_000
PLAIN = Reply((Text("Your invoice "), Text("is forty-two dollars.")))


class TestFailoverLanguageModel(LanguageModelContract):
    @asynccontextmanager
    async def running_model(self):
        broken, healthy = FakeLanguageModel(name="broken"), FakeLanguageModel(default=PLAIN)
        broken.failure = Failure.SERVER_ERROR
        async with FailoverLanguageModel([(broken, BUDGET_MS), (healthy, BUDGET_MS)]) as model:
            yield model


class TestFailoverSynthesizer(SynthesizerContract):
    @pytest.fixture
    async def subject(self):
        broken, healthy = FakeSynthesizer("broken", fault=Fault.STALL_BEFORE_AUDIO), FakeSynthesizer()
        providers = [(broken, BUDGET_MS), (healthy, BUDGET_MS)]
        async with FailoverSynthesizer(providers) as synthesizer:
            yield Subject(synthesizer, count_open=lambda: broken.open_sessions + healthy.open_sessions)
