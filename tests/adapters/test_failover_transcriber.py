"""Fail-over between transcribers: no word lost, none repeated, positions of one stream."""

import asyncio
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.adapters.deepgram.transcriber import DeepgramTranscriber
from switchboard.adapters.failover.transcriber import FailoverTranscriber
from switchboard.media.replay import REPLAY_MAX_MS
from switchboard.ports.errors import ProviderOverloaded, ProviderTimeout, ProviderUnavailable
from tests.contracts.transcriber import collect, is_final, read, say
from tests.fakes.deepgram_listen import ListenScript, fake_listen_server
from tests.fakes.recognition import FRAME_SAMPLES, frames, silence, speech, utterance
from tests.fakes.transcriber import FakeTranscriber

BUDGET_MS = 500
SHORT_BUDGET_MS = 20


class Switches(list[tuple[str, str, str]]):
    def __call__(self, from_name, to_name, reason):
        self.append((from_name, to_name, reason))


def two(first_budget_ms=BUDGET_MS):
    first, second, switches = FakeTranscriber("first"), FakeTranscriber("second"), Switches()
    both = FailoverTranscriber([(first, first_budget_ms), (second, BUDGET_MS)], on_switch=switches)
    return first, second, switches, both


async def test_opens_at_the_next_when_the_first_refuses():
    """A provider that cannot be opened is passed over, and the switch is reported."""
    first, _, switches, both = two()
    first.open_error = ProviderOverloaded("first", "scripted")
    stream = await both.open(language="en-US")
    say(stream, utterance("one"))
    assert (await read(stream, until=is_final))[-1].text == "one"
    assert switches == [("first", "second", "ProviderOverloaded")]
    await stream.close()


async def test_replays_what_is_not_yet_final():
    """After a failure the next provider hears the audio from the last final on; positions go on."""
    first, _, switches, both = two()
    stream = await both.open(language="en-US")
    say(stream, utterance("one", "two") + speech("three"))
    assert (await read(stream, until=is_final))[-1].text == "one two"
    first.streams[0].fail(ProviderUnavailable("first", "scripted"))
    say(stream, speech("four") + silence(200))
    final = (await read(stream, until=is_final))[-1]
    assert (final.text, final.start_ms, final.end_ms) == ("three four", 300, 700)
    assert switches == [("first", "second", "ProviderUnavailable")]
    await stream.close()
    assert first.streams[0].is_closed


WORDS = st.lists(
    st.sampled_from(["one", "two", "three", "four", "five"]), min_size=1, max_size=3, unique=True
)


