"""The use cases behind the webhooks: answering, continuing and following a call."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.call_progress import CallProgress, CallStatus
from switchboard.domain.calls import CallKey, Disposition, NextStep
from switchboard.domain.instructions import ConnectStream, Dial, HangUp, SayAndHangUp
from switchboard.domain.stream_tokens import verify
from switchboard.ports.checkpoints import Checkpoint
from switchboard.services.answer_call import FROM_CHARS_MAX, answer_call
from switchboard.services.continue_call import (
    NO_TRANSFER_TEXT,
    RESUME_WINDOW_S,
    RESUMES_MAX,
    TRANSFER_TEXT,
    TROUBLE_TEXT,
    TROUBLE_TRANSFER_TEXT,
    Continuation,
    Resumes,
    StreamEnd,
    Why,
    continue_call,
)
from switchboard.services.lines import Line
from switchboard.services.record_call_status import StatusOutcome, record_call_status
from switchboard.services.start_web_call import WEB_ACCOUNT_SID, start_web_call
from tests.fakes.call_progress import InMemoryCallProgressStore
from tests.fakes.checkpoints import InMemoryCheckpointStore

SECRET = "test-secret-of-more-than-32-characters"
LINE = Line(stream_url="wss://v.example/twilio/stream", public_url="https://v.example", token_secret=SECRET)
STAFFED = Line(
    stream_url=LINE.stream_url,
    public_url=LINE.public_url,
    token_secret=SECRET,
    handover_number="+14155550123",
)
CALL, ACCOUNT, NUMBER = "CA" + "1" * 32, "AC" + "2" * 32, "+14155550199"
KEY = CallKey("default", CALL)
NO_RESUMES = Resumes()
NONCE, NOW_S = bytes(range(16)), 1000


def answer(from_number: str = NUMBER) -> ConnectStream:
    return answer_call(
        call_sid=CALL, account_sid=ACCOUNT, from_number=from_number, line=LINE, nonce=NONCE, now_s=NOW_S
    )


async def go_on(
    checkpoint: Checkpoint | None = None,
    *,
    dial_status: str = "",
    resumes: Resumes = NO_RESUMES,
    line: Line = LINE,
    is_down: bool = False,
    now_s: int = NOW_S,
) -> Continuation:
    known = {} if checkpoint is None else {KEY: checkpoint}
    return await continue_call(
        StreamEnd(CALL, ACCOUNT, NUMBER, dial_status),
        resumes=resumes,
        checkpoints=InMemoryCheckpointStore(known, is_down=is_down),
        line=line,
        nonce=NONCE,
        now_s=now_s,
    )


def checkpoint(next_step: NextStep = NextStep.RESUME, disposition: Disposition | None = None) -> Checkpoint:
    return Checkpoint(KEY, 1, "{}", next_step, disposition)


def extra_parameters(continuation: Continuation) -> dict[str, str]:
    """What the gateway is told beyond a first connection; the token must open this call."""
    stream = continuation.instruction
    assert isinstance(stream, ConnectStream)
    assert verify(SECRET, stream.parameters["token"], call_sid=CALL, now_s=NOW_S).call_sid == CALL
    return {name: value for name, value in stream.parameters.items() if name not in {"token", "from"}}


def counted(url: str) -> Resumes:
    query = parse_qs(urlsplit(url).query)
    return Resumes(count=int(query["n"][0]), since_s=int(query["t"][0]))


def test_answer():
    """An incoming call is connected to the gateway with a token of its own, good for a minute."""
    instruction = answer()
    claims = verify(SECRET, instruction.parameters["token"], call_sid=CALL, now_s=NOW_S + 59)
    assert (
        claims.call_sid,
        claims.account_sid,
        claims.tenant,
        claims.channel,
        claims.expires_at_s,
        claims.nonce,
    ) == (CALL, ACCOUNT, "default", "phone", NOW_S + 60, NONCE)
    assert instruction.url == "wss://v.example/twilio/stream"
    assert instruction.resume_url == "https://v.example/twilio/resume"
    assert instruction.parameters["from"] == NUMBER


def test_retried_webhook():
    """The same webhook answered again is the same answer."""
    assert answer() == answer()


@given(st.text())
def test_caller_address_is_bounded(from_number):
    """Whatever the caller's address, it fits into a parameter and into XML."""
    caller = answer(from_number).parameters["from"]
    assert len(caller) <= FROM_CHARS_MAX
    assert caller.isprintable()


