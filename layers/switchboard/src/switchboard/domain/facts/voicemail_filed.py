"""A caller's message waits for somebody."""

from switchboard.domain.facts.fact import Fact


class VoicemailFiled(Fact, frozen=True, kw_only=True):
    """The message is in the archive. `callback_id` is empty where the caller's number is unknown."""

    version: int = 1
    voicemail_id: str
    call_id: str
    duration_ms: int
    callback_id: str
