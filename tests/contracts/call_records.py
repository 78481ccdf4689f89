"""What every store of records and every archive does."""

import asyncio
from collections.abc import Callable

from switchboard.domain.subjects import Subject
from switchboard.ports.call_records import CallRecords, RecordKey
from switchboard.ports.recordings import RecordingArchive, StoredObject


class CallRecordsContract:
    """Subclasses provide `open_records`, each call of it another handle on the same state, and `subject`, unused so far."""

    async def test_create_once(self, open_records: Callable[[], CallRecords], subject: Subject):
        """The first writer's record stays; whoever comes second is told it."""
        first, second = open_records(), open_records()
        key = RecordKey(subject, "analysis")
        assert None is await first.read(key)
        assert b'{"a":1}' == await first.create(key, b'{"a":1}')
        assert b'{"a":1}' == await second.create(key, b'{"a":2}')
        assert b'{"a":1}' == await second.read(key)

    async def test_replace(self, open_records: Callable[[], CallRecords], subject: Subject):
        """A record is replaced by whoever has read its present content, and by nobody else."""
        records = open_records()
        key = RecordKey(subject, "attempt-01")
        assert not await records.replace(key, b"2", expected=b"1")
        await records.create(key, b"1")
        assert await records.replace(key, b"2", expected=b"1")
        assert not await records.replace(key, b"3", expected=b"1")
        assert b"2" == await records.read(key)
        # The same request once more, as after a lost answer, is right as well.
        assert await records.replace(key, b"2", expected=b"1")

    async def test_racing_creators(self, open_records: Callable[[], CallRecords], subject: Subject):
        """However many create at once, all are told one and the same content."""
        key = RecordKey(subject, "outcome")
        told = await asyncio.gather(*(open_records().create(key, b"%d" % n) for n in range(5)))
        assert 1 == len(set(told))
        assert told[0] == await open_records().read(key)

    async def test_all_of_one_subject(self, open_records: Callable[[], CallRecords], subject: Subject):
        """All records of a subject, and none of a subject whose id begins the same, or of another tenant."""
        records = open_records()
        others = (
            Subject(subject.tenant, subject.kind, f"{subject.id}0"),
            Subject(f"{subject.tenant}0", subject.kind, subject.id),
            Subject(subject.tenant, "voicemail", subject.id),
        )
        for each in (subject, *others):
            await records.create(RecordKey(each, "b"), b"2")
            await records.create(RecordKey(each, "a"), b"\xc3\xa4")
        assert {"a": b"\xc3\xa4", "b": b"2"} == await records.read_all(subject)


class RecordingArchiveContract:
    """Subclasses provide `archive` and `subject`, unused so far."""

    async def test_create_once(self, archive: RecordingArchive, subject: Subject):
        """An object is stored once and stays as it is."""
        assert None is await archive.read(subject, "recording.wav")
        assert await archive.create(subject, "recording.wav", b"one", content_type="audio/wav")
        assert not await archive.create(subject, "recording.wav", b"two", content_type="audio/wav")
        assert b"one" == await archive.read(subject, "recording.wav")

    async def test_listing(self, archive: RecordingArchive, subject: Subject):
        """Objects of a folder in the order of their names, without those of others."""
        assert [] == await archive.objects(subject, "segments/")
        for name in ("segments/000002.ulaw", "segments/000001.ulaw", "other.json"):
            await archive.create(subject, name, b"12", content_type="audio/basic")
        await archive.create(
            Subject(subject.tenant, subject.kind, f"{subject.id}0"),
            "segments/000003.ulaw",
            b"1",
            content_type="audio/basic",
        )
        expected = [StoredObject("segments/000001.ulaw", 2), StoredObject("segments/000002.ulaw", 2)]
        assert expected == await archive.objects(subject, "segments/")