def test_secret_is_not_shown():
    """The line's repr holds no secret."""
    assert SECRET not in repr(LINE)


async def test_resume():
    """A call whose task went away is connected again and told so."""
    continuation = await go_on(checkpoint())
    assert Why.RESUMED is continuation.why
    assert extra_parameters(continuation) == {"resume": "1"}


async def test_unknown_call():
    """A call without a checkpoint is connected like a new one."""
    continuation = await go_on(None)
    assert Why.UNKNOWN_CALL is continuation.why
    assert extra_parameters(continuation) == {}


async def test_store_down():
    """A store that is down costs nobody the call: the stream is opened again."""
    continuation = await go_on(checkpoint(), is_down=True)
    assert Why.STORE_DOWN is continuation.why
    assert extra_parameters(continuation) == {"resume": "1"}


async def test_store_down_after_failed_transfer():
    """Also with the store down, the gateway learns that the transfer failed."""
    continuation = await go_on(checkpoint(), is_down=True, dial_status="busy")
    assert extra_parameters(continuation) == {"resume": "1", "transfer_failed": "busy"}


async def test_transfer():
    """A call to be handed over is announced and dialled, and comes back to the resume webhook."""
    continuation = await go_on(checkpoint(NextStep.TRANSFER), line=STAFFED)
    dial = continuation.instruction
    assert isinstance(dial, Dial)
    assert (dial.number, dial.announcement) == ("+14155550123", TRANSFER_TEXT)
    assert Resumes(1, NOW_S) == counted(dial.action_url)


async def test_transfer_to_nobody():
    """Where nobody takes calls over, the caller is told so honestly."""
    continuation = await go_on(checkpoint(NextStep.TRANSFER))
    assert SayAndHangUp(NO_TRANSFER_TEXT) == continuation.instruction


async def test_hang_up():
    """A conversation that is over ends the call."""
    for ended in (
        checkpoint(NextStep.HANG_UP),
        checkpoint(NextStep.HANG_UP, Disposition.COMPLETED),
        checkpoint(NextStep.RESUME, Disposition.CALLER_HUNG_UP),
    ):
        assert Continuation(HangUp(), Why.CALL_OVER) == await go_on(ended)


async def test_failed_call():
    """A call that failed ends with words, never in silence, and at a person where the gateway asked for one."""
    for next_step in (NextStep.HANG_UP, NextStep.RESUME):
        continuation = await go_on(checkpoint(next_step, Disposition.FAILED), line=STAFFED)
        assert Continuation(SayAndHangUp(TROUBLE_TEXT), Why.CALL_FAILED) == continuation
    handed_over = await go_on(checkpoint(NextStep.TRANSFER, Disposition.FAILED), line=STAFFED)
    assert isinstance(handed_over.instruction, Dial)


@pytest.mark.parametrize("dial_status", ["completed", "answered"])
async def test_transfer_done(dial_status):
    """After a transfer that was answered, the call is over, whatever the store says."""
    done = Continuation(HangUp(), Why.TRANSFER_DONE)
    assert done == await go_on(checkpoint(NextStep.TRANSFER), dial_status=dial_status, is_down=True)


@pytest.mark.parametrize(
    ("dial_status", "told"),
    [
        ("busy", "busy"),
        ("no-answer", "no-answer"),
        ("failed", "failed"),
        ("canceled", "canceled"),
        ("new!", "failed"),
    ],
)
async def test_transfer_failed(dial_status, told):
    """After a transfer that failed, the caller is back with the agent, who knows why."""
    for known in (
        checkpoint(NextStep.TRANSFER),
        checkpoint(NextStep.TRANSFER, Disposition.TRANSFERRED),
        None,
    ):
        continuation = await go_on(known, dial_status=dial_status, line=STAFFED)
        assert Why.TRANSFER_FAILED is continuation.why
        assert {"resume": "1", "transfer_failed": told} == extra_parameters(continuation)