@settings(deadline=None)  # a loaded machine starts an event loop slowly
@given(st.lists(WORDS, min_size=1, max_size=4), st.data())
def test_no_word_is_lost_or_repeated(turns, data):
    """Whenever the first provider fails, the finals are the spoken words, in order, once each."""
    audio = b"".join(utterance(*words) for words in turns)
    fail_frame = data.draw(st.integers(0, len(audio) // FRAME_SAMPLES))

    async def call():
        first, _, _, both = two()
        stream = await both.open(language="en-US")
        finals = []

        async def listen():
            finals.extend([transcript async for transcript in stream.results() if transcript.is_final])

        listener = asyncio.ensure_future(listen())
        for number, frame in enumerate(frames(audio)):
            if number == fail_frame:
                first.streams[0].fail(ProviderUnavailable("first", "scripted"))
            stream.send_audio(frame)
            await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0)
        await stream.close()
        await listener
        return finals

    finals = asyncio.run(call())
    assert [" ".join(words) for words in turns] == [final.text for final in finals]
    assert sorted(final.start_ms for final in finals) == [final.start_ms for final in finals]


async def test_audio_of_the_gap_is_kept():
    """What is said while the next provider is being opened reaches it."""
    first, second, _, both = two()
    second.open_delay_s = 0.02
    stream = await both.open(language="en-US")
    reader = asyncio.ensure_future(read(stream, until=is_final))
    say(stream, speech("one"))
    first.streams[0].fail(ProviderUnavailable("first", "scripted"))
    await asyncio.sleep(0.005)
    say(stream, speech("two") + silence(200))
    assert (await reader)[-1].text == "one two"
    await stream.close()


async def test_finalize_is_asked_of_the_next():
    """A flush that the first provider never answered is asked of the second."""
    first, second, _, both = two()
    first.is_mute = True
    stream = await both.open(language="en-US")
    say(stream, speech("one"))
    stream.finalize()
    first.streams[0].fail(ProviderUnavailable("first", "scripted"))
    assert (await read(stream, until=lambda transcript: transcript.flushed))[-1].text == "one"
    assert second.streams[0].finalizes == 1
    await stream.close()


async def test_goes_back_when_the_second_fails_too():
    """Once the second has served, its failure may bring the first back, as long as its breaker allows."""
    first, second, switches, both = two()
    stream = await both.open(language="en-US")
    first.streams[0].fail(ProviderUnavailable("first", "scripted"))
    say(stream, utterance("one"))
    await read(stream, until=is_final)
    second.streams[0].fail(ProviderTimeout("second", "scripted"))
    say(stream, utterance("two"))
    assert (await read(stream, until=is_final))[-1].text == "two"
    assert switches == [
        ("first", "second", "ProviderUnavailable"),
        ("second", "first", "ProviderTimeout"),
    ]
    await stream.close()


async def test_all_down_raises_the_last_error():
    """When nobody can take over, `results()` raises what the last provider said."""
    first, second, _, both = two()
    stream = await both.open(language="en-US")
    second.open_error = ProviderTimeout("second", "scripted")
    first.streams[0].fail(ProviderUnavailable("first", "scripted"))
    for _ in range(2):
        with pytest.raises(ProviderTimeout):
            await collect(stream)
    await stream.close()
    assert await collect(stream) == []


async def test_audio_too_old_to_replay_is_counted():
    """Beyond ten seconds without a final result the oldest audio is not replayed, and that is counted."""
    first, second, _, both = two()
    stream = await both.open(language="en-US")
    say(stream, silence(REPLAY_MAX_MS + 1_000))
    first.streams[0].fail(ProviderUnavailable("first", "scripted"))
    say(stream, utterance("one"))
    final = (await read(stream, until=is_final))[-1]
    assert final.end_ms <= REPLAY_MAX_MS + 1_300
    assert 1_000 <= stream.dropped_ms <= 1_300
    assert len(second.streams[0].audio) == REPLAY_MAX_MS * 8
    await stream.close()


async def test_close_while_switching():
    """`close()` during a switch ends `results()` and closes the stream that was being opened."""
    first, second, _, both = two()
    second.open_delay_s = 0.02
    stream = await both.open(language="en-US")
    reader = asyncio.ensure_future(collect(stream))
    first.streams[0].fail(ProviderUnavailable("first", "scripted"))
    await asyncio.sleep(0.005)
    await stream.close()
    assert await reader == []
    assert second.streams[0].is_closed


@pytest.mark.wire
async def test_leaves_a_mute_provider():
    """Speech unanswered for long moves the stream, although the provider never failed, and loses nothing."""
    first, _, switches, both = two(SHORT_BUDGET_MS)
    first.is_mute = True
    stream = await both.open(language="en-US")
    reader = asyncio.ensure_future(read(stream, until=is_final))
    for frame in frames(speech("one", "two", "three", "four", "five") + silence(200)):
        stream.send_audio(frame)
        await asyncio.sleep(0.005)
    assert (await reader)[-1].text == "one two three four five"
    assert switches == [("first", "second", "ProviderTimeout")]
    await stream.close()


@pytest.mark.wire
async def test_three_slow_streams_open_the_breaker():
    """A mute provider is slow for each of three callers; the fourth is not sent there (rule D2)."""
    first, _, _, both = two(SHORT_BUDGET_MS)
    first.is_mute = True
    streams = [await both.open(language="en-US") for _ in range(3)]
    readers = [asyncio.ensure_future(read(stream, until=is_final)) for stream in streams]
    for frame in frames(speech("one", "two", "three", "four") + silence(200)):
        for stream in streams:
            stream.send_audio(frame)
        await asyncio.sleep(0.005)
    await asyncio.gather(*readers)
    assert not both.members[0].breaker.allows()
    fourth = await both.open(language="en-US")
    assert len(first.streams) == 3
    for stream in (*streams, fourth):
        await stream.close()


@pytest.mark.wire
async def test_silence_is_not_slowness():
    """A caller who says nothing makes no provider slow."""
    _, _, switches, both = two(SHORT_BUDGET_MS)
    stream = await both.open(language="en-US")
    for frame in frames(silence(600)):
        stream.send_audio(frame)
        await asyncio.sleep(0.005)
    assert (switches, both.members[0].breaker.allows()) == ([], True)
    await stream.close()


@pytest.mark.wire
async def test_a_dead_vendor_costs_little():
    """From the death of a real connection to its words at the next vendor: within the 1.5 s that a dead vendor may cost."""
    async with (
        fake_listen_server(ListenScript(drop_after_frames=8)) as dying,
        fake_listen_server() as healthy,
    ):
        dying.default = ListenScript(status=503)
        second = DeepgramTranscriber(api_key="dummy", base_url=healthy.url)
        second.name = "second"
        async with FailoverTranscriber(
            [
                (DeepgramTranscriber(api_key="dummy", base_url=dying.url), BUDGET_MS),
                (second, BUDGET_MS),
            ]
        ) as both:
            stream = await both.open(language="en-US")
            started_s = time.monotonic()
            say(stream, utterance("one", "two"))
            assert (await read(stream, until=is_final))[-1].text == "one two"
            assert time.monotonic() - started_s < 1.5
            await stream.close()
