"""A caller's message: fetched once, deleted at the carrier only when it is ours, promised a callback."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.domain.callbacks import CallbackAgreement
from switchboard.domain.facts import VoicemailFiled
from switchboard.domain.recordings import VoicemailLost
from switchboard.domain.subjects import Subject
from switchboard.domain.transcripts import Transcript, TranscriptTurn
from switchboard.media.wave import wave_file
from switchboard.ports.call_records import RecordKey
from switchboard.ports.errors import ProviderUnavailable
from switchboard.services.redact_transcript import redact_transcript
from switchboard.services.take_voicemail import (
    CALLBACK_WITHIN_S,
    VoicemailNotice,
    announce_voicemail,
    collect_voicemail,
    file_voicemail,
)
from switchboard.services.tell_outcome import tell_outcome
from switchboard.services.transcribe_recording import start_transcription
from switchboard.services.write_crm_note import write_crm_note
from tests.fakes.after_call import (
    FakeBatchTranscriber,
    FakeCarrierRecordings,
    FakeCrm,
    FakeWorkflows,
    Gate,
    InMemoryArchive,
    InMemoryCallRecords,
    InMemoryFactLog,
    open_gate,
)
from tests.fakes.schedules import Scheduler

MESSAGE = Subject("acme", "voicemail", "RE" + "2" * 32)
CALLBACK = Subject("acme", "callback", f"vm-{MESSAGE.id}")
CALL = "CA" + "3" * 32
AUDIO = wave_file([b"\xff" * 16_000])
NOTICE = VoicemailNotice(CALL, 1_000_000)
NUMBERS = ("+14155550123", "+14155550100")


class World:
    def __init__(self, gate: Gate = open_gate, *, numbers: tuple[str, str] | None = NUMBERS) -> None:
        self.records = InMemoryCallRecords(gate=gate)
        self.archive = InMemoryArchive(gate=gate)
        self.carrier = FakeCarrierRecordings({MESSAGE.id: AUDIO}, {CALL: numbers} if numbers else None, gate)
        self.workflows = FakeWorkflows(gate)
        self.crm = FakeCrm(gate)
        self.facts = InMemoryFactLog(gate)
        said = Transcript("recording", (TranscriptTurn("caller", "Call me at four one five two two", 0),))
        self.transcriber = FakeBatchTranscriber(said, gate)

    async def collect(self) -> None:
        await collect_voicemail(MESSAGE, carrier=self.carrier, archive=self.archive, records=self.records)

    async def pipeline(self) -> None:
        await announce_voicemail(MESSAGE, NOTICE, records=self.records, workflows=self.workflows)
        await self.collect()
        await start_transcription(MESSAGE, transcriber=self.transcriber)
        await redact_transcript(
            MESSAGE,
            is_transcribed=True,
            transcriber=self.transcriber,
            checkpoints=None,
            archive=self.archive,
            records=self.records,
            report_failure=lambda _: None,
        )
        await file_voicemail(MESSAGE, carrier=self.carrier, records=self.records, workflows=self.workflows)
        await write_crm_note(MESSAGE, crm=self.crm, archive=self.archive, records=self.records)
        await tell_outcome(MESSAGE, facts=self.facts, records=self.records, now_ms=5)

    def kept(self):
        return {**self.records.records, **self.archive.stored}


async def test_voicemail():
    """The message is ours and gone at the carrier; colleagues see masked words; the callback is agreed for 24 hours."""
    world = World()
    await world.pipeline()
    assert ({}, AUDIO) == (world.carrier.recordings, world.archive.stored[MESSAGE, "audio.wav"])
    assert [(MESSAGE, "audio.wav", 1)] == world.transcriber.jobs
    (note,) = world.crm.notes.values()
    assert ("voicemail", "Call me at [number]") == (note.kind, note.text)
    assert world.facts.facts == [
        VoicemailFiled(
            id=f"voicemail.{MESSAGE.id}.outcome",
            tenant="acme",
            at_ms=5,
            voicemail_id=MESSAGE.id,
            call_id=CALL,
            duration_ms=1000,
            callback_id=CALLBACK.id,
        )
    ]
    agreement = msgspec.json.decode(
        world.records.records[RecordKey(CALLBACK, "agreement")], type=CallbackAgreement
    )
    assert NUMBERS == (agreement.number, agreement.from_number)
    assert NOTICE.received_at_s + CALLBACK_WITHIN_S == agreement.expires_at_s
    assert [("voicemail", MESSAGE), ("callback", CALLBACK)] == world.workflows.started


async def test_withheld_number():
    """Nobody can be called back who withheld the number; the message is kept all the same."""
    world = World(numbers=None)
    await world.pipeline()
    assert RecordKey(CALLBACK, "agreement") not in world.records.records
    assert [""] == [fact.callback_id for fact in world.facts.facts]


async def test_lost_message():
    """A message that the carrier no longer has, and we never had, is told as lost."""
    world = World()
    world.carrier.recordings.clear()
    with pytest.raises(VoicemailLost):
        await world.collect()


async def test_no_recording():
    """What is no WAV file is neither stored nor deleted at the carrier."""
    world = World()
    world.carrier.recordings[MESSAGE.id] = b"<html>"
    with pytest.raises(ValueError, match="not a WAV file"):
        await world.collect()
    assert ({}, [MESSAGE.id]) == (world.archive.stored, list(world.carrier.recordings))


async def test_carrier_down():
    """While the carrier is down the step fails, to be repeated."""
    world = World()
    world.carrier.is_down = True
    with pytest.raises(ProviderUnavailable):
        await world.collect()
    world.carrier.is_down = False
    await world.collect()
    assert {} == world.carrier.recordings


def reference():
    world = World()
    Scheduler(()).run([world.pipeline])
    return world.kept()


REFERENCE = reference()


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9).map(lambda n: n == 0)), max_size=150),
    st.integers(1, 3),
)
def test_w3_any_schedule_keeps_the_same_bytes(choices: list[tuple[int, bool]], runs: int):
    """Law W3: webhooks and steps repeated, interleaved and crashed anywhere leave identical records, and one note."""
    scheduler = Scheduler(choices)
    world = World(scheduler.gate)
    scheduler.run([world.pipeline] * runs)
    assert REFERENCE == world.kept()
    assert 1 == len(world.crm.notes) == len({msgspec.json.encode(fact) for fact in world.facts.facts})
