"""Make one recording of a call's recorded segments."""

import hashlib

from msgspec import Struct

from switchboard.domain.recordings import RecordingTooLong
from switchboard.domain.subjects import Subject
from switchboard.media.wave import duration_ms, wave_file
from switchboard.ports.call_records import CallRecords
from switchboard.ports.recordings import RecordingArchive
from switchboard.services.stored import RECORDING, create, create_object, read

SEGMENTS = "segments/"
"""The gateway's part: `<number>.ulaw`, zero-padded numbers that sort in order; format in `media.wave`."""
SEGMENT_BYTES_MAX = 300_000_000
"""Of all segments of one call: more than five hours of both channels. The function has the memory for the file."""


class RecordingRecord(Struct, frozen=True):
    """What is known of a stored recording; the checksum is of the whole object (law R9)."""

    sha256: str
    size_bytes: int
    duration_ms: int


async def assemble_recording(subject: Subject, *, archive: RecordingArchive, records: CallRecords) -> bool:
    """Store the call's recording as one WAV file and its record; false where nothing was recorded.

    Raises `RecordingTooLong` or `ProviderError`.
    """
    if await read(records, subject, "recording", RecordingRecord):
        return True
    segments = await archive.objects(subject, SEGMENTS)
    if not segments:
        return False
    if sum(segment.size_bytes for segment in segments) > SEGMENT_BYTES_MAX:
        raise RecordingTooLong
    wave = wave_file([await archive.read(subject, segment.name) or b"" for segment in segments])
    # A segment that arrives between two runs must not make record and object differ: the stored object counts.
    stored = await create_object(archive, subject, RECORDING, wave, content_type="audio/wav")
    await create(records, subject, "recording", recording_record(stored))
    return True


def recording_record(wave: bytes) -> RecordingRecord:
    """Describe a stored WAV file."""
    return RecordingRecord(hashlib.sha256(wave).hexdigest(), len(wave), duration_ms(wave))
