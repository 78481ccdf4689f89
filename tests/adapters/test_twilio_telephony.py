"""Placing and ending calls, over a loopback socket against Twilio's own paths, forms and errors."""

from collections.abc import AsyncIterator

import pytest

from switchboard.adapters.twilio.telephony import TwilioTelephony
from switchboard.ports.errors import (
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from tests.fakes.twilio_rest import Failure, TwilioRest

pytestmark = pytest.mark.wire

ACCOUNT = "AC" + "a" * 32
NUMBER = "+14155550123"


@pytest.fixture
async def twilio() -> AsyncIterator[TwilioRest]:
    async with TwilioRest(account_sid=ACCOUNT, auth_token="token") as server:
        yield server


@pytest.fixture
async def telephony(twilio: TwilioRest) -> AsyncIterator[TwilioTelephony]:
    adapter = TwilioTelephony(account_sid=ACCOUNT, auth_token="token", base_url=twilio.url, timeout_s=0.2)
    yield adapter
    await adapter.close()


async def place(telephony: TwilioTelephony, to: str = NUMBER) -> str:
    return await telephony.place_call(
        to=to,
        from_="+14155550100",
        answer_url="https://v.example/twilio/voice",
        status_url="https://v.example/s",
    )


async def test_place_call(twilio: TwilioRest, telephony: TwilioTelephony):
    """A placed call carries both numbers, both webhooks as POST, and asks for every status."""
    sid = await place(telephony)
    assert twilio.calls[sid].form == {
        "To": [NUMBER],
        "From": ["+14155550100"],
        "Url": ["https://v.example/twilio/voice"],
        "Method": ["POST"],
        "StatusCallback": ["https://v.example/s"],
        "StatusCallbackMethod": ["POST"],
        "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
    }


async def test_hang_up(twilio: TwilioRest, telephony: TwilioTelephony):
    """A live call is completed; one that has ended already is no error."""
    sid = await place(telephony)
    await telephony.hang_up(sid)
    assert twilio.calls[sid].status == "completed"
    await telephony.hang_up(sid)


async def test_hang_up_unknown_call(telephony: TwilioTelephony):
    """A call that Twilio does not know is our mistake, also where its id would change the path."""
    for call_id in ("CA" + "9" * 32, "../../Messages"):
        with pytest.raises(ProviderRejected, match="20404"):
            await telephony.hang_up(call_id)


async def test_wrong_credentials(twilio: TwilioRest):
    """Wrong credentials are rejected and not worth a retry."""
    adapter = TwilioTelephony(account_sid=ACCOUNT, auth_token="other", base_url=twilio.url)
    with pytest.raises(ProviderRejected, match="HTTP 401, Twilio error 20003") as caught:
        await place(adapter)
    assert not caught.value.retryable
    await adapter.close()


async def test_error_text_is_dropped(telephony: TwilioTelephony):
    """Twilio's error text, which repeats the number, goes nowhere."""
    with pytest.raises(ProviderRejected) as caught:
        await place(telephony, to="4155550199")
    assert str(caught.value) == "twilio: HTTP 400, Twilio error 21211"
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (Failure(429, b'{"code": 20429}', {"retry-after": "2"}), ProviderOverloaded),
        (Failure(429, b"<html>"), ProviderOverloaded),
        (Failure(500), ProviderUnavailable),
        (Failure(503, b"<html>busy</html>"), ProviderUnavailable),
        (Failure(302, b"", {"location": "https://elsewhere.example/"}), ProviderProtocolError),
        (Failure(400, b'{"code": "x"}'), ProviderRejected),
        (Failure(201, b"<html>"), ProviderProtocolError),
        (Failure(201, b"[]"), ProviderProtocolError),
        (Failure(201, b'{"sid": 5}'), ProviderProtocolError),
        (Failure(201, b'{"sid": "RE1"}'), ProviderProtocolError),
        (Failure(201, b"x", {"content-encoding": "gzip"}), ProviderProtocolError),
        (Failure(0), ProviderUnavailable),
        (Failure(-1), ProviderTimeout),
    ],
)
async def test_failures(
    twilio: TwilioRest, telephony: TwilioTelephony, failure: Failure, kind: type[Exception]
):
    """Every way in which Twilio can fail is one of our errors, and nothing is sent twice."""
    twilio.failures.append(failure)
    with pytest.raises(kind):
        await place(telephony)
    assert twilio.calls == {}


async def test_retry_after(twilio: TwilioRest, telephony: TwilioTelephony):
    """An overloaded Twilio says how long to wait, where it does."""
    for headers, expected in (({"retry-after": "2"}, 2000), ({"retry-after": "soon"}, None), ({}, None)):
        twilio.failures.append(Failure(429, headers=headers))
        with pytest.raises(ProviderOverloaded) as caught:
            await place(telephony)
        assert expected == caught.value.retry_after_ms


async def test_nobody_listens(twilio: TwilioRest):
    """A refused connection is an unavailable provider."""
    adapter = TwilioTelephony(account_sid=ACCOUNT, auth_token="token", base_url="http://127.0.0.1:1")
    with pytest.raises(ProviderUnavailable):
        await place(adapter)
    await adapter.close()
