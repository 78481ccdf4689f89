"""Agreed callbacks: when they are made, how often, and that each ends once."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from switchboard.domain.call_progress import CallStatus
from switchboard.domain.callbacks import (
    RING_S_MAX,
    Attempt,
    CallbackAgreement,
    CallbackOutcome,
    Close,
    Dial,
    Wait,
    plan,
    result_of,
)
from switchboard.domain.calling_hours import next_allowed_s, zones_of
from switchboard.domain.subjects import Subject
from switchboard.ports.call_records import RecordKey
from switchboard.ports.errors import ProviderError, ProviderRejected, ProviderTimeout
from switchboard.services.run_callback import (
    WITHDRAWAL,
    CallbackLine,
    agree_callback,
    close_callback,
    dial_callback,
    plan_callback,
    report_attempt,
)
from tests.fakes.after_call import FakeTelephony, FakeWorkflows, Gate, InMemoryCallRecords, open_gate
from tests.fakes.schedules import Scheduler

CALLBACK = Subject("acme", "callback", "cb-1")
LINE = CallbackLine("https://voice.example.com")
DAY_S = 24 * 3600


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


NOON = at("2026-11-20T20:00:00")
"""In Los Angeles."""
AGREEMENT = CallbackAgreement(
    number="+14155550123",
    from_number="+14155550100",
    not_before_s=NOON,
    expires_at_s=NOON + 2 * DAY_S,
    has_consent=True,
)


def ended(number: int, result: CallbackOutcome, at_s: int = NOON) -> Attempt:
    return Attempt(number, at_s, "n", result=result, ended_at_s=at_s)


def planned(*attempts: Attempt, now_s: int = NOON, is_withdrawn: bool = False, **changes: Any):
    return plan(replace(AGREEMENT, **changes), attempts, is_withdrawn=is_withdrawn, now_s=now_s)


def test_zones():
    """A number's zones are all it may be in; told ones are added; nonsense has none."""
    assert ("America/Los_Angeles",) == zones_of("+14155550123")
    assert ("America/Boise", "America/Los_Angeles") == zones_of("+12085550100")
    assert ("America/Los_Angeles", "Europe/Paris") == zones_of("+14155550123", also=["Europe/Paris"])
    assert len(zones_of("+18005550199")) > 30
    assert () == zones_of("+1") == zones_of("anonymous")


@pytest.mark.parametrize(
    ("zones", "from_", "expected"),
    [
        (["America/New_York"], "2026-11-20T14:59:59", "2026-11-20T15:00:00"),
        (["America/New_York"], "2026-11-20T16:00:00", "2026-11-20T16:00:00"),
        (["America/New_York"], "2026-11-21T01:00:00", "2026-11-21T15:00:00"),
        (["America/New_York", "America/Los_Angeles"], "2026-11-20T15:00:00", "2026-11-20T18:00:00"),
        (["America/New_York"], "2026-10-31T23:30:00", "2026-10-31T23:30:00"),
        (["America/New_York"], "2026-11-01T00:00:00", "2026-11-01T15:00:00"),  # winter time begins that night
        (["Asia/Kathmandu"], "2026-11-20T00:00:00", "2026-11-20T04:15:00"),
        (["America/Los_Angeles", "Asia/Tokyo"], "2026-11-20T00:00:00", "2026-11-20T01:00:00"),
        (["Europe/London", "Australia/Sydney"], "2026-11-20T00:00:00", None),
        (["Nowhere/Land"], "2026-11-20T12:00:00", None),
        ([], "2026-11-20T12:00:00", None),
    ],
)
def test_next_allowed(zones: list[str], from_: str, expected: str | None):
    """The first moment at which all zones are between 10 and 20 o'clock, across midnight and clock changes."""
    found = next_allowed_s(zones, from_s=at(from_), until_s=at(from_) + 3 * DAY_S)
    assert (None if expected is None else at(expected)) == found


