"""The Deepgram adapter on the wire: what it sends, and what it makes of everything that can come back."""

import asyncio
import time
from itertools import cycle

import pytest

from switchboard.adapters.deepgram.transcriber import RECONNECTS_MAX, DeepgramTranscriber
from switchboard.adapters.inline_socket import WRITE_BUFFER_MAX
from switchboard.media.replay import REPLAY_MAX_MS
from switchboard.ports.errors import (
    ProviderError,
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from tests.contracts.transcriber import collect, is_final, read, say
from tests.fakes.deepgram_listen import ListenScript, fake_listen_server
from tests.fakes.recognition import frames, silence, speech, utterance

pytestmark = pytest.mark.wire


def transcriber_for(server, **settings) -> DeepgramTranscriber:
    return DeepgramTranscriber(api_key="dummy-key", base_url=server.url, **settings)


async def failure_of(stream) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        async with asyncio.timeout(3):
            await collect(stream)
    return caught.value


async def test_asks_for_raw_words_of_telephone_audio():
    """The address carries the telephone parameters, the language and each key term; the key goes into the header."""
    async with fake_listen_server() as server:
        stream = await transcriber_for(server).open(language="en-GB", keyterms=["Switchboard", "IBAN & BIC"])
        await server.until(lambda: server.connections)
        connection = server.connections[0]
        await stream.close()
    assert (connection.path, connection.authorization) == ("/v1/listen", "Token dummy-key")
    assert connection.parameters == [
        ("model", "nova-3"),
        ("language", "en-GB"),
        ("encoding", "mulaw"),
        ("sample_rate", "8000"),
        ("channels", "1"),
        ("interim_results", "true"),
        ("endpointing", "300"),
        ("utterance_end_ms", "1000"),
        ("smart_format", "false"),
        ("keyterm", "Switchboard"),
        ("keyterm", "IBAN & BIC"),
    ]


async def test_sends_frames_as_they_come_and_never_an_empty_one():
    """Every frame is one message at once; an empty frame, which would end the stream, stays here."""
    async with fake_listen_server() as server:
        stream = await transcriber_for(server).open(language="en-US")
        sent = [*frames(speech("one", "two"))]
        for frame in sent:
            stream.send_audio(frame)
            stream.send_audio(b"")
        await server.until(lambda: len(server.connections[0].frames) == len(sent))
        assert sent == server.connections[0].frames
        await stream.close()


async def test_keeps_a_silent_line_alive():
    """While no audio is sent, KeepAlive text messages go out; while audio is sent, none."""
    async with fake_listen_server() as server:
        stream = await transcriber_for(server, keep_alive_ms=100).open(language="en-US")
        await server.until(lambda: server.connections and len(server.connections[0].texts) >= 2)
        assert {"KeepAlive"} == set(server.connections[0].texts)
        before = len(server.connections[0].texts)
        for frame in frames(silence(400)):
            stream.send_audio(frame)
            await asyncio.sleep(0.005)
        assert before + 1 >= len(server.connections[0].texts)
        await stream.close()


async def test_says_goodbye():
    """`close()` tells the vendor that the stream has ended."""
    async with fake_listen_server() as server:
        stream = await transcriber_for(server).open(language="en-US")
        await stream.close()
        await server.until(lambda: server.connections and server.connections[0].is_ended)
        assert server.connections[0].texts == ["CloseStream"]


async def test_a_dropped_connection_loses_and_repeats_no_word():
    """After a drop, exactly the audio after the last final is sent again, and positions go on as if nothing had been."""
    async with fake_listen_server(ListenScript(drop_after_frames=30)) as server:
        stream = await transcriber_for(server).open(language="en-US")
        audio = utterance("one", "two") + utterance("three", "four", "five") + utterance("six")
        say(stream, audio[: 30 * 160])
        await server.until(lambda: len(server.connections) == 2)
        say(stream, audio[30 * 160 :])
        heard = await read(stream, until=lambda transcript: transcript.is_final and "six" in transcript.text)
        finals = [transcript for transcript in heard if transcript.is_final]
        assert [final.text for final in finals] == ["one two", "three four five", "six"]
        assert [(final.start_ms, final.end_ms) for final in finals] == [(0, 300), (300, 800), (800, 1100)]
        assert audio[300 * 8 :] == server.connections[1].audio
        await stream.close()


async def test_finalize_survives_a_reconnect():
    """A flush that the lost connection never answered is asked for again."""
    async with fake_listen_server(ListenScript(drop_after_frames=5)) as server:
        stream = await transcriber_for(server).open(language="en-US")
        say(stream, speech("seven"))
        stream.finalize()
        heard = await read(stream, until=lambda transcript: transcript.flushed)
        assert heard[-1].text == "seven"
        await stream.close()


async def test_unanswered_speech_is_a_stall():
    """Speech that gets no message in time is sent to a new connection."""
    async with fake_listen_server(ListenScript(mute_after_frames=0)) as server:
        stream = await transcriber_for(server, stall_timeout_ms=80).open(language="en-US")
        reader = asyncio.ensure_future(read(stream, until=is_final))
        words = cycle(frames(speech("one", "two", "three")))
        async with asyncio.timeout(2):
            while len(server.connections) < 2:
                stream.send_audio(next(words))
                await asyncio.sleep(0.002)
        say(stream, silence(200))
        assert (await reader)[-1].text.startswith("one")
        assert server.connections[1].audio.startswith(server.connections[0].frames[0])
        await stream.close()


async def test_unanswered_silence_is_not_a_stall():
    """A vendor that has nothing to say about silence keeps its connection."""
    async with fake_listen_server(ListenScript(mute_after_frames=0)) as server:
        stream = await transcriber_for(server, stall_timeout_ms=30).open(language="en-US")
        for frame in frames(silence(600)):
            stream.send_audio(frame)
            await asyncio.sleep(0.004)
        assert len(server.connections) == 1
        await stream.close()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, ProviderRejected),
        (401, ProviderRejected),
        (403, ProviderRejected),
        (429, ProviderOverloaded),
        (500, ProviderUnavailable),
        (503, ProviderUnavailable),
    ],
)
async def test_refused_upgrades(status, error):
    """The status of a refused upgrade decides the error; the key is not in its text."""
    async with fake_listen_server() as server:
        server.default = ListenScript(status=status)
        with pytest.raises(error) as caught:
            await transcriber_for(server).open(language="en-US")
    assert type(caught.value) is error
    assert f"deepgram: answered HTTP {status}" == str(caught.value)