async def test_failed_call_and_transfer():
    """Where both the call and its transfer failed, nobody is left: honest words."""
    known = checkpoint(NextStep.TRANSFER, Disposition.FAILED)
    continuation = await go_on(known, dial_status="busy", line=STAFFED)
    assert SayAndHangUp(NO_TRANSFER_TEXT) == continuation.instruction


async def test_resumes_are_bounded():
    """A call that cannot be held is connected again five times within a minute, then ended with words."""
    resumes, streams = Resumes(), 0
    while True:
        continuation = await go_on(checkpoint(), resumes=resumes, now_s=NOW_S + streams)
        if not isinstance(continuation.instruction, ConnectStream):
            break
        resumes, streams = counted(continuation.instruction.resume_url), streams + 1
    assert streams == RESUMES_MAX
    assert Continuation(SayAndHangUp(TROUBLE_TEXT), Why.TOO_MANY_RESUMES) == continuation


async def test_too_many_resumes_reach_a_person():
    """Where somebody takes calls over, such a call goes there; if nobody answers, it ends with words."""
    spent = Resumes(RESUMES_MAX, NOW_S)
    continuation = await go_on(checkpoint(), resumes=spent, line=STAFFED)
    assert isinstance(continuation.instruction, Dial)
    assert continuation.instruction.announcement == TROUBLE_TRANSFER_TEXT
    spent = counted(continuation.instruction.action_url)
    after = await go_on(checkpoint(), resumes=spent, line=STAFFED, dial_status="no-answer")
    assert SayAndHangUp(TROUBLE_TEXT) == after.instruction


async def test_old_resumes_do_not_count():
    """A long call may be handed from task to task any number of times: each minute counts anew."""
    spent = Resumes(RESUMES_MAX, NOW_S - RESUME_WINDOW_S)
    continuation = await go_on(checkpoint(), resumes=spent)
    assert isinstance(continuation.instruction, ConnectStream)
    assert Resumes(1, NOW_S) == counted(continuation.instruction.resume_url)


@pytest.mark.parametrize(
    ("status", "sequence", "expected"),
    [
        ("ringing", "1", StatusOutcome.ADVANCED),
        ("completed", "", StatusOutcome.ADVANCED),
        ("queued", "0", StatusOutcome.IGNORED),
        ("initiated", "", StatusOutcome.IGNORED),
        ("", "1", StatusOutcome.UNREADABLE),
        ("exploded", "1", StatusOutcome.UNREADABLE),
        ("ringing", "-1", StatusOutcome.UNREADABLE),
        ("ringing", "²", StatusOutcome.UNREADABLE),
        ("ringing", "9" * 30, StatusOutcome.UNREADABLE),
    ],
)
async def test_status_callbacks(status, sequence, expected):
    """A callback is news, a repeat, or not understood; a missing number is taken from the status."""
    progress = InMemoryCallProgressStore({KEY: CallProgress(KEY, 0, CallStatus.QUEUED)})
    assert expected is await record_call_status(key=KEY, status=status, sequence=sequence, progress=progress)


def test_web_call():
    """A browser gets everything it needs to open a stream, and a token that opens no phone call."""
    answer = start_web_call(
        line=LINE, stream_url="wss://v.example/web/stream", nonce=NONCE, call_sid=CALL, now_s=NOW_S
    )
    claims = verify(SECRET, answer.pop("token"), call_sid=CALL, now_s=NOW_S)
    assert (claims.channel, claims.account_sid, claims.nonce) == ("web", WEB_ACCOUNT_SID, NONCE)
    assert {
        "streamUrl": "wss://v.example/web/stream",
        "callSid": CALL,
        "accountSid": WEB_ACCOUNT_SID,
        "streamSid": "MZ" + NONCE.hex(),
    } == answer
