"""Take a caller's message from the carrier into the tenant's archive, and promise the callback."""

from typing import Annotated

from msgspec import Meta, Struct

from switchboard.domain.callbacks import CallbackAgreement
from switchboard.domain.recordings import VoicemailLost
from switchboard.domain.subjects import Subject
from switchboard.ports.call_records import CallRecords
from switchboard.ports.carrier_recordings import CarrierRecordings
from switchboard.ports.recordings import RecordingArchive
from switchboard.ports.workflows import Workflow, Workflows
from switchboard.services.assemble_recording import RecordingRecord, recording_record
from switchboard.services.run_callback import agree_callback
from switchboard.services.stored import AUDIO, create, create_object, existing, read

CALLBACK_WITHIN_S = 24 * 3600
"""What the greeting promises (R-VM)."""


class VoicemailNotice(Struct, frozen=True):
    """What the carrier's webhook reports of a finished message, as the workflow finds it."""

    call_id: Annotated[str, Meta(pattern=r"\ACA[0-9a-f]{32}\Z")]
    received_at_s: int


class VoicemailRecord(Struct, frozen=True):
    """A message that waits for somebody. `callback_id` is empty where the caller's number is unknown."""

    call_id: str
    received_at_s: int
    duration_ms: int
    callback_id: str


async def announce_voicemail(
    subject: Subject, notice: VoicemailNotice, *, records: CallRecords, workflows: Workflows
) -> bool:
    """Store what the carrier's webhook says and start the workflow; false for a repeated webhook.

    Raises `ProviderError`. The notice is stored first, so that a workflow always finds it.
    """
    await create(records, subject, "notice", notice)
    return await workflows.start(Workflow.VOICEMAIL, subject)


async def collect_voicemail(
    subject: Subject, *, carrier: CarrierRecordings, archive: RecordingArchive, records: CallRecords
) -> None:
    """Move the message into the archive: fetched, stored, and only then deleted at the carrier.

    Raises `VoicemailLost`, `ValueError` where the carrier sends no WAV file, or `ProviderError`.
    """
    if not await read(records, subject, "recording", RecordingRecord):
        audio = await archive.read(subject, AUDIO) or await carrier.fetch(subject.id)
        if audio is None:
            # Another run of this step may have stored and deleted it since we looked.
            audio = await archive.read(subject, AUDIO)
        if audio is None:
            raise VoicemailLost
        recording_record(audio)
        stored = await create_object(archive, subject, AUDIO, audio, content_type="audio/wav")
        await create(records, subject, "recording", recording_record(stored))
    await carrier.delete(subject.id)


async def file_voicemail(
    subject: Subject, *, carrier: CarrierRecordings, records: CallRecords, workflows: Workflows
) -> bool:
    """Store the voicemail's record, agree and start its callback; false where nobody can be called back.

    Leaving a message after "we call you back within 24 hours" is the caller's request for that call. Raises
    `ProviderError`.
    """
    notice = await existing(records, subject, "notice", VoicemailNotice)
    recording = await existing(records, subject, "recording", RecordingRecord)
    callback = Subject(subject.tenant, "callback", f"vm-{subject.id}")
    filed = await read(records, subject, "voicemail", VoicemailRecord)
    if filed is None:
        numbers = await carrier.caller_of(notice.call_id)
        if numbers is not None:
            caller, line = numbers
            agreement = CallbackAgreement(
                number=caller,
                from_number=line,
                not_before_s=notice.received_at_s,
                expires_at_s=notice.received_at_s + CALLBACK_WITHIN_S,
                has_consent=True,
                call_id=notice.call_id,
            )
            await agree_callback(callback, agreement, records=records)
        record = VoicemailRecord(
            notice.call_id,
            notice.received_at_s,
            recording.duration_ms,
            callback.id if numbers is not None else "",
        )
        filed = await create(records, subject, "voicemail", record)
    if not filed.callback_id:
        return False
    await workflows.start(Workflow.CALLBACK, callback)
    return True
