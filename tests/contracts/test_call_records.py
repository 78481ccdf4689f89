"""Records and archive: DynamoDB and S3 on moto do what their fakes do; and what only AWS can do to them."""

import base64
import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from switchboard.adapters.aws.call_records import DynamoDbCallRecords
from switchboard.adapters.aws.recordings import S3RecordingArchive
from switchboard.adapters.aws.step_functions import StepFunctionsWorkflows, execution_name
from switchboard.adapters.aws.transcribe_batch import RESULT, TranscribeBatch, job_name
from switchboard.domain.subjects import Subject
from switchboard.domain.transcripts import Transcript, TranscriptTurn
from switchboard.ports.batch_transcriber import JobStatus
from switchboard.ports.call_records import RecordKey
from switchboard.ports.errors import ProviderOverloaded, ProviderProtocolError, ProviderRejected
from switchboard.ports.workflows import Workflow
from tests.contracts.call_records import CallRecordsContract, RecordingArchiveContract
from tests.fakes.after_call import InMemoryArchive, InMemoryCallRecords
from tests.fakes.aws_server import client, make_table


class Sessions:
    """What the adapters need of `TenantSessions`; notes whose session was asked for."""

    def __init__(self, endpoint_url: str = "", **clients) -> None:
        self.endpoint_url = endpoint_url
        self.clients = clients
        self.tenants: set[str] = set()

    def client(self, tenant, service):
        self.tenants.add(tenant)
        return self.clients.get(service) or client(service, self.endpoint_url)

    def close(self):
        return


class Refusing:
    """A client whose every operation is refused."""

    def __init__(self, code: str, status: int) -> None:
        self.error: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}

    def __getattr__(self, operation):
        def refuse(**_):
            raise ClientError(self.error, operation)

        return refuse


@pytest.fixture
def subject() -> Subject:
    return Subject("acme", "call", f"CA{uuid.uuid4().hex}")


class TestInMemoryRecords(CallRecordsContract):
    @pytest.fixture
    def open_records(self):
        records: dict[RecordKey, bytes] = {}
        return lambda: InMemoryCallRecords(records)


class TestDynamoDbRecords(CallRecordsContract):
    @pytest.fixture
    def open_records(self, aws_url: str):
        table = f"records-{uuid.uuid4().hex}"
        make_table(aws_url, table)
        return lambda: DynamoDbCallRecords(table=table, sessions=Sessions(aws_url))


class TestInMemoryArchive(RecordingArchiveContract):
    @pytest.fixture
    def archive(self):
        return InMemoryArchive()


@pytest.fixture
def bucket(aws_url: str) -> str:
    name = f"recordings-{uuid.uuid4().hex}"
    client("s3", aws_url).create_bucket(Bucket=name)
    return name


class TestS3Archive(RecordingArchiveContract):
    @pytest.fixture
    def archive(self, aws_url: str, bucket: str):
        return S3RecordingArchive(bucket=bucket, key_arn="", sessions=Sessions(aws_url))


async def test_objects_are_the_tenants(aws_url: str, bucket: str, subject: Subject):
    """Every object is written under the tenant's prefix, by the tenant's session, with our key and the tenant's context."""
    sent = {}

    class Recording:
        def put_object(self, **arguments):
            sent.update(arguments)

    sessions = Sessions(aws_url, s3=Recording())
    archive = S3RecordingArchive(bucket=bucket, key_arn="arn:aws:kms:us-east-1:1:key/k", sessions=sessions)
    await archive.create(subject, "recording.wav", b"x", content_type="audio/wav")
    assert {"acme"} == sessions.tenants
    assert f"acme/calls/{subject.id}/recording.wav" == sent["Key"]
    assert ("aws:kms", "arn:aws:kms:us-east-1:1:key/k") == (sent["ServerSideEncryption"], sent["SSEKMSKeyId"])
    assert {"tenant": "acme"} == json.loads(base64.b64decode(sent["SSEKMSEncryptionContext"]))


