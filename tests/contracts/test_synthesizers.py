"""The synthesizer contract, on the fake and on every adapter that speaks to a vendor."""

import pytest

from switchboard.adapters.aws.polly import PollySynthesizer
from switchboard.adapters.deepgram.synthesizer import DeepgramSynthesizer
from switchboard.adapters.elevenlabs.synthesizer import ElevenLabsSynthesizer
from tests.contracts.synthesizer import Subject, SynthesizerContract
from tests.fakes.deepgram_speak import fake_deepgram_speak
from tests.fakes.elevenlabs_stream import fake_elevenlabs_stream
from tests.fakes.polly import fake_polly
from tests.fakes.speech_script import Script
from tests.fakes.synthesizer import FakeSynthesizer

DEADLINE_MS = 400


def _provoker(script: Script):
    def provoke(fault) -> None:
        script.fault = fault

    return provoke


class TestFake(SynthesizerContract):
    @pytest.fixture
    async def subject(self):
        fake = FakeSynthesizer()
        return Subject(fake, provoke=_provoker(fake.script), count_open=lambda: fake.open_sessions)


@pytest.mark.wire
class TestDeepgram(SynthesizerContract):
    @pytest.fixture
    async def subject(self):
        async with fake_deepgram_speak() as vendor:
            synthesizer = DeepgramSynthesizer(
                api_key="secret",
                base_url=vendor.url,
                first_audio_timeout_ms=DEADLINE_MS,
                gap_timeout_ms=DEADLINE_MS,
            )
            yield Subject(
                synthesizer, provoke=_provoker(vendor.script), count_open=lambda: vendor.open_connections
            )
            await synthesizer.close()


@pytest.mark.wire
class TestElevenLabs(SynthesizerContract):
    @pytest.fixture
    async def subject(self):
        async with fake_elevenlabs_stream() as vendor:
            synthesizer = ElevenLabsSynthesizer(
                api_key="secret",
                base_url=vendor.url,
                first_audio_timeout_ms=DEADLINE_MS,
                gap_timeout_ms=DEADLINE_MS,
            )
            yield Subject(
                synthesizer, provoke=_provoker(vendor.script), count_open=lambda: vendor.open_connections
            )
            await synthesizer.close()


@pytest.mark.wire
class TestPolly(SynthesizerContract):
    @pytest.fixture
    async def subject(self, monkeypatch):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        async with fake_polly() as vendor:
            synthesizer = PollySynthesizer(
                region="us-east-1",
                endpoint_url=vendor.url,
                first_audio_timeout_ms=DEADLINE_MS,
                gap_timeout_ms=DEADLINE_MS,
            )
            # Polly's connections are the client's and outlive a session; they are counted in test_polly.
            yield Subject(synthesizer, provoke=_provoker(vendor.script))
            await synthesizer.close()
