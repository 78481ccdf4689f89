"""What every synthesizer promises (`ports/synthesizer.py`), as one suite.

A subclass named `Test…` gives a `subject` fixture. Faults are optional: a subject that cannot fail (one that runs
in the process) leaves `provoke` out, and those tests are skipped.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

import pytest

from switchboard.domain.voices import Voice
from switchboard.ports.errors import (
    ProviderError,
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from switchboard.ports.synthesizer import SpeechChunk, SpeechSession, Synthesizer
from tests.fakes.speech_script import Fault

FIRST = "Thank you for calling, how can I help you today?"
SECOND = "Your appointment is on Tuesday at nine."
SECRET = "zyxwvut"
LEAK_CHECKS_MAX = 200


@dataclass
class Subject:
    synthesizer: Synthesizer
    provoke: Callable[[Fault], None] | None = None
    """Make the vendor fail in this way from now on."""
    count_open: Callable[[], int] = lambda: 0
    """How many connections or sessions stand at the vendor."""
    is_repeatable: bool = True
    """Whether a text said twice gives the same bytes; where not, lengths are compared instead."""

    def same(self, expected: bytes, actual: bytes) -> bool:
        return expected == actual if self.is_repeatable else len(expected) == len(actual)


class SynthesizerContract:
    async def test_audio_is_raw(self, subject: Subject) -> None:
        """Every chunk holds audio and no container header."""
        chunks = await _speak_alone(subject, FIRST)
        assert chunks
        assert all(chunk.audio for chunk in chunks)
        assert not b"".join(chunk.audio for chunk in chunks).startswith((b"RIFF", b".snd"))

    async def test_longer_text_takes_longer(self, subject: Subject) -> None:
        """A longer text takes longer to say."""
        short = _audio(await _speak_alone(subject, "Yes."))
        long = _audio(await _speak_alone(subject, FIRST))
        assert len(short) < len(long)

    async def test_unspeakable_text_ends_well(self, subject: Subject) -> None:
        """A text without a letter or digit ends without an error, and the session goes on."""
        session = await subject.synthesizer.open(voice=Voice())
        try:
            await _speak(session, " … ")
            assert _audio(await _speak(session, SECOND))
        finally:
            await session.close()

    async def test_texts_do_not_mix(self, subject: Subject) -> None:
        """Two texts in a row sound like each of them alone."""
        alone = [_audio(await _speak_alone(subject, text)) for text in (FIRST, SECOND)]
        session = await subject.synthesizer.open(voice=Voice())
        try:
            together = [_audio(await _speak(session, text)) for text in (FIRST, SECOND)]
        finally:
            await session.close()
        assert all(subject.same(*pair) for pair in zip(alone, together, strict=True))

    async def test_cancelled_text_leaves_nothing_behind(self, subject: Subject) -> None:
        """After a cancelled text, and another one, the next sounds as if it were the first."""
        alone = _audio(await _speak_alone(subject, SECOND))
        session = await subject.synthesizer.open(voice=Voice())
        try:
            await _speak_a_little(session, FIRST)
            await _speak_a_little(session, FIRST)
            after = _audio(await _speak(session, SECOND))
        finally:
            await session.close()
        assert subject.same(alone, after)

    async def test_word_timings_run_forward(self, subject: Subject) -> None:
        """Word timings never run backwards and stay within the text and, within a frame, its audio."""
        chunks = await _speak_alone(subject, FIRST)
        words = [word for chunk in chunks for word in chunk.words]
        ends = [(word.end_char, word.end_ms) for word in words]
        assert ends == sorted(ends)
        assert all(0 < word.end_char <= len(FIRST) for word in words)
        assert all(0 <= word.end_ms <= len(_audio(chunks)) // 8 + 20 for word in words)

    async def test_probe_of_a_healthy_vendor(self, subject: Subject) -> None:
        """A probe of a healthy vendor returns and leaves nothing open."""
        await subject.synthesizer.probe()
        await _until_closed(subject)

    async def test_close_twice(self, subject: Subject) -> None:
        """Closing is idempotent, in the middle of a text too, and leaves nothing open."""
        session = await subject.synthesizer.open(voice=Voice())
        await _speak_a_little(session, FIRST)
        await session.close()
        await session.close()
        await _until_closed(subject)

    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            (Fault.STALL_BEFORE_AUDIO, ProviderTimeout),
            (Fault.STALL_MID_AUDIO, ProviderTimeout),
            (Fault.DROP_MID_AUDIO, ProviderUnavailable),
            (Fault.GARBAGE, ProviderProtocolError),
            (Fault.NO_AUDIO, ProviderProtocolError),
            (Fault.SERVER_ERROR, ProviderUnavailable),
            (Fault.RATE_LIMITED, ProviderOverloaded),
            (Fault.UNAUTHORIZED, ProviderRejected),
        ],
    )
    async def test_fault(self, subject: Subject, fault: Fault, expected: type[ProviderError]) -> None:
        """Each fault becomes its error: retryable unless refused, naming the vendor, quoting nothing said."""
        if subject.provoke is None:
            pytest.skip("this vendor runs in the process and has no such fault")
        subject.provoke(fault)
        with pytest.raises(ProviderError) as failed:
            await _speak_alone(subject, f"My number is {SECRET} and there is more to say.")
        assert expected is type(failed.value)
        assert failed.value.retryable is (expected is not ProviderRejected)
        assert failed.value.provider == subject.synthesizer.name
        assert SECRET not in f"{failed.value} {failed.value.__cause__}"
        assert failed.value.__suppress_context__ or failed.value.__context__ is None
        await _until_closed(subject)

    async def test_probe_of_a_stalled_vendor(self, subject: Subject) -> None:
        """A probe fails in time when the vendor accepts but never speaks."""
        if subject.provoke is None:
            pytest.skip("this vendor runs in the process and has no such fault")
        subject.provoke(Fault.STALL_BEFORE_AUDIO)
        with pytest.raises(ProviderTimeout):
            await subject.synthesizer.probe()


async def _speak_alone(subject: Subject, text: str) -> list[SpeechChunk]:
    session = await subject.synthesizer.open(voice=Voice())
    try:
        return await _speak(session, text)
    finally:
        await session.close()


async def _speak(session: SpeechSession, text: str) -> list[SpeechChunk]:
    async with aclosing(session.synthesize(text)) as chunks:
        return [chunk async for chunk in chunks]


async def _speak_a_little(session: SpeechSession, text: str) -> None:
    async with aclosing(session.synthesize(text)) as chunks:
        await anext(chunks)


def _audio(chunks: list[SpeechChunk]) -> bytes:
    return b"".join(chunk.audio for chunk in chunks)


async def _until_closed(subject: Subject) -> None:
    """The vendor learns of a closed socket a few turns of the event loop after we have let go of it."""
    for _ in range(LEAK_CHECKS_MAX):
        if subject.count_open() == 0:
            return
        await asyncio.sleep(0.005)
    assert subject.count_open() == 0
