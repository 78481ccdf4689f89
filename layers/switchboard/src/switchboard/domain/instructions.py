"""What the telephony webhook tells the carrier to do next with a call."""

from collections.abc import Mapping

from msgspec import Struct


class ConnectStream(Struct, frozen=True):
    """Open a bidirectional media stream to `url`, after a pause; when it closes, ask `resume_url` what comes next.

    `parameters` reach the gateway in the stream's start message; Twilio allows fewer than 500 characters for
    each name and value together.
    """

    url: str
    parameters: Mapping[str, str]
    resume_url: str
    after_s: int = 0


class Dial(Struct, frozen=True):
    """Say `announcement`, then connect the caller to `number` (E.164); report the outcome to `action_url`."""

    number: str
    action_url: str
    announcement: str


class SayAndHangUp(Struct, frozen=True):
    """Say `text`, then end the call."""

    text: str


class HangUp(Struct, frozen=True):
    """End the call."""


Instruction = ConnectStream | Dial | SayAndHangUp | HangUp
