"""Another gateway goes on with a call."""

from typing import Literal

from switchboard.domain.facts.fact import Fact


class CallResumed(Fact, frozen=True, kw_only=True):
    """The conversation goes on after its stream was lost or handed over, or a transfer failed. `fence` counts its owners."""

    version: int = 1
    call_id: str
    channel: Literal["phone", "web"]
    configuration: int
    fence: int
    transfer_failed: bool
