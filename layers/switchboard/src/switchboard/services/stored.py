"""Reading and writing what the workflows keep: struct in, canonical JSON stored, struct out.

The same value always becomes the same bytes, and whoever writes second gets what the first has written. That is what
makes a pipeline's records the same however often and in whatever order its steps run (law W3).
"""

from typing import TypeVar

import msgspec

from switchboard.domain.subjects import Subject
from switchboard.ports.call_records import CallRecords, RecordKey
from switchboard.ports.errors import ProviderRejected
from switchboard.ports.recordings import RecordingArchive

RECORDING = "recording.wav"
TRANSCRIPT = "transcript.json"
AUDIO = "audio.wav"

_T = TypeVar("_T", bound=msgspec.Struct)


def encode(value: msgspec.Struct) -> bytes:
    """Return the one JSON text of a value."""
    return msgspec.json.encode(value, order="sorted")


def decode(content: bytes, kind: type[_T]) -> _T:
    """Return the value of a stored text. Fields that a newer version has added are ignored (law W8).

    Raises `ProviderRejected`, without the text, where it is none.
    """
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ProviderRejected("store", f"the stored {kind.__name__} cannot be read") from None


async def create(records: CallRecords, subject: Subject, name: str, value: _T) -> _T:
    """Store `value` unless there is such a record; return what is stored."""
    return decode(await records.create(RecordKey(subject, name), encode(value)), type(value))


async def read(records: CallRecords, subject: Subject, name: str, kind: type[_T]) -> _T | None:
    """Return the record, None where there is none."""
    content = await records.read(RecordKey(subject, name))
    return None if content is None else decode(content, kind)


async def existing(records: CallRecords, subject: Subject, name: str, kind: type[_T]) -> _T:
    """Return a record that an earlier step has written. Raises `ProviderRejected` where there is none."""
    value = await read(records, subject, name, kind)
    if value is None:
        raise ProviderRejected("store", f"there is no {name} yet")
    return value


async def create_object(
    archive: RecordingArchive, subject: Subject, name: str, content: bytes, *, content_type: str
) -> bytes:
    """Store an object unless there is one; return what is stored."""
    if await archive.create(subject, name, content, content_type=content_type):
        return content
    stored = await archive.read(subject, name)
    if stored is None:
        raise ProviderRejected("archive", "an object that exists cannot be read")
    return stored
