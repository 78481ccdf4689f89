"""Fetching and deleting voicemails at Twilio, over loopback with its paths and errors."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from switchboard.adapters.twilio import recordings as module
from switchboard.adapters.twilio.recordings import TwilioRecordings
from switchboard.ports.errors import (
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderUnavailable,
)
from tests.fakes.loopback import Answer, FakeTwilio, serve

pytestmark = pytest.mark.wire

ACCOUNT = "AC" + "a" * 32
RECORDING = "RE" + "1" * 32
CALL = "CA" + "2" * 32


@pytest.fixture
def twilio() -> FakeTwilio:
    fake = FakeTwilio(ACCOUNT, "token")
    fake.recordings[RECORDING] = b"RIFF" * 100
    return fake


@pytest.fixture
def url(twilio: FakeTwilio) -> Iterator[str]:
    with serve(twilio) as origin:
        yield origin


@pytest.fixture
async def carrier(url: str) -> AsyncIterator[TwilioRecordings]:
    adapter = TwilioRecordings(account_sid=ACCOUNT, auth_token="token", base_url=url, timeout_s=2.0)
    yield adapter
    await adapter.close()


async def test_fetch_and_delete(twilio: FakeTwilio, carrier: TwilioRecordings):
    """A recording is fetched whole, then deleted; afterwards it is not there, and deleting it again is fine."""
    assert b"RIFF" * 100 == await carrier.fetch(RECORDING)
    await carrier.delete(RECORDING)
    await carrier.delete(RECORDING)
    assert None is await carrier.fetch(RECORDING)
    assert {} == twilio.recordings


async def test_size_is_bounded(carrier: TwilioRecordings, monkeypatch: pytest.MonkeyPatch):
    """What is larger than a voicemail can be is not read to its end."""
    monkeypatch.setattr(module, "RECORDING_BYTES_MAX", 300)
    with pytest.raises(ProviderRejected, match="larger"):
        await carrier.fetch(RECORDING)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ({"from": "+14155550123", "to": "+14155550100"}, ("+14155550123", "+14155550100")),
        ({"from": "anonymous", "to": "+14155550100"}, None),
        ({"from": "sip:a@b", "to": "+14155550100"}, None),
        ({"to": "+14155550100"}, None),
        (None, None),
    ],
)
async def test_caller(twilio: FakeTwilio, carrier: TwilioRecordings, call: Any, expected: Any):
    """A call's numbers, where both are numbers that can be called."""
    if call:
        twilio.calls[CALL] = call
    assert expected == await carrier.caller_of(CALL)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(429, b'{"code": 20429}'), ProviderOverloaded),
        (Answer(500), ProviderUnavailable),
        (Answer(302, headers=(("location", "http://127.0.0.1:1/"),)), ProviderProtocolError),
        (Answer(401, b'{"code": 20003}'), ProviderRejected),
    ],
)
async def test_failures(twilio: FakeTwilio, carrier: TwilioRecordings, answer: Answer, kind: type[Exception]):
    """Every way in which Twilio fails is one of our errors, for each operation."""
    for attempt in (carrier.fetch(RECORDING), carrier.delete(RECORDING), carrier.caller_of(CALL)):
        twilio.failures.append(answer)
        with pytest.raises(kind):
            await attempt
    assert RECORDING in twilio.recordings


async def test_no_json(twilio: FakeTwilio, carrier: TwilioRecordings):
    """An answer that is no JSON object is the carrier's error."""
    twilio.failures.append(Answer(200, b"<html>"))
    with pytest.raises(ProviderProtocolError):
        await carrier.caller_of(CALL)
