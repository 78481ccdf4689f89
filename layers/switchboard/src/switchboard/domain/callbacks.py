"""An agreed callback from the agreement to its one outcome.

`plan` is the whole machine: given what is stored and the time, it says what happens next. Nothing of it lives in the
workflow, which only waits and dials as told.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from switchboard.domain.call_progress import CallStatus
from switchboard.domain.calling_hours import next_allowed_s, zones_of

RING_S_MAX: Final = 180
"""After this time without a word from the carrier an attempt counts as failed. Twilio lets it ring for 60 s."""
BACKOFF_S: Final = 15 * 60
BACKOFF_FACTOR: Final = 4
"""15 minutes, an hour, four hours: between attempts, from the end of the last."""
ATTEMPTS_MAX: Final = 10


class CallbackOutcome(StrEnum):
    """How a callback ended: exactly one, and it never changes."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    REFUSED = "refused"
    EXPIRED = "expired"
    FAILED = "failed"


class CallbackAgreement(Struct, frozen=True):
    """What was agreed; written once.

    `number` is who is called (E.164), `from_number` the line that calls. `zones` are time zones (IANA) that the callee
    told or the tenant knows; those of the number are added. `has_consent` says that the callee asked for the call.
    The window is [not_before_s, expires_at_s) in Unix seconds. `call_id` is the call or voicemail it came from.
    """

    number: Annotated[str, Meta(pattern=r"\A\+[1-9]\d{6,14}\Z")]
    from_number: Annotated[str, Meta(pattern=r"\A\+[1-9]\d{6,14}\Z")]
    not_before_s: int
    expires_at_s: int
    has_consent: bool
    zones: tuple[str, ...] = ()
    attempts_max: Annotated[int, Meta(ge=1, le=ATTEMPTS_MAX)] = 3
    call_id: str = ""


class Attempt(Struct, frozen=True, omit_defaults=True):
    """One attempt to reach the callee, from before it is dialled. At most one call is placed for it (law W4).

    `nonce` is unique to the process that stored the attempt: it alone may dial. `token` is the workflow's that waits for
    `result`; `call_id` is the carrier's, unknown until it answers us.
    """

    number: int
    dialled_at_s: int
    nonce: str
    token: str = ""
    call_id: str = ""
    result: CallbackOutcome | None = None
    ended_at_s: int = 0

    @property
    def name(self) -> str:
        """Its record's name."""
        return attempt_name(self.number)


def attempt_name(number: int) -> str:
    """The name under which an attempt is stored; sorts in order."""
    return f"attempt-{number:02}"


class Wait(Struct, frozen=True, tag="wait"):
    """Nothing to do before `until_s`."""

    until_s: int


class Dial(Struct, frozen=True, tag="dial"):
    """Make this attempt now."""

    attempt: int


class Close(Struct, frozen=True, tag="close"):
    """It is over."""

    outcome: CallbackOutcome


Step = Wait | Dial | Close


def plan(
    agreement: CallbackAgreement, attempts: Sequence[Attempt], *, is_withdrawn: bool, now_s: int
) -> Step:
    """Say what happens next; `attempts` in order. Time moves only forward, so every answer leads to a `Close`."""
    if any(attempt.result is CallbackOutcome.REACHED for attempt in attempts):
        return Close(CallbackOutcome.REACHED)
    last = attempts[-1] if attempts else None
    if last is not None and last.result is None and now_s < last.dialled_at_s + RING_S_MAX:
        # Somebody's telephone may be ringing: only the carrier's word or time ends an attempt.
        return Wait(last.dialled_at_s + RING_S_MAX)
    if is_withdrawn or not agreement.has_consent or (last and last.result is CallbackOutcome.REFUSED):
        return Close(CallbackOutcome.REFUSED)
    if len(attempts) >= agreement.attempts_max:
        return Close(_given_up(attempts))
    at_s = next_allowed_s(
        zones_of(agreement.number, also=agreement.zones),
        from_s=max(now_s, agreement.not_before_s, _earliest_s(last)),
        until_s=agreement.expires_at_s,
    )
    if at_s is None:
        return Close(_given_up(attempts) if attempts else CallbackOutcome.EXPIRED)
    return Dial(len(attempts) + 1) if at_s <= now_s else Wait(at_s)


def result_of(status: CallStatus, *, is_machine: bool = False) -> CallbackOutcome | None:
    """What a carrier's status says about the attempt; None while it may still be answered."""
    match status:
        case CallStatus.QUEUED | CallStatus.INITIATED | CallStatus.RINGING:
            return None
        case CallStatus.IN_PROGRESS | CallStatus.COMPLETED:
            return CallbackOutcome.NO_ANSWER if is_machine else CallbackOutcome.REACHED
        case CallStatus.BUSY | CallStatus.NO_ANSWER:
            return CallbackOutcome.NO_ANSWER
        case CallStatus.FAILED | CallStatus.CANCELED:
            return CallbackOutcome.FAILED


def _earliest_s(last: Attempt | None) -> int:
    if last is None:
        return 0
    ended_at_s = last.ended_at_s or last.dialled_at_s + RING_S_MAX
    return ended_at_s + BACKOFF_S * int(BACKOFF_FACTOR ** (last.number - 1))


def _given_up(attempts: Sequence[Attempt]) -> CallbackOutcome:
    """A callee who did not answer once outweighs attempts that technology failed."""
    answers = {attempt.result for attempt in attempts}
    return CallbackOutcome.NO_ANSWER if CallbackOutcome.NO_ANSWER in answers else CallbackOutcome.FAILED