async def test_an_upgrade_that_takes_too_long():
    """The connect deadline holds, and a late upgrade is hung up on."""
    async with fake_listen_server() as server:
        server.default = ListenScript(delay_upgrade_s=0.5)
        started_s = time.monotonic()
        with pytest.raises(ProviderTimeout):
            await transcriber_for(server, connect_timeout_ms=60).open(language="en-US")
        assert time.monotonic() - started_s < 0.4


async def test_nobody_listens():
    """A refused TCP connection is `ProviderUnavailable`."""
    with pytest.raises(ProviderUnavailable):
        await DeepgramTranscriber(api_key="dummy", base_url="ws://127.0.0.1:9").open(language="en-US")


async def test_undecodable_audio_is_our_mistake():
    """Close code 1008 ends the stream at once: the same audio would be refused again."""
    async with fake_listen_server(ListenScript(drop_after_frames=1, close_code=1008)) as server:
        stream = await transcriber_for(server).open(language="en-US")
        say(stream, speech("one"))
        assert isinstance(await failure_of(stream), ProviderRejected)
        assert len(server.connections) == 1
        await stream.close()


async def test_a_server_side_close_is_survived():
    """Close code 1011 is answered by a new connection."""
    async with fake_listen_server(ListenScript(drop_after_frames=4, close_code=1011)) as server:
        stream = await transcriber_for(server).open(language="en-US")
        say(stream, utterance("one", "two"))
        assert (await read(stream, until=is_final))[-1].text == "one two"
        await stream.close()


@pytest.mark.parametrize(("code", "error"), [("DATA-0000", ProviderRejected), ("", ProviderUnavailable)])
async def test_error_messages(code, error):
    """An Error message decides by its code."""
    async with fake_listen_server() as server:
        server.default = ListenScript(error_code=code)
        stream = await transcriber_for(server).open(language="en-US")
        say(stream, speech("one"))
        assert type(await failure_of(stream)) is error
        await stream.close()


async def test_private_close_codes():
    """A close code beyond the registered ones counts as a drop."""
    async with fake_listen_server() as server:
        server.default = ListenScript(drop_after_frames=1, close_code=4001)
        stream = await transcriber_for(server).open(language="en-US")
        say(stream, speech("one"))
        assert str(await failure_of(stream)) == "deepgram: closed the socket with code 4001"
        await stream.close()


