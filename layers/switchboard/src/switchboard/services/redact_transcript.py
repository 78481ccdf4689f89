"""Store the transcript that everything after the call may read: masked, or withheld where masking fails."""

import hashlib
from collections.abc import Callable

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from switchboard.conversation.memory import history
from switchboard.conversation.state import ConversationState
from switchboard.domain.calls import CallKey
from switchboard.domain.redaction import redact, withhold
from switchboard.domain.subjects import Subject
from switchboard.domain.transcripts import Transcript, TranscriptSource, TranscriptTurn
from switchboard.ports.batch_transcriber import BatchTranscriber
from switchboard.ports.call_records import CallRecords
from switchboard.ports.checkpoints import Checkpoint, CheckpointStore
from switchboard.ports.errors import ProviderRejected
from switchboard.ports.recordings import RecordingArchive
from switchboard.services.stored import TRANSCRIPT, create, create_object, decode, encode, read


class TranscriptRecord(Struct, frozen=True):
    """What is known of a stored transcript."""

    source: TranscriptSource
    turns: int
    sha256: str


async def redact_transcript(
    subject: Subject,
    *,
    is_transcribed: bool,
    transcriber: BatchTranscriber | None,
    checkpoints: CheckpointStore | None,
    archive: RecordingArchive,
    records: CallRecords,
    report_failure: Callable[[Exception], None],
) -> None:
    """Mask the best transcript there is and store it. Raises `ProviderError`.

    With `is_transcribed` that is the finished job's; else, for a call, what was recognised live; else there is none.
    A failure of masking is reported and withholds every word (law P7).
    """
    if await read(records, subject, "transcript", TranscriptRecord):
        return
    checkpoint = await checkpoints.load(CallKey(subject.tenant, subject.id)) if checkpoints else None
    transcript = _live(checkpoint)
    if is_transcribed and transcriber is not None:
        transcript = replace(await transcriber.transcript(subject), ended=transcript.ended)
    masked = replace(transcript, turns=_masked(transcript, report_failure))
    stored = await create_object(
        archive, subject, TRANSCRIPT, encode(masked), content_type="application/json"
    )
    winner = decode(stored, Transcript)
    record = TranscriptRecord(winner.source, len(winner.turns), hashlib.sha256(stored).hexdigest())
    await create(records, subject, "transcript", record)


async def read_transcript(subject: Subject, *, archive: RecordingArchive) -> Transcript:
    """Return the stored, masked transcript. Raises `ProviderError`, also where there is none yet."""
    content = await archive.read(subject, TRANSCRIPT)
    if content is None:
        raise ProviderRejected("archive", "there is no transcript")
    return decode(content, Transcript)


def _masked(
    transcript: Transcript, report_failure: Callable[[Exception], None]
) -> tuple[TranscriptTurn, ...]:
    try:
        return redact(transcript.turns, language=transcript.language)
    except Exception as error:  # noqa: BLE001 - whatever fails here, nothing unmasked may pass
        report_failure(error)
        return withhold(transcript.turns)


def _live(checkpoint: Checkpoint | None) -> Transcript:
    """What the agent remembers of the call: the caller's words and what of its own was heard (law M6)."""
    if checkpoint is None:
        return Transcript("none")
    if not checkpoint.snapshot:
        return Transcript("none", ended=checkpoint.disposition)
    try:
        state = msgspec.json.decode(checkpoint.snapshot, type=ConversationState)
    except msgspec.DecodeError:
        raise ProviderRejected("checkpoints", "the snapshot is no conversation") from None
    turns = tuple(
        TranscriptTurn("caller" if message.role == "user" else "agent", message.text)
        for message in history(state.dialogue)
        if message.text
    )
    return Transcript("live", turns, ended=checkpoint.disposition or state.disposition)
