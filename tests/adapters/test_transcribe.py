"""The Amazon Transcribe adapter on the wire, and its stand-ins for what the service lacks."""

import asyncio

import boto3
import botocore.session
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.adapters.aws.transcribe import TranscribeTranscriber, _Timeline
from switchboard.adapters.aws.transcribe_wire import decode_event, encode_audio_event
from switchboard.ports.errors import (
    ProviderError,
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from tests.contracts.transcriber import collect, is_final, read, say
from tests.fakes.clock import until
from tests.fakes.recognition import silence, speech, utterance
from tests.fakes.transcribe_streaming import (
    SECRET_KEY,
    StreamingScript,
    fake_streaming_server,
    transcript_message,
)


def transcriber_for(server, **settings) -> TranscribeTranscriber:
    session = boto3.Session(
        aws_access_key_id="dummy-id", aws_secret_access_key=SECRET_KEY, region_name="eu-central-1"
    )
    return TranscribeTranscriber(session=session, region="eu-central-1", endpoint_url=server.url, **settings)


@pytest.mark.wire
async def test_signs_the_address():
    """The address is signed as Signature Version 4 asks (the server checks) and carries the audio format."""
    async with fake_streaming_server() as server:
        stream = await transcriber_for(server).open(language="de-DE", keyterms=["ignored"])
        await stream.close()
    parameters = server.parameters[0]
    assert tuple(parameters[name] for name in ("language-code", "media-encoding", "sample-rate")) == (
        "de-DE",
        "pcm",
        "8000",
    )
    assert "/eu-central-1/transcribe/aws4_request" in parameters["X-Amz-Credential"]
    assert parameters["X-Amz-Expires"] == "300"


@pytest.mark.wire
async def test_wrong_secret_is_rejected():
    """A signature that does not match is `ProviderRejected`."""
    async with fake_streaming_server() as server:
        session = botocore.session.Session()
        session.set_credentials("dummy-id", "another-secret")
        transcriber = TranscribeTranscriber(session=session, region="us-east-1", endpoint_url=server.url)
        with pytest.raises(ProviderRejected):
            await transcriber.open(language="en-US")


async def test_no_credentials_at_all():
    """Without credentials nothing is sent."""

    class Penniless:
        def get_credentials(self):
            return None

    with pytest.raises(ProviderRejected):
        await TranscribeTranscriber(session=Penniless(), region="us-east-1").open(language="en-US")


@pytest.mark.wire
async def test_slow_credentials_keep_the_deadline_and_the_loop():
    """A metadata service that hangs neither blocks the event loop nor outlasts the connect deadline."""
    import threading

    release = threading.Event()

    class Hanging:
        def get_credentials(self):
            release.wait(2)

    with pytest.raises(ProviderTimeout):
        await TranscribeTranscriber(session=Hanging(), region="us-east-1", connect_timeout_ms=50).open(
            language="en-US"
        )
    release.set()


@pytest.mark.wire
async def test_sends_chunks_of_a_tenth_of_a_second():
    """Telephone frames are gathered into chunks of 100 ms of 16-bit samples; the rest goes out with the flush."""
    async with fake_streaming_server() as server:
        stream = await transcriber_for(server, finalize_silence_ms=250).open(language="en-US")
        say(stream, speech("one", "two") + silence(20))
        stream.finalize()
        await read(stream, until=lambda transcript: transcript.flushed)
        assert server.samples_per_event == [800, 800, 160, 800, 800, 400]
        await stream.close()


@pytest.mark.wire
async def test_flush_marks_the_final_that_covers_the_speech():
    """A final of earlier words is not the answer to `finalize()`; the one that covers the last speech is."""
    async with fake_streaming_server() as server:
        stream = await transcriber_for(server).open(language="en-US")
        say(stream, utterance("one", "two") + speech("three", "four", "five", "six"))
        stream.finalize()
        heard = await read(stream, until=lambda transcript: transcript.flushed)
        finals = [(transcript.text, transcript.flushed) for transcript in heard if transcript.is_final]
        assert finals == [("one two", False), ("three four five six", True)]
        await stream.close()


@pytest.mark.wire
async def test_our_silence_is_not_the_callers():
    """Positions after a flush are those of the caller's audio, without the silence put in between."""
    async with fake_streaming_server() as server:
        stream = await transcriber_for(server).open(language="en-US")
        say(stream, speech("one", "two"))
        stream.finalize()
        first = (await read(stream, until=lambda transcript: transcript.flushed))[-1]
        say(stream, utterance("three"))
        second = (await read(stream, until=is_final))[-1]
        assert (first.text, first.start_ms, first.end_ms) == ("one two", 0, 200)
        assert (second.text, second.start_ms, second.end_ms) == ("three", 200, 400)
        await stream.close()


@pytest.mark.wire
async def test_keeps_a_silent_line_alive():
    """While no audio is sent, a little silence goes out."""
    async with fake_streaming_server() as server:
        stream = await transcriber_for(server, keep_alive_ms=20).open(language="en-US")
        await until(lambda: len(server.samples_per_event) >= 2)
        assert {800} == set(server.samples_per_event)
        await stream.close()


@pytest.mark.wire
@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("BadRequestException", ProviderRejected),
        ("LimitExceededException", ProviderOverloaded),
        ("InternalFailureException", ProviderUnavailable),
        ("ServiceUnavailableException", ProviderUnavailable),
        ("SomethingNewException", ProviderUnavailable),
    ],
)
async def test_exceptions(name, error):
    """An exception message ends the stream with the error it stands for."""
    async with fake_streaming_server(StreamingScript(exception=name)) as server:
        stream = await transcriber_for(server).open(language="en-US")
        say(stream, speech("one"))
        assert type(await failure_of(stream)) is error
        await stream.close()


