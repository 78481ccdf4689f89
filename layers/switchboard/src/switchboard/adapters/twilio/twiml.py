"""Render instructions as TwiML, Twilio's answer format (protocols.md 1.3 and 1.6)."""

from typing import assert_never

from twilio.twiml.voice_response import VoiceResponse  # type: ignore[import-untyped]  # the SDK ships no types

from switchboard.domain.instructions import ConnectStream, Dial, HangUp, Instruction, SayAndHangUp

DIAL_TIMEOUT_S = 30
"""How long a person's telephone rings before the caller comes back to the agent; Twilio's own default."""


def render(instruction: Instruction) -> str:
    """Return the XML document for one instruction."""
    response = VoiceResponse()
    match instruction:
        case ConnectStream(url=url, parameters=parameters, resume_url=resume_url, after_s=after_s):
            if after_s:
                response.pause(length=after_s)
            stream = response.connect().stream(url=url)
            for name, value in parameters.items():
                stream.parameter(name=name, value=value)
            # Runs when the socket has closed, for whatever reason: a call survives its gateway.
            response.redirect(resume_url, method="POST")
        case Dial(number=number, action_url=action_url, announcement=announcement):
            response.say(announcement)
            dial = response.dial(
                action=action_url, method="POST", timeout=DIAL_TIMEOUT_S, answer_on_bridge=True
            )
            dial.number(number)
        case SayAndHangUp(text=text):
            response.say(text)
            response.hangup()
        case HangUp():
            response.hangup()
        case _:
            assert_never(instruction)
    return str(response)
