"""Decide what follows when a call's media stream, or its transfer, has ended while the caller is still there.

The stream closes when the conversation is over, when it hands the call over, and when a task drains or dies. The
checkpoint tells which: without one, or without an answer from its store, the call is connected again, because
silence is the one wrong answer (laws L4, L5).
"""

from enum import StrEnum

from msgspec import Struct

from switchboard.domain.calls import CallKey, Disposition, NextStep
from switchboard.domain.instructions import ConnectStream, Dial, HangUp, Instruction, SayAndHangUp
from switchboard.ports.checkpoints import CheckpointStore
from switchboard.ports.errors import PortError
from switchboard.services.answer_call import connect_stream
from switchboard.services.lines import Line

RESUMES_MAX = 5
"""More reconnections than this within the window mean that the gateway cannot hold the call."""
RESUME_WINDOW_S = 60

TRANSFER_TEXT = "I am connecting you now. One moment, please."
TROUBLE_TRANSFER_TEXT = "We are having technical difficulties. I am connecting you to a colleague."
TROUBLE_TEXT = (
    "I am sorry, we are having technical difficulties. Please call again in a few minutes. Goodbye."
)
NO_TRANSFER_TEXT = (
    "I am sorry, I cannot connect you to a colleague right now. Please call again later. Goodbye."
)

_DIAL_SUCCEEDED = frozenset({"completed", "answered"})
_DIAL_FAILED = frozenset({"busy", "no-answer", "failed", "canceled"})


class Resumes(Struct, frozen=True):
    """How often the call was connected again since `since_s`. Lives in the resume URL, which the carrier signs."""

    count: int = 0
    since_s: int = 0


class StreamEnd(Struct, frozen=True):
    """What the carrier reports. `dial_status` is its word for how a transfer ended, empty where none was made."""

    call_sid: str
    account_sid: str
    from_number: str
    dial_status: str = ""


class Why(StrEnum):
    """What a continuation was decided on, for the log."""

    RESUMED = "resumed"
    UNKNOWN_CALL = "unknown_call"
    STORE_DOWN = "store_down"
    TOO_MANY_RESUMES = "too_many_resumes"
    TRANSFER = "transfer"
    TRANSFER_DONE = "transfer_done"
    TRANSFER_FAILED = "transfer_failed"
    CALL_OVER = "call_over"
    CALL_FAILED = "call_failed"


class Continuation(Struct, frozen=True):
    """The next instruction and the reason for it."""

    instruction: Instruction
    why: Why


async def continue_call(
    end: StreamEnd, *, resumes: Resumes, checkpoints: CheckpointStore, line: Line, nonce: bytes, now_s: int
) -> Continuation:
    """Return what the carrier does next with the call. A store that is down is a reason, not an error."""
    if end.dial_status in _DIAL_SUCCEEDED:
        return Continuation(HangUp(), Why.TRANSFER_DONE)
    resumes = _count(resumes, now_s)
    if resumes.count > RESUMES_MAX:
        return Continuation(_give_up(end, resumes, line), Why.TOO_MANY_RESUMES)

    def reconnect(**extra: str) -> ConnectStream:
        return connect_stream(
            call_sid=end.call_sid,
            account_sid=end.account_sid,
            from_number=end.from_number,
            line=line,
            nonce=nonce,
            now_s=now_s,
            resume_url=_resume_url(line, resumes),
            **extra,
        )

    try:
        checkpoint = await checkpoints.load(CallKey(line.tenant, end.call_sid))
    except PortError:
        return Continuation(reconnect(resume="1", **_transfer_failed(end)), Why.STORE_DOWN)
    if end.dial_status:
        if checkpoint is not None and checkpoint.disposition is Disposition.FAILED:
            return Continuation(SayAndHangUp(NO_TRANSFER_TEXT), Why.TRANSFER_FAILED)
        return Continuation(reconnect(resume="1", **_transfer_failed(end)), Why.TRANSFER_FAILED)
    if checkpoint is None:
        return Continuation(reconnect(), Why.UNKNOWN_CALL)
    if checkpoint.next_step is NextStep.TRANSFER:
        transfer = _transfer(resumes, line, TRANSFER_TEXT)
        return Continuation(transfer or SayAndHangUp(NO_TRANSFER_TEXT), Why.TRANSFER)
    if checkpoint.disposition is Disposition.FAILED:
        return Continuation(SayAndHangUp(TROUBLE_TEXT), Why.CALL_FAILED)
    if checkpoint.next_step is NextStep.HANG_UP or checkpoint.disposition is not None:
        return Continuation(HangUp(), Why.CALL_OVER)
    return Continuation(reconnect(resume="1"), Why.RESUMED)


def _count(resumes: Resumes, now_s: int) -> Resumes:
    if now_s - resumes.since_s >= RESUME_WINDOW_S:
        return Resumes(count=1, since_s=now_s)
    return Resumes(count=resumes.count + 1, since_s=resumes.since_s)


def _give_up(end: StreamEnd, resumes: Resumes, line: Line) -> Instruction:
    """Reconnecting does not help: a person, or honest words where the person did not answer either."""
    transfer = None if end.dial_status else _transfer(resumes, line, TROUBLE_TRANSFER_TEXT)
    return transfer or SayAndHangUp(TROUBLE_TEXT)


def _transfer(resumes: Resumes, line: Line, announcement: str) -> Dial | None:
    if not line.handover_number:
        return None
    return Dial(
        number=line.handover_number,
        action_url=_resume_url(line, resumes),
        announcement=announcement,
    )


def _resume_url(line: Line, resumes: Resumes) -> str:
    return line.resume_url(n=resumes.count, t=resumes.since_s)


def _transfer_failed(end: StreamEnd) -> dict[str, str]:
    if not end.dial_status:
        return {}
    return {"transfer_failed": end.dial_status if end.dial_status in _DIAL_FAILED else "failed"}