def test_plan():
    """Now, later, again after a growing pause, or over with one outcome."""
    night = at("2026-11-21T08:00:00")
    no_answer = CallbackOutcome.NO_ANSWER
    assert Dial(1) == planned()
    assert Wait(NOON + 60) == planned(not_before_s=NOON + 60)
    assert Wait(at("2026-11-21T18:00:00")) == planned(now_s=night)
    assert Wait(NOON + 900) == planned(ended(1, no_answer))
    assert Dial(2) == planned(ended(1, no_answer), now_s=NOON + 900)
    assert Wait(NOON + 3600) == planned(ended(1, no_answer), ended(2, no_answer))
    assert Close(no_answer) == planned(*(ended(n, no_answer) for n in (1, 2, 3)))
    assert Close(CallbackOutcome.FAILED) == planned(*(ended(n, CallbackOutcome.FAILED) for n in (1, 2, 3)))
    assert Close(CallbackOutcome.REACHED) == planned(ended(1, CallbackOutcome.REACHED), is_withdrawn=True)
    assert Close(CallbackOutcome.REFUSED) == planned(is_withdrawn=True) == planned(has_consent=False)
    assert Close(CallbackOutcome.EXPIRED) == planned(now_s=NOON + 2 * DAY_S)
    assert Close(CallbackOutcome.EXPIRED) == planned(number="+19995550100", zones=())
    assert Close(no_answer) == planned(ended(1, no_answer), now_s=NOON + 2 * DAY_S)


def test_open_attempt():
    """A telephone that may be ringing is waited for; after that the attempt counts, without a result."""
    ringing = Attempt(1, NOON, "n")
    assert Wait(NOON + RING_S_MAX) == planned(ringing, now_s=NOON + 5)
    assert Wait(NOON + RING_S_MAX + 900) == planned(ringing, now_s=NOON + RING_S_MAX)
    assert Close(CallbackOutcome.REFUSED) == planned(ringing, now_s=NOON + RING_S_MAX, is_withdrawn=True)


def test_results():
    """Every status of the carrier is a result or none; an answering machine is nobody."""
    assert {None, *CallbackOutcome} - {CallbackOutcome.REFUSED, CallbackOutcome.EXPIRED} == {
        result_of(status) for status in CallStatus
    }
    assert CallbackOutcome.NO_ANSWER is result_of(CallStatus.IN_PROGRESS, is_machine=True)