async def test_missing_object_of_a_narrow_session(subject: Subject):
    """S3 tells a session that may list its prefix only 403 for what is not there; a listing decides."""

    class Narrow(Refusing):
        def __init__(self, *names: str) -> None:
            super().__init__("AccessDenied", 403)
            self.names = names

        def list_objects_v2(self, **_):
            return {"Contents": [{"Key": subject.folder + name, "Size": 1} for name in self.names]}

    missing = S3RecordingArchive(bucket="b", key_arn="", sessions=Sessions(s3=Narrow("a.json.old")))
    assert None is await missing.read(subject, "a.json")
    denied = S3RecordingArchive(bucket="b", key_arn="", sessions=Sessions(s3=Narrow("a.json")))
    with pytest.raises(ProviderRejected):
        await denied.read(subject, "a.json")


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [("ThrottlingException", 400, ProviderOverloaded), ("AccessDeniedException", 400, ProviderRejected)],
)
async def test_refusals(subject: Subject, code: str, status: int, kind: type[Exception]):
    """AWS's refusals are our errors."""
    sessions = Sessions(
        dynamodb=Refusing(code, status), s3=Refusing(code, status), transcribe=Refusing(code, status)
    )
    records = DynamoDbCallRecords(table="t", sessions=sessions)
    archive = S3RecordingArchive(bucket="b", key_arn="", sessions=sessions)
    transcriber = TranscribeBatch(bucket="b", key_arn="", sessions=sessions, archive=archive)
    for attempt in (
        records.create(RecordKey(subject, "x"), b"1"),
        records.read_all(subject),
        archive.create(subject, "x", b"1", content_type="audio/wav"),
        archive.objects(subject, ""),
        transcriber.start(subject, "x", channels=2, language="en-US"),
        StepFunctionsWorkflows(Refusing(code, status), arns={}).answer("t", {}),
    ):
        with pytest.raises(kind):
            await attempt


ITEMS = [
    {
        "type": "pronunciation",
        "alternatives": [{"content": word}],
        "start_time": str(start),
        "end_time": str(start + 0.3),
        "channel_label": channel,
    }
    for word, start, channel in (
        ("hello", 0.0, "ch_1"),
        ("there", 0.4, "ch_1"),
        ("yes", 1.0, "ch_0"),
        ("please", 5.0, "ch_0"),
    )
]
ITEMS.insert(2, {"type": "punctuation", "alternatives": [{"content": "."}], "channel_label": "ch_1"})


async def test_transcription(aws_url: str, bucket: str, subject: Subject):
    """A job is started once, watched to its end, and read by channel, time and pause."""
    archive = S3RecordingArchive(bucket=bucket, key_arn="", sessions=Sessions(aws_url))
    transcriber = TranscribeBatch(bucket=bucket, key_arn="", sessions=Sessions(aws_url), archive=archive)
    assert JobStatus.FAILED is await transcriber.status(subject)
    for _ in range(2):
        await transcriber.start(subject, "recording.wav", channels=2, language="en-US")
    statuses = [await transcriber.status(subject) for _ in range(4)]
    assert (JobStatus.RUNNING, JobStatus.DONE) == (statuses[0], statuses[-1])
    job = client("transcribe", aws_url).get_transcription_job(TranscriptionJobName=job_name(subject))[
        "TranscriptionJob"
    ]
    assert {"ChannelIdentification": True} == job["Settings"]
    assert f"s3://{bucket}/acme/calls/{subject.id}/recording.wav" == job["Media"]["MediaFileUri"]
    with pytest.raises(ProviderProtocolError, match="left no result"):
        await transcriber.transcript(subject)
    result = json.dumps({"results": {"items": ITEMS}}).encode()
    await archive.create(subject, RESULT, result, content_type="application/json")
    expected = (
        TranscriptTurn("agent", "hello there.", 0),
        TranscriptTurn("caller", "yes", 1000),
        TranscriptTurn("caller", "please", 5000),
    )
    assert Transcript("recording", expected) == await transcriber.transcript(subject)


@pytest.mark.parametrize(
    "result", [b"", b"[]", b"{}", b'{"results": {"items": [{"type": "pronunciation", "alternatives": []}]}}']
)
async def test_unreadable_result(result: bytes, subject: Subject):
    """A result that is none is the vendor's error."""
    archive = InMemoryArchive({(subject, RESULT): result})
    transcriber = TranscribeBatch(bucket="b", key_arn="", sessions=Sessions(), archive=archive)
    with pytest.raises(ProviderProtocolError):
        await transcriber.transcript(subject)


async def test_unknown_workflow(subject: Subject):
    """A function starts the workflows it was told of, and no others."""
    with pytest.raises(ProviderRejected):
        await StepFunctionsWorkflows(None, arns={}).start(Workflow.POST_CALL, subject)


async def test_tokens_nobody_waits_for():
    """A late answer or heartbeat is told to be late; it is no error (law W1)."""
    for code in ("TaskDoesNotExist", "TaskTimedOut", "InvalidToken"):
        workflows = StepFunctionsWorkflows(Refusing(code, 400), arns={})
        assert [False, False] == [await workflows.answer("t", {}), await workflows.heartbeat("t")]


def test_execution_names():
    """Names are within Step Functions' bounds, and differ wherever workflow, tenant, kind or id do."""
    subjects = [
        Subject(tenant, "call", each)
        for tenant in ("a", "a" * 40)
        for each in ("b", "c" * 64, "CA" + "1" * 32)
    ]
    names = {execution_name(workflow, each) for workflow in Workflow for each in subjects}
    assert len(Workflow) * len(subjects) == len(names)
    assert all(len(name) <= 80 and name.replace("-", "").isalnum() for name in names)
