"""Take in the carrier's status callbacks, which arrive repeated and out of order."""

from enum import StrEnum

from switchboard.domain.call_progress import CallProgress, CallStatus
from switchboard.domain.calls import CallKey
from switchboard.ports.call_progress import CallProgressStore

SEQUENCE_MAX = 10_000
"""A call has fewer than ten reports; more is not a sequence number."""

_EXPECTED_SEQUENCE = {
    CallStatus.QUEUED: 0,
    CallStatus.INITIATED: 0,
    CallStatus.RINGING: 1,
    CallStatus.IN_PROGRESS: 2,
}
_FINAL_SEQUENCE = 3


class StatusOutcome(StrEnum):
    """What became of one status callback."""

    ADVANCED = "advanced"
    IGNORED = "ignored"
    UNREADABLE = "unreadable"


async def record_call_status(
    *, key: CallKey, status: str, sequence: str, progress: CallProgressStore
) -> StatusOutcome:
    """Store what the callback reports: `ADVANCED` where it is news, `IGNORED` for a repeat or late arrival (law W7).

    `status` and `sequence` are the form's CallStatus and SequenceNumber. Twilio does not promise the number
    (protocols.md 1.8, from memory); the usual order of the statuses stands in for it. Raises `ProviderError`.
    """
    if status not in set(CallStatus):
        return StatusOutcome.UNREADABLE
    known = CallStatus(status)
    if not sequence:
        number = _EXPECTED_SEQUENCE.get(known, _FINAL_SEQUENCE)
    elif sequence.isascii() and sequence.isdigit() and len(sequence) <= len(str(SEQUENCE_MAX)):
        number = int(sequence)
    else:
        return StatusOutcome.UNREADABLE
    advanced = await progress.record(CallProgress(key=key, sequence=number, status=known))
    return StatusOutcome.ADVANCED if advanced else StatusOutcome.IGNORED
