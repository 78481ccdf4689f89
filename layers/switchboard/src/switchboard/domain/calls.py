"""The words of a call's life: how it ended and what happens next."""

from enum import StrEnum

from msgspec import Struct


class CallKey(Struct, frozen=True, order=True):
    """Under what a call's state is stored: whose call it is, then which.

    The tenant comes from a verified stream token or from the directory's entry of the dialled number, never from
    what a client says (invariant T4).
    """

    tenant: str
    call_id: str


class Disposition(StrEnum):
    """How a call ended: exactly one per call, and it never changes (law L1)."""

    COMPLETED = "completed"
    CALLER_HUNG_UP = "caller_hung_up"
    TRANSFERRED = "transferred"
    NO_INPUT = "no_input"
    DURATION_LIMIT = "duration_limit"
    FAILED = "failed"


class NextStep(StrEnum):
    """What the telephony webhook does when the media stream has closed while the caller is still there."""

    RESUME = "resume"
    TRANSFER = "transfer"
    HANG_UP = "hang_up"