async def test_fragmented_messages():
    """A message in several frames is put together."""
    async with fake_listen_server(ListenScript(is_fragmenting=True)) as server:
        stream = await transcriber_for(server).open(language="en-US")
        say(stream, utterance("one", "two"))
        assert (await read(stream, until=is_final))[-1].text == "one two"
        await stream.close()


async def test_an_error_together_with_the_upgrade():
    """An Error message in the same packet as the upgrade is raised by `open()`, or by `results()` if it comes a moment later."""
    async with fake_listen_server() as server:
        server.default = ListenScript(error_code="DATA-0000", error_after_frames=0)
        with pytest.raises(ProviderRejected):
            await collect(await transcriber_for(server).open(language="en-US"))


async def test_garbage_ends_after_a_bounded_number_of_connections():
    """A vendor that keeps sending garbage is given up with `ProviderProtocolError`."""
    async with fake_listen_server() as server:
        server.default = ListenScript(garbage_after_frames=1, mute_after_frames=0)
        stream = await transcriber_for(server).open(language="en-US")
        say(stream, speech("one"))
        assert type(await failure_of(stream)) is ProviderProtocolError
        assert len(server.connections) == 1 + RECONNECTS_MAX
        await stream.close()


async def test_a_dead_vendor_is_given_up_quickly():
    """When every new connection is refused, `results()` raises within the reconnect deadline."""
    async with fake_listen_server(ListenScript(drop_after_frames=1)) as server:
        server.default = ListenScript(status=503)
        stream = await transcriber_for(server).open(language="en-US")
        started_s = time.monotonic()
        say(stream, speech("one"))
        assert type(await failure_of(stream)) is ProviderUnavailable
        assert time.monotonic() - started_s < 1.5
        await stream.close()


async def test_close_during_a_reconnect():
    """`close()` ends a reconnect that is under way."""
    async with fake_listen_server(ListenScript(drop_after_frames=1)) as server:
        server.default = ListenScript(delay_upgrade_s=0.1)
        stream = await transcriber_for(server).open(language="en-US")
        say(stream, speech("one"))
        reader = asyncio.ensure_future(collect(stream))
        await server.until(lambda: server.connections[0].is_ended)
        await asyncio.sleep(0.02)
        await stream.close()
        await reader
        assert len(server.connections) == 1


async def test_an_outage_keeps_the_newest_audio_and_counts_the_rest():
    """While there is no connection, ten seconds are kept; what is older is dropped and counted."""
    async with fake_listen_server(ListenScript(drop_after_frames=1)) as server:
        server.default = ListenScript(delay_upgrade_s=0.05)
        stream = await transcriber_for(server).open(language="en-US")
        say(stream, silence(20))
        await server.until(lambda: server.connections[0].is_ended)
        say(stream, silence(2_000) + silence(REPLAY_MAX_MS - 300) + utterance("nine"))
        heard = await read(stream, until=lambda transcript: "nine" in transcript.text)
        assert (stream.dropped_ms, heard[-1].start_ms) == (2_020, 2_020)
        await stream.close()


async def test_a_vendor_that_stops_reading_is_given_up():
    """Unsent audio is bounded: a vendor that does not read counts as gone, and memory does not grow."""
    async with fake_listen_server() as server:
        server.default = ListenScript(is_deaf=True)
        stream = await transcriber_for(server).open(language="en-US")
        megabyte = bytes([0xFF]) * 1_000_000
        for _ in range(60):
            stream.send_audio(megabyte)
            await asyncio.sleep(0)
            socket = stream._socket
            if socket is None or socket._transport is None:
                break
            written = socket._transport.underlying_transport.get_write_buffer_size()
            assert written <= WRITE_BUFFER_MAX + len(megabyte)
        await server.until(lambda: len(server.connections) == 2)
        await stream.close()


async def test_probe_takes_the_whole_path():
    """A probe sends silence, ends the stream and waits for the vendor's summary."""
    async with fake_listen_server() as server:
        await transcriber_for(server).probe()
        assert server.connections[0].texts == ["CloseStream"]


async def test_probe_of_a_mute_vendor_fails():
    """A vendor that accepts connections and never answers is not healthy."""
    async with fake_listen_server() as server:
        server.default = ListenScript(is_deaf=True)
        with pytest.raises(ProviderTimeout):
            await transcriber_for(server, stall_timeout_ms=50).probe()
