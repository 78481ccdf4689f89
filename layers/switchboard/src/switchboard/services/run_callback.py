"""Carry out an agreed callback: plan, dial, take the carrier's word, close. `domain.callbacks` decides.

The order of writes is what keeps it to one call per attempt: the attempt is stored before the carrier is asked, and an attempt
that is stored is never dialled again, whatever became of the request (law W4).
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from msgspec.structs import replace

from switchboard.domain.call_progress import CallStatus
from switchboard.domain.callbacks import (
    Attempt,
    CallbackAgreement,
    CallbackOutcome,
    Close,
    Step,
    attempt_name,
    plan,
    result_of,
)
from switchboard.domain.subjects import Subject
from switchboard.ports.call_records import CallRecords, RecordKey
from switchboard.ports.errors import (
    ProviderError,
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
)
from switchboard.ports.telephony import Telephony
from switchboard.ports.workflows import Workflows
from switchboard.services.stored import create, decode, encode, read
from switchboard.services.write_crm_note import CallbackRecord

WITHDRAWAL = "withdrawal"
"""A record of this name says that the callee no longer wants the call; whatever it holds."""
REPLACE_TRIES = 5
"""At most two write to one attempt at a time: the dialling step and the carrier's report."""


@dataclass(frozen=True, slots=True)
class CallbackLine:
    """The webhooks of a callback's calls; `public_url` is the http(s) origin without a trailing slash."""

    public_url: str

    @property
    def answer_url(self) -> str:
        """Asked when the callee answers: from there on it is a call like any other."""
        return f"{self.public_url}/twilio/voice"

    def status_url(self, subject: Subject, attempt: int) -> str:
        """Told how the attempt goes. The carrier signs the query, in the order of names, with the rest: it cannot be forged."""
        query = urlencode({"attempt": attempt, "callback": subject.id, "tenant": subject.tenant})
        return f"{self.public_url}/twilio/callback?{query}"


async def agree_callback(
    subject: Subject, agreement: CallbackAgreement, *, records: CallRecords
) -> CallbackAgreement:
    """Store the agreement, once. Returns what is stored. Raises `ProviderError`."""
    return await create(records, subject, "agreement", agreement)


async def plan_callback(subject: Subject, *, records: CallRecords, now_s: int) -> Step:
    """Say what happens next, from all that is stored. Raises `ProviderError`."""
    stored = await records.read_all(subject)
    if "outcome" in stored:
        return Close(decode(stored["outcome"], CallbackRecord).outcome)
    if "agreement" not in stored:
        raise ProviderRejected("store", "there is no agreement")
    return plan(
        decode(stored["agreement"], CallbackAgreement),
        _attempts(stored),
        is_withdrawn=WITHDRAWAL in stored,
        now_s=now_s,
    )


async def dial_callback(
    subject: Subject,
    number: int,
    *,
    token: str,
    nonce: str,
    line: CallbackLine,
    records: CallRecords,
    telephony: Telephony,
    now_s: int,
) -> bool:
    """Place the call of attempt `number`, once, and let `token` wait for its result. Raises `ProviderError`.

    False where there is nothing to wait for, because the attempt is decided. One that is stored already is not dialled: the
    token takes the place of the one that waited. A carrier that refuses decides the attempt; one that does not
    answer leaves it open until it reports, or until the workflow's patience ends.
    """
    stored = await records.read_all(subject)
    agreement = decode(stored["agreement"], CallbackAgreement)
    mine = Attempt(number, dialled_at_s=now_s, nonce=nonce, token=token)
    if WITHDRAWAL in stored:
        # Withdrawn between planning and dialling; consent counts at the time of the call (law O1).
        mine = replace(mine, result=CallbackOutcome.REFUSED, ended_at_s=now_s)
    attempt = await create(records, subject, mine.name, mine)
    is_mine = attempt.nonce == nonce
    if not is_mine:
        attempt = await _change(subject, number, records, token=token) or await _attempt(
            subject, number, records
        )
    if attempt.result is not None:
        return False
    if not is_mine:
        return True
    try:
        call_id = await telephony.place_call(
            to=agreement.number,
            from_=agreement.from_number,
            answer_url=line.answer_url,
            status_url=line.status_url(subject, number),
        )
    except (ProviderRejected, ProviderOverloaded):
        await _change(subject, number, records, result=CallbackOutcome.FAILED, ended_at_s=now_s)
        return False
    except ProviderError:
        return True
    await _change(subject, number, records, call_id=call_id)
    return True


async def report_attempt(
    subject: Subject,
    number: int,
    *,
    call_id: str,
    status: CallStatus,
    is_machine: bool,
    records: CallRecords,
    workflows: Workflows,
    now_s: int,
) -> bool:
    """Take in the carrier's report about attempt `number`; true where it decided the attempt. Raises `ProviderError`.

    The first report with a result decides and answers the waiting token; every later one is a no-op (laws W1, W7).
    """
    attempt = await read(records, subject, attempt_name(number), Attempt)
    if attempt is None or attempt.result is not None or attempt.call_id not in ("", call_id):
        return False
    result = result_of(status, is_machine=is_machine)
    if result is None:
        await workflows.heartbeat(attempt.token)
        return False
    decided = await _change(subject, number, records, result=result, ended_at_s=now_s, call_id=call_id)
    if decided is None:
        return False
    # Only who has decided answers, so that a token is answered once.
    await workflows.answer(decided.token, {"result": result.value})
    return True


async def close_callback(
    subject: Subject, outcome: CallbackOutcome, *, records: CallRecords
) -> CallbackRecord:
    """Store the one outcome; returns the stored one, which an earlier run may have decided. Raises `ProviderError`."""
    attempts = _attempts(await records.read_all(subject))
    return await create(records, subject, "outcome", CallbackRecord(outcome, len(attempts)))


async def _change(subject: Subject, number: int, records: CallRecords, **fields: object) -> Attempt | None:
    """Change an attempt that is still open; None if it is decided."""
    key = RecordKey(subject, attempt_name(number))
    for _ in range(REPLACE_TRIES):
        content = await records.read(key)
        if content is None:
            return None
        attempt = decode(content, Attempt)
        if attempt.result is not None:
            return None
        changed = replace(attempt, **fields)
        if await records.replace(key, encode(changed), expected=content):
            return changed
    raise ProviderProtocolError("store", "an attempt changes faster than it can be written")


async def _attempt(subject: Subject, number: int, records: CallRecords) -> Attempt:
    attempt = await read(records, subject, attempt_name(number), Attempt)
    assert attempt is not None, "attempts are never deleted while their workflow runs"
    return attempt


def _attempts(stored: dict[str, bytes]) -> list[Attempt]:
    prefix = attempt_name(0)[:-2]
    return [decode(stored[name], Attempt) for name in sorted(stored) if name.startswith(prefix)]
