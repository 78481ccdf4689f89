"""The carrier's report of how far a call has come, and which of two reports is the later one.

Status callbacks arrive repeated and out of order (protocols.md 1.8); a call's progress never moves
backwards (law W7) and ends once (law L2).
"""

from enum import StrEnum

from msgspec import Struct

from switchboard.domain.calls import CallKey


class CallStatus(StrEnum):
    """Twilio's call statuses, in its own words (Twilio, "Call resource: status values")."""

    QUEUED = "queued"
    INITIATED = "initiated"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    FAILED = "failed"
    NO_ANSWER = "no-answer"
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        """Whether nothing can follow."""
        return self in _FINAL


_FINAL = frozenset(
    {CallStatus.COMPLETED, CallStatus.BUSY, CallStatus.FAILED, CallStatus.NO_ANSWER, CallStatus.CANCELED}
)


class CallProgress(Struct, frozen=True):
    """One report. `sequence` counts the carrier's reports of one call from 0."""

    key: CallKey
    sequence: int
    status: CallStatus


def advances(known: CallProgress | None, report: CallProgress) -> bool:
    """Whether `report` moves the call forward from what is `known`; repeats and late arrivals do not."""
    if known is None:
        return True
    return not known.status.is_final and report.sequence > known.sequence
