"""What every transcriber must do, run against each of them.

A `Maker` gives a transcriber whose vendor behaves, or has one of the `Fault`s.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from enum import Enum, auto
from itertools import pairwise
from typing import Any, cast

import pytest

from switchboard.ports.errors import (
    ProviderError,
    ProviderOverloaded,
    ProviderRejected,
    ProviderUnavailable,
)
from switchboard.ports.transcriber import Transcriber, Transcript, TranscriptionStream
from tests.fakes.recognition import PAUSE_MS, WORD_MS, frames, silence, speech, utterance


class Fault(Enum):
    NONE = auto()
    REJECTS = auto()
    OVERLOADED = auto()
    UNAVAILABLE = auto()
    DIES_WHILE_LISTENING = auto()


Maker = Callable[[Fault], AbstractAsyncContextManager[Transcriber]]
Check = Callable[[Maker], Awaitable[None]]

PATIENCE_S = 3
"""More than any answer over loopback takes, so that a missing one fails the test instead of hanging it."""


async def interims_then_final(make: Maker) -> None:
    """Interim results grow word by word, then a final one stands for all of them."""
    async with make(Fault.NONE) as transcriber:
        stream = await transcriber.open(language="en-US")
        say(stream, utterance("one", "two", "three"))
        heard = await read(stream, until=is_final)
        assert heard[-1].text == "one two three"
        assert all("one two three".startswith(interim.text) for interim in heard[:-1])
        assert 0 < heard[-1].confidence <= 1
        await stream.close()


async def finalize_flushes(make: Maker) -> None:
    """`finalize()` makes a final result of words that no pause has followed yet, marked as flushed."""
    async with make(Fault.NONE) as transcriber:
        stream = await transcriber.open(language="en-US")
        say(stream, speech("four", "five"))
        await read(stream, until=lambda transcript: transcript.text == "four five")
        stream.finalize()
        heard = await read(stream, until=lambda transcript: transcript.flushed)
        assert (heard[-1].text, heard[-1].is_final) == ("four five", True)
        await stream.close()


async def finalize_of_silence_flushes(make: Maker) -> None:
    """`finalize()` after silence is answered by an empty flushed final."""
    async with make(Fault.NONE) as transcriber:
        stream = await transcriber.open(language="en-US")
        say(stream, silence(200))
        stream.finalize()
        heard = await read(stream, until=lambda transcript: transcript.flushed)
        assert heard[-1].text == ""
        await stream.close()


async def order_is_kept(make: Maker) -> None:
    """Audio is recognised in the order it was sent, and positions only grow and stay inside the audio."""
    async with make(Fault.NONE) as transcriber:
        stream = await transcriber.open(language="en-US")
        audio = utterance("one", "two") + utterance("three") + utterance("four", "five")
        say(stream, audio)
        heard = await read(stream, until=lambda transcript: transcript.is_final and "five" in transcript.text)
        finals = [transcript for transcript in heard if transcript.is_final and transcript.text]
        assert [final.text for final in finals] == ["one two", "three", "four five"]
        assert all(before.end_ms <= after.start_ms for before, after in pairwise(finals))
        assert all(final.start_ms <= final.end_ms <= len(audio) // 8 for final in finals)
        assert 2 * WORD_MS <= finals[0].end_ms <= 2 * WORD_MS + PAUSE_MS
        await stream.close()


async def close_is_idempotent(make: Maker) -> None:
    """`close()` ends `results()`, may be repeated, and leaves no task behind."""
    async with make(Fault.NONE) as transcriber:
        before = asyncio.all_tasks()
        stream = await transcriber.open(language="en-US")
        say(stream, speech("one"))
        reader = asyncio.ensure_future(collect(stream))
        await asyncio.sleep(0)
        await stream.close()
        await stream.close()
        async with asyncio.timeout(PATIENCE_S):
            await reader
        await transcriber.close()
        leaked = {task for task in asyncio.all_tasks() - before if "tests/fakes" not in str(task.get_coro())}
        assert set() == {task for task in leaked if is_ours(task)}


async def results_end_after_close(make: Maker) -> None:
    """`results()` of a closed stream yields nothing."""
    async with make(Fault.NONE) as transcriber:
        stream = await transcriber.open(language="en-US")
        await stream.close()
        async with asyncio.timeout(PATIENCE_S):
            assert await collect(stream) == []


async def audio_after_close_is_ignored(make: Maker) -> None:
    """`send_audio()` and `finalize()` may lose the race with `close()`."""
    async with make(Fault.NONE) as transcriber:
        stream = await transcriber.open(language="en-US")
        await stream.close()
        say(stream, speech("one"))
        stream.finalize()


async def refused_credentials_are_rejected(make: Maker) -> None:
    """Refused credentials raise `ProviderRejected` from `open()` and `probe()`."""
    await refuses(make, Fault.REJECTS, ProviderRejected)


async def exhausted_quota_is_overloaded(make: Maker) -> None:
    """An exhausted quota raises `ProviderOverloaded` from `open()` and `probe()`."""
    await refuses(make, Fault.OVERLOADED, ProviderOverloaded)


async def server_error_is_unavailable(make: Maker) -> None:
    """A server error raises `ProviderUnavailable` from `open()` and `probe()`."""
    await refuses(make, Fault.UNAVAILABLE, ProviderUnavailable)


async def lost_stream_raises(make: Maker) -> None:
    """A stream that cannot go on raises a retryable `ProviderError` out of `results()`; sending never raises."""
    async with make(Fault.DIES_WHILE_LISTENING) as transcriber:
        stream = await transcriber.open(language="en-US")
        say(stream, utterance("one", "two", "three"))
        with pytest.raises(ProviderError) as caught:
            async with asyncio.timeout(PATIENCE_S):
                await collect(stream)
        assert caught.value.retryable
        say(stream, speech("four"))
        await stream.close()


async def probe_passes(make: Maker) -> None:
    """`probe()` of a healthy vendor returns."""
    async with make(Fault.NONE) as transcriber, asyncio.timeout(PATIENCE_S):
        await transcriber.probe()


CHECKS: tuple[Check, ...] = (
    interims_then_final,
    finalize_flushes,
    finalize_of_silence_flushes,
    order_is_kept,
    close_is_idempotent,
    results_end_after_close,
    audio_after_close_is_ignored,
    refused_credentials_are_rejected,
    exhausted_quota_is_overloaded,
    server_error_is_unavailable,
    lost_stream_raises,
    probe_passes,
)


def say(stream: TranscriptionStream, audio: bytes) -> None:
    for frame in frames(audio):
        stream.send_audio(frame)


def is_final(transcript: Transcript) -> bool:
    return transcript.is_final


async def read(stream: TranscriptionStream, *, until: Callable[[Transcript], bool]) -> list[Transcript]:
    """What arrives up to and including the first transcript that meets the condition."""
    heard = []
    async with asyncio.timeout(PATIENCE_S), aclosing(cast("Any", stream.results())) as results:
        async for transcript in results:
            heard.append(transcript)
            if until(transcript):
                return heard
    raise AssertionError(f"results ended after {heard}")


async def collect(stream: TranscriptionStream) -> list[Transcript]:
    return [transcript async for transcript in stream.results()]


async def refuses(make: Maker, fault: Fault, error: type[ProviderError]) -> None:
    async with make(fault) as transcriber:
        with pytest.raises(error):
            await transcriber.open(language="en-US")
        with pytest.raises(error):
            await transcriber.probe()


def is_ours(task: asyncio.Task[Any]) -> bool:
    frame = getattr(task.get_coro(), "cr_code", None)
    return frame is not None and "switchboard" in frame.co_filename
