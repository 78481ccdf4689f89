"""What the workflows have concluded, filed and closed."""

from typing import ClassVar

from msgspec import Struct

from switchboard.domain.call_analysis import Resolution, Sentiment
from switchboard.domain.callbacks import CallbackOutcome


class CallAnalysed(Struct, frozen=True, tag_field="event", tag="call_analysed"):
    """A finished call has been analysed. `qa_score` is 0 to 100."""

    tenant: str
    call_id: str
    occurred_at_ms: int
    disposition: Resolution
    sentiment: Sentiment
    qa_score: int
    analyst: str
    version: ClassVar[int] = 1


class VoicemailFiled(Struct, frozen=True, tag_field="event", tag="voicemail_filed"):
    """A message waits. `callback_id` is empty where the caller's number is unknown."""

    tenant: str
    voicemail_id: str
    call_id: str
    occurred_at_ms: int
    duration_ms: int
    callback_id: str
    version: ClassVar[int] = 1


class CallbackClosed(Struct, frozen=True, tag_field="event", tag="callback_closed"):
    """An agreed callback has its one outcome."""

    tenant: str
    callback_id: str
    occurred_at_ms: int
    outcome: CallbackOutcome
    attempts: int
    version: ClassVar[int] = 1


AfterCallFact = CallAnalysed | VoicemailFiled | CallbackClosed
