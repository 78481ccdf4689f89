"""Tell the tenant's customer system what came of a call, a voicemail or a callback."""

from typing import Literal

from msgspec import Struct

from switchboard.domain.call_analysis import CallAnalysis
from switchboard.domain.callbacks import CallbackOutcome
from switchboard.domain.subjects import Subject
from switchboard.ports.call_records import CallRecords
from switchboard.ports.crm import Crm, CrmNote
from switchboard.ports.recordings import RecordingArchive
from switchboard.services.redact_transcript import read_transcript
from switchboard.services.stored import create, existing, read

VERSION = 1
"""Of a note's form; part of the idempotency key, so that a new form may be sent once more."""
TEXT_CHARS_MAX = 4000


class NoteRecord(Struct, frozen=True):
    """The note as it was told, and to whom: "sent" to the tenant's system, or "kept" where it has none."""

    delivery: Literal["sent", "kept"]
    crm: str
    note: CrmNote


class CallbackRecord(Struct, frozen=True):
    """How an agreed callback ended."""

    outcome: CallbackOutcome
    attempts: int


async def write_crm_note(
    subject: Subject, *, crm: Crm | None, archive: RecordingArchive, records: CallRecords
) -> None:
    """Leave the subject's one note, and a record of it. Raises `ProviderError`.

    The note is made of stored records only, so that a repeated step sends the same note under the same key, and the
    other side keeps one (law W4).
    """
    if await read(records, subject, "note", NoteRecord):
        return
    note = await _note(subject, archive=archive, records=records)
    if crm is not None:
        await crm.add_note(note, idempotency_key=note_key(subject))
    record = NoteRecord("kept" if crm is None else "sent", "" if crm is None else crm.name, note)
    await create(records, subject, "note", record)


def note_key(subject: Subject) -> str:
    """The key under which the other side recognises a repeated note."""
    return f"{subject.tenant}.{subject.kind}.{subject.id}.note.v{VERSION}"


async def _note(subject: Subject, *, archive: RecordingArchive, records: CallRecords) -> CrmNote:
    match subject.kind:
        case "call":
            return _call_note(subject, await existing(records, subject, "analysis", CallAnalysis))
        case "voicemail":
            transcript = await read_transcript(subject, archive=archive)
            text = " ".join(turn.text for turn in transcript.turns)
            return CrmNote(
                subject,
                "voicemail",
                "Voicemail",
                (text or "The message was not transcribed; listen to it.")[:TEXT_CHARS_MAX],
                ("Call back within 24 hours.",),
            )
        case "callback":
            return _callback_note(subject, await existing(records, subject, "outcome", CallbackRecord))


def _call_note(subject: Subject, analysis: CallAnalysis) -> CrmNote:
    findings = analysis.findings
    disposition = findings.disposition.replace("_", " ")
    return CrmNote(
        subject,
        "call_analysed",
        f"Call with the AI agent: {disposition}, caller {findings.sentiment}",
        findings.summary[:TEXT_CHARS_MAX],
        findings.action_items,
    )


def _callback_note(subject: Subject, record: CallbackRecord) -> CrmNote:
    open_items: dict[CallbackOutcome, tuple[str, ...]] = {
        CallbackOutcome.NO_ANSWER: ("Reach the customer another way.",),
        CallbackOutcome.EXPIRED: ("Reach the customer: no allowed time came within the agreed window.",),
        CallbackOutcome.FAILED: ("Reach the customer: the callback could not be made.",),
    }
    return CrmNote(
        subject,
        "callback_closed",
        f"Callback: {record.outcome.replace('_', ' ')}",
        f"Attempts made: {record.attempts}.",
        open_items.get(record.outcome, ()),
    )
