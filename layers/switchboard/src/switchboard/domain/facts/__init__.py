"""Facts for analytics and workflows: one module per kind, each with its version."""

from switchboard.domain.facts.call_analysed import CallAnalysed
from switchboard.domain.facts.call_ended import CallEnded
from switchboard.domain.facts.call_handed_over import CallHandedOver
from switchboard.domain.facts.call_resumed import CallResumed
from switchboard.domain.facts.call_started import CallStarted
from switchboard.domain.facts.callback_closed import CallbackClosed
from switchboard.domain.facts.fact import Fact
from switchboard.domain.facts.provider_switched import ProviderSwitched
from switchboard.domain.facts.turn_answered import TurnAnswered
from switchboard.domain.facts.voicemail_filed import VoicemailFiled

AnyFact = (
    CallAnalysed
    | CallbackClosed
    | CallEnded
    | CallHandedOver
    | CallResumed
    | CallStarted
    | ProviderSwitched
    | TurnAnswered
    | VoicemailFiled
)
"""All of them, for reading: `msgspec.json.decode(line, type=AnyFact)`."""

__all__ = [
    "AnyFact",
    "CallAnalysed",
    "CallEnded",
    "CallHandedOver",
    "CallResumed",
    "CallStarted",
    "CallbackClosed",
    "Fact",
    "ProviderSwitched",
    "TurnAnswered",
    "VoicemailFiled",
]
