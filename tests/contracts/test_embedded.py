"""The embedded providers under the contracts of their ports.

Checks of the transcriber contract that need a vendor who fails, or its code-per-word audio, do not apply: there is no vendor,
and pocketsphinx hears speech only.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from switchboard.adapters.embedded.language_model import EmbeddedLanguageModel
from switchboard.adapters.embedded.synthesizer import EmbeddedSynthesizer
from switchboard.adapters.embedded.transcriber import EmbeddedTranscriber
from switchboard.ports.language_model import LanguageModel
from switchboard.ports.transcriber import Transcriber
from tests.contracts import transcriber as contract
from tests.contracts.language_model import LanguageModelContract
from tests.contracts.synthesizer import Subject, SynthesizerContract

LENGTHS_DIFFER_MAX = 20 * 8
"""20 ms: two pitch periods."""

TRANSCRIBER_CHECKS = (
    contract.finalize_of_silence_flushes,
    contract.close_is_idempotent,
    contract.results_end_after_close,
    contract.audio_after_close_is_ignored,
    contract.probe_passes,
)


@asynccontextmanager
async def make_transcriber(fault: contract.Fault) -> AsyncGenerator[Transcriber, None]:
    assert fault is contract.Fault.NONE
    transcriber = EmbeddedTranscriber(workers_max=1)
    yield transcriber
    await transcriber.close()


class TestEmbeddedTranscriber:
    @pytest.mark.parametrize("check", TRANSCRIBER_CHECKS, ids=lambda check: check.__name__)
    async def test_contract(self, check: contract.Check) -> None:
        """It does what every transcriber does."""
        await check(make_transcriber)


class Alike(Subject):
    """espeak-ng carries the phase of its pitch periods from one text to the next, so no two renderings are the same bytes."""

    def same(self, expected: bytes, actual: bytes) -> bool:
        return abs(len(expected) - len(actual)) <= LENGTHS_DIFFER_MAX


class TestEmbeddedSynthesizer(SynthesizerContract):
    @pytest.fixture
    async def subject(self):
        synthesizer = EmbeddedSynthesizer()
        yield Alike(synthesizer)
        await synthesizer.close()


class TestEmbeddedLanguageModel(LanguageModelContract):
    @asynccontextmanager
    async def running_model(self) -> AsyncGenerator[LanguageModel, None]:
        model = EmbeddedLanguageModel(first_item_ms=0, item_ms=0)
        yield model
        await model.close()
