"""What the workflows' services need, in memory. Handles made from the same dictionaries see the same things.

With a `gate`, every operation waits at it before and after its effect: a test decides who goes on, and may end whoever waits
after an effect whose answer then never arrives.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from switchboard.domain.subjects import Subject
from switchboard.domain.transcripts import Transcript
from switchboard.ports.batch_transcriber import JobStatus
from switchboard.ports.call_records import RecordKey
from switchboard.ports.errors import ProviderError, ProviderUnavailable
from switchboard.ports.recordings import StoredObject

Gate = Callable[[str], Awaitable[None]]


async def open_gate(_operation: str) -> None:
    return


class InMemoryCallRecords:
    """Fulfils `ports.call_records.CallRecords`."""

    def __init__(self, records: dict[RecordKey, bytes] | None = None, gate: Gate = open_gate) -> None:
        self.records = {} if records is None else records
        self.gate = gate

    async def create(self, key: RecordKey, content: bytes) -> bytes:
        await self.gate("create")
        stored = self.records.setdefault(key, content)
        await self.gate("created")
        return stored

    async def replace(self, key: RecordKey, content: bytes, *, expected: bytes) -> bool:
        await self.gate("replace")
        is_expected = self.records.get(key) in (expected, content)
        if is_expected:
            self.records[key] = content
        await self.gate("replaced")
        return is_expected

    async def read(self, key: RecordKey) -> bytes | None:
        await self.gate("read")
        return self.records.get(key)

    async def read_all(self, subject: Subject) -> dict[str, bytes]:
        await self.gate("read all")
        return {key.name: content for key, content in self.records.items() if key.subject == subject}

    async def close(self) -> None:
        return


class InMemoryArchive:
    """Fulfils `ports.recordings.RecordingArchive`."""

    def __init__(
        self, objects: dict[tuple[Subject, str], bytes] | None = None, gate: Gate = open_gate
    ) -> None:
        self.stored = {} if objects is None else objects
        self.gate = gate

    async def create(self, subject: Subject, name: str, content: bytes, *, content_type: str) -> bool:
        await self.gate("put")
        is_new = (subject, name) not in self.stored
        self.stored.setdefault((subject, name), content)
        await self.gate("put done")
        return is_new

    async def read(self, subject: Subject, name: str) -> bytes | None:
        await self.gate("get")
        return self.stored.get((subject, name))

    async def objects(self, subject: Subject, folder: str) -> list[StoredObject]:
        await self.gate("list")
        return sorted(
            StoredObject(name, len(content))
            for (owner, name), content in self.stored.items()
            if owner == subject and name.startswith(folder)
        )

    async def close(self) -> None:
        return


class FakeBatchTranscriber:
    """Fulfils `ports.batch_transcriber.BatchTranscriber`: done as soon as it is started."""

    name = "fake"

    def __init__(self, transcript: Transcript, gate: Gate = open_gate) -> None:
        self.result = transcript
        self.jobs: list[tuple[Subject, str, int]] = []
        self.gate = gate

    async def start(self, subject: Subject, audio: str, *, channels: int, language: str) -> None:
        await self.gate("start job")
        if (subject, audio, channels) not in self.jobs:
            self.jobs.append((subject, audio, channels))

    async def status(self, subject: Subject) -> JobStatus:
        await self.gate("job status")
        return JobStatus.DONE if any(job[0] == subject for job in self.jobs) else JobStatus.FAILED

    async def transcript(self, subject: Subject) -> Transcript:
        await self.gate("transcript")
        return self.result

    async def close(self) -> None:
        return


class FakeCrm:
    """Fulfils `ports.crm.Crm` as its contract asks: one note per key."""

    name = "fake"

    def __init__(self, gate: Gate = open_gate) -> None:
        self.notes: dict[str, Any] = {}
        self.deliveries = 0
        self.gate = gate

    async def add_note(self, note, *, idempotency_key: str) -> None:
        await self.gate("add note")
        assert self.notes.setdefault(idempotency_key, note) == note, "one key, one note"
        self.deliveries += 1
        await self.gate("note added")

    async def close(self) -> None:
        return


class InMemoryFactLog:
    """Fulfils `ports.fact_log.FactLog`."""

    def __init__(self, gate: Gate = open_gate) -> None:
        self.facts: list[Any] = []
        self.gate = gate

    async def append(self, fact) -> None:
        await self.gate("append")
        self.facts.append(fact)
        await self.gate("appended")

    async def close(self) -> None:
        return


class FakeWorkflows:
    """Fulfils `ports.workflows.Workflows`. `waiting` holds the tokens somebody waits for."""

    def __init__(self, gate: Gate = open_gate) -> None:
        self.started: list[tuple[str, Subject]] = []
        self.waiting: set[str] = set()
        self.answers: list[tuple[str, Any]] = []
        self.heartbeats: list[str] = []
        self.gate = gate

    async def start(self, workflow, subject: Subject) -> bool:
        await self.gate("start")
        is_new = (workflow, subject) not in self.started
        if is_new:
            self.started.append((workflow, subject))
        return is_new

    async def answer(self, token: str, output) -> bool:
        await self.gate("answer")
        self.answers.append((token, output))
        if token not in self.waiting:
            return False
        self.waiting.remove(token)
        return True

    async def heartbeat(self, token: str) -> bool:
        await self.gate("heartbeat")
        self.heartbeats.append(token)
        return token in self.waiting

    async def close(self) -> None:
        return


class FakeTelephony:
    """Fulfils `ports.telephony.Telephony`; `failures` are raised after the call was placed unless `places_none`."""

    name = "fake"

    def __init__(self, gate: Gate = open_gate) -> None:
        self.placed: list[dict[str, str]] = []
        self.failures: list[ProviderError] = []
        self.refusals: list[ProviderError] = []
        self.gate = gate

    async def place_call(self, *, to: str, from_: str, answer_url: str, status_url: str) -> str:
        await self.gate("place call")
        if self.refusals:
            raise self.refusals.pop(0)
        self.placed.append({"to": to, "from": from_, "answer_url": answer_url, "status_url": status_url})
        await self.gate("call placed")
        if self.failures:
            raise self.failures.pop(0)
        return f"CA{len(self.placed):032x}"

    async def hang_up(self, call_id: str) -> None:
        return

    async def close(self) -> None:
        return


class FakeCarrierRecordings:
    """Fulfils `ports.carrier_recordings.CarrierRecordings`."""

    def __init__(
        self,
        recordings: dict[str, bytes],
        numbers: dict[str, tuple[str, str]] | None = None,
        gate: Gate = open_gate,
    ) -> None:
        self.recordings = recordings
        self.numbers = numbers or {}
        self.is_down = False
        self.gate = gate

    async def fetch(self, recording_id: str) -> bytes | None:
        await self.gate("fetch")
        self._check()
        return self.recordings.get(recording_id)

    async def delete(self, recording_id: str) -> None:
        await self.gate("delete")
        self._check()
        self.recordings.pop(recording_id, None)
        await self.gate("deleted")

    async def caller_of(self, call_id: str) -> tuple[str, str] | None:
        await self.gate("caller of")
        self._check()
        return self.numbers.get(call_id)

    async def close(self) -> None:
        return

    def _check(self) -> None:
        if self.is_down:
            raise ProviderUnavailable("fake", "down")