@pytest.mark.wire
async def test_probe_reports_an_exception():
    """A service that refuses the probe's audio is not healthy."""
    async with fake_streaming_server(StreamingScript(exception="LimitExceededException")) as server:
        with pytest.raises(ProviderOverloaded):
            await transcriber_for(server).probe()


@pytest.mark.wire
async def test_garbage_is_a_protocol_error():
    """Bytes that are no event-stream message end the stream."""
    async with fake_streaming_server(StreamingScript(garbage_after_frames=1)) as server:
        stream = await transcriber_for(server).open(language="en-US")
        say(stream, speech("one"))
        assert type(await failure_of(stream)) is ProviderProtocolError
        await stream.close()


@pytest.mark.wire
async def test_close_ends_the_audio():
    """`close()` tells the service that no more audio comes."""
    async with fake_streaming_server() as server:
        stream = await transcriber_for(server).open(language="en-US")
        await stream.close()
        await until(lambda: server.ends == 1)


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(data):
    """No bytes make the decoder fail in another way than `ValueError`."""
    try:
        decode_event(data)
    except ValueError:
        return


@pytest.mark.parametrize("payload", ["{}", '{"Transcript":{"Results":[{}]}}', "[", "\\xff"])
def test_undocumented_payloads_are_refused(payload):
    """A transcript event without its documented fields is refused."""
    with pytest.raises(ValueError):
        decode_event(transcript_message(payload.encode()))


@settings(deadline=None)  # a loaded machine may pause anywhere
@given(st.data(), st.integers(0, 400))
def test_damaged_messages_are_refused(data, size):
    """A changed byte anywhere in a message is found by its checksums."""
    message = bytearray(encode_audio_event(bytes(size)))
    assert decode_event(bytes(message)) == []
    position = data.draw(st.integers(0, len(message) - 1))
    message[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ValueError):
        decode_event(bytes(message))


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=10), st.integers(0, 2_000))
def test_timeline_takes_out_inserted_silence(pieces, probe_ms):
    """The service's time maps to the number of caller's ms before it, whatever was inserted and forgotten."""
    kept, forgetful = _Timeline(), _Timeline()
    callers = []
    for sent_ms, inserted_ms in pieces:
        for timeline in (kept, forgetful):
            timeline.sent(sent_ms * 8)
            timeline.inserted(inserted_ms * 8)
        callers += [True] * sent_ms + [False] * inserted_ms
    probe_ms = min(probe_ms, len(callers))
    forgetful.forget(probe_ms / 1000)
    assert sum(callers[:probe_ms]) == kept.to_stream_ms(probe_ms / 1000)
    assert sum(callers[:probe_ms]) == forgetful.to_stream_ms(probe_ms / 1000)


async def failure_of(stream) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        async with asyncio.timeout(3):
            await collect(stream)
    return caught.value