@given(
    st.lists(st.sampled_from([None, *CallbackOutcome]), max_size=4), st.integers(0, 3 * DAY_S), st.booleans()
)
def test_every_callback_ends(results: list[CallbackOutcome | None], later_s: int, is_withdrawn: bool):
    """Law W2: whatever has happened, doing as told ends within the window and the last attempt's ringing."""
    now_s = NOON + later_s
    attempts = [
        Attempt(n + 1, now_s, "n", result=each, ended_at_s=now_s if each else 0)
        for n, each in enumerate(results)
    ][: AGREEMENT.attempts_max]
    for _ in range(20):
        step = planned(*attempts, now_s=now_s, is_withdrawn=is_withdrawn)
        match step:
            case Close():
                return
            case Dial(attempt=number):
                assert number == len(attempts) + 1 <= AGREEMENT.attempts_max
                assert 10 <= (now_s // 3600 - 8) % 24 < 20, "inside Los Angeles' hours"
                attempts.append(Attempt(number, now_s, "n"))
            case Wait(until_s=until_s):
                assert now_s < until_s <= max(AGREEMENT.expires_at_s, now_s + RING_S_MAX)
                now_s = until_s
    raise AssertionError("it never ends")


class World:
    """One agreed callback with its stores, its carrier and whoever waits for it."""

    def __init__(self, gate: Gate = open_gate) -> None:
        self.records = InMemoryCallRecords(gate=gate)
        self.telephony = FakeTelephony(gate)
        self.workflows = FakeWorkflows(gate)
        self.nonces = iter(range(10_000))

    async def agree(self) -> None:
        await agree_callback(CALLBACK, AGREEMENT, records=self.records)

    async def dial(self, token: str = "t1", number: int = 1, now_s: int = NOON) -> bool:
        self.workflows.waiting.add(token)
        return await dial_callback(
            CALLBACK,
            number,
            token=token,
            nonce=str(next(self.nonces)),
            line=LINE,
            records=self.records,
            telephony=self.telephony,
            now_s=now_s,
        )

    async def report(
        self, status: CallStatus, number: int = 1, call_id: str = f"CA{1:032x}", **how: bool
    ) -> bool:
        return await report_attempt(
            CALLBACK,
            number,
            call_id=call_id,
            status=status,
            is_machine=how.get("is_machine", False),
            records=self.records,
            workflows=self.workflows,
            now_s=NOON + 30,
        )


@pytest.fixture
async def world() -> World:
    world = World()
    await world.agree()
    return world


async def test_reached(world: World):
    """The call is placed with our webhooks; ringing keeps the step alive; the answer ends it, once (laws W1, W7)."""
    await world.dial()
    (call,) = world.telephony.placed
    assert call == {
        "to": "+14155550123",
        "from": "+14155550100",
        "answer_url": "https://voice.example.com/twilio/voice",
        "status_url": "https://voice.example.com/twilio/callback?attempt=1&callback=cb-1&tenant=acme",
    }
    statuses = [CallStatus.RINGING, CallStatus.IN_PROGRESS, CallStatus.COMPLETED, CallStatus.RINGING]
    assert [False, True, False, False] == [await world.report(status) for status in statuses]
    assert [("t1", {"result": "reached"})] == world.workflows.answers
    assert ["t1"] == world.workflows.heartbeats
    assert Close(CallbackOutcome.REACHED) == await plan_callback(CALLBACK, records=world.records, now_s=NOON)


@pytest.mark.parametrize("failure", [ProviderRejected("twilio", "no"), ProviderTimeout("twilio", "?")])
async def test_carrier_fails(world: World, failure: ProviderError):
    """A refused call decides the attempt; one whose fate is unknown stays open and is never dialled again (W4)."""
    is_known = isinstance(failure, ProviderRejected)
    (world.telephony.refusals if is_known else world.telephony.failures).append(failure)
    assert [not is_known] * 2 == [await world.dial(), await world.dial("t2")]
    assert (0 if is_known else 1) == len(world.telephony.placed)
    assert is_known is not await world.report(CallStatus.NO_ANSWER)
    assert ([] if is_known else [("t2", {"result": "no_answer"})]) == world.workflows.answers


async def test_foreign_reports(world: World):
    """Reports of other calls, attempts and callbacks decide nothing."""
    await world.dial()
    assert not await world.report(CallStatus.COMPLETED, call_id="CA" + "9" * 32)
    assert not await world.report(CallStatus.COMPLETED, number=2)
    assert [] == world.workflows.answers


async def test_withdrawn_before_dialling(world: World):
    """Consent that is withdrawn between planning and dialling stops the call (law O1)."""
    await world.records.create(RecordKey(CALLBACK, WITHDRAWAL), b"{}")
    assert not await world.dial()
    assert [] == world.telephony.placed
    step = await plan_callback(CALLBACK, records=world.records, now_s=NOON)
    assert Close(CallbackOutcome.REFUSED) == step


async def test_machine(world: World):
    """An answering machine is not the callee."""
    await world.dial()
    await world.report(CallStatus.IN_PROGRESS, is_machine=True)
    assert [("t1", {"result": "no_answer"})] == world.workflows.answers


async def test_one_outcome(world: World):
    """The first outcome stays; planning again leads to it."""
    await world.dial()
    first = await close_callback(CALLBACK, CallbackOutcome.FAILED, records=world.records)
    assert first == await close_callback(CALLBACK, CallbackOutcome.REACHED, records=world.records)
    await world.report(CallStatus.IN_PROGRESS)
    assert Close(CallbackOutcome.FAILED) == await plan_callback(CALLBACK, records=world.records, now_s=NOON)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 7).map(lambda n: n == 0)), max_size=120))
def test_no_schedule_dials_twice(choices: list[tuple[int, bool]]):
    """Laws W1, W4: repeated, parallel and crashing steps and reports place one call and answer each token at most once."""
    scheduler = Scheduler(choices)
    world = World(scheduler.gate)
    Scheduler(()).run([world.agree])
    tokens = iter(range(10_000))

    async def dial() -> None:
        await world.dial(f"t{next(tokens)}")

    async def report(status: CallStatus) -> None:
        await world.report(status)

    statuses = (CallStatus.RINGING, CallStatus.BUSY, CallStatus.COMPLETED)
    scheduler.run([dial, dial, dial, *(partial(report, status) for status in statuses)])
    assert len(world.telephony.placed) <= 1
    effective = [token for token, _ in world.workflows.answers]
    assert len(effective) == len(set(effective))
    assert 1 >= len({str(answer) for _, answer in world.workflows.answers})
