"""Instructions as TwiML, word for word."""

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from switchboard.adapters.twilio.twiml import render
from switchboard.domain.instructions import ConnectStream, Dial, HangUp, SayAndHangUp

HEAD = '<?xml version="1.0" encoding="UTF-8"?><Response>'


def test_connect_stream():
    """A stream is always followed by a redirect, so that the call survives the socket."""
    instruction = ConnectStream(
        url="wss://v.example/twilio/stream",
        parameters={"token": "v1.a.b", "from": "+14155550123"},
        resume_url="https://v.example/twilio/resume?n=1&t=2",
    )
    assert (
        f'{HEAD}<Connect><Stream url="wss://v.example/twilio/stream"><Parameter name="token" value="v1.a.b" />'
        '<Parameter name="from" value="+14155550123" /></Stream></Connect>'
        '<Redirect method="POST">https://v.example/twilio/resume?n=1&amp;t=2</Redirect></Response>'
    ) == render(instruction)


def test_connect_stream_after_a_pause():
    """A reconnection that failed before is given time."""
    instruction = ConnectStream(url="wss://v/s", parameters={}, resume_url="https://v/r", after_s=2)
    assert render(instruction).startswith(f'{HEAD}<Pause length="2" /><Connect>')


def test_dial():
    """A transfer is announced, then dialled; its outcome goes to the action address."""
    instruction = Dial(
        number="+14155550123", action_url="https://v.example/r?n=1&t=2", announcement="One moment."
    )
    assert (
        f'{HEAD}<Say>One moment.</Say><Dial action="https://v.example/r?n=1&amp;t=2" answerOnBridge="true"'
        ' method="POST" timeout="30"><Number>+14155550123</Number></Dial></Response>'
    ) == render(instruction)


def test_say_and_hang_up():
    """Words, then the end."""
    assert f"{HEAD}<Say>Goodbye &amp; thanks.</Say><Hangup /></Response>" == render(
        SayAndHangUp("Goodbye & thanks.")
    )


def test_hang_up():
    """The end."""
    assert f"{HEAD}<Hangup /></Response>" == render(HangUp())


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cn"]), max_size=60))
def test_values_stay_values(text):
    """Whatever a caller's address holds, it stays one parameter's value in a well-formed document."""
    document = ET.fromstring(
        render(ConnectStream(url="wss://v.example/", parameters={"from": text}, resume_url="x"))
    )
    assert [("from", text)] == [(p.get("name"), p.get("value")) for p in document.iter("Parameter")]
