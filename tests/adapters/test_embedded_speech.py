"""The embedded voice and ear together, over their ports only."""

import asyncio
from contextlib import aclosing

import pytest

from switchboard.adapters.embedded.synthesizer import EmbeddedSynthesizer
from switchboard.adapters.embedded.transcriber import EmbeddedTranscriber
from switchboard.domain.voices import Voice
from switchboard.ports.synthesizer import Synthesizer
from switchboard.ports.transcriber import Transcriber


@pytest.mark.parametrize(
    "text", ["yes my account number is one zero four four one seven", "can i talk to a real person please"]
)
async def test_round_trip(text):
    """What the synthesizer says, the transcriber understands."""
    synthesizer: Synthesizer = EmbeddedSynthesizer(words_per_minute=150)
    transcriber: Transcriber = EmbeddedTranscriber(workers_max=1)
    voice = await synthesizer.open(voice=Voice())
    stream = await transcriber.open(language="en-US")
    async with aclosing(voice.synthesize(text)) as chunks:
        async for chunk in chunks:
            stream.send_audio(chunk.audio)
    stream.finalize()
    async with asyncio.timeout(10):
        heard = [transcript async for transcript in until_flushed(stream)]
    await asyncio.gather(stream.close(), voice.close())
    await asyncio.gather(synthesizer.close(), transcriber.close())
    assert text == " ".join(transcript.text for transcript in heard if transcript.is_final).strip()


async def until_flushed(stream):
    async with aclosing(stream.results()) as results:
        async for transcript in results:
            yield transcript
            if transcript.flushed:
                return
