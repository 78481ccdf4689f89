"""Amazon Transcribe's batch jobs behind the batch transcriber port (Transcribe API, "StartTranscriptionJob").

The job runs with the rights of the tenant's session that starts it: it can read and write that tenant's objects only. Its
result is written beside the recording, under the same key and context.
"""

import asyncio
from typing import Any, Final

import msgspec
from botocore.exceptions import ClientError
from msgspec import Struct

from switchboard.adapters.aws.failures import aws_failures, code_of
from switchboard.adapters.aws.tenant_sessions import TenantClients
from switchboard.domain.subjects import Subject
from switchboard.domain.transcripts import Speaker, Transcript, TranscriptTurn
from switchboard.media.wave import CHANNEL_SPEAKERS, SAMPLE_RATE_HZ
from switchboard.ports.batch_transcriber import JobStatus
from switchboard.ports.errors import ProviderProtocolError
from switchboard.ports.recordings import RecordingArchive

PROVIDER: Final = "transcribe"
RESULT: Final = "transcription.json"
PAUSE_MS: Final = 1000
"""A longer silence within one channel begins a new turn."""
_ENDED: Final = {"COMPLETED": JobStatus.DONE, "FAILED": JobStatus.FAILED}


class _Alternative(Struct, frozen=True):
    content: str


class _Item(Struct, frozen=True):
    """One word or mark of punctuation; times in seconds, as text, absent for punctuation."""

    type: str
    alternatives: tuple[_Alternative, ...]
    start_time: str = ""
    end_time: str = ""
    channel_label: str = "ch_0"


class _Results(Struct, frozen=True):
    items: tuple[_Item, ...] = ()


class _Output(Struct, frozen=True):
    results: _Results


class TranscribeBatch:
    """`ports.batch_transcriber.BatchTranscriber` by Amazon Transcribe. `archive` is the one the audio lies in."""

    name = PROVIDER

    def __init__(
        self, *, bucket: str, key_arn: str, sessions: TenantClients, archive: RecordingArchive
    ) -> None:
        self._bucket = bucket
        self._key_arn = key_arn
        self._sessions = sessions
        self._archive = archive

    async def start(self, subject: Subject, audio: str, *, channels: int, language: str) -> None:
        """Start the job named after the subject; its name makes a second start a conflict, which is fine."""
        encryption: dict[str, Any] = {}
        if self._key_arn:
            encryption = {
                "OutputEncryptionKMSKeyId": self._key_arn,
                "KMSEncryptionContext": {"tenant": subject.tenant},
            }
        await self._request(
            "start_transcription_job",
            subject,
            unless=("ConflictException",),
            LanguageCode=language,
            MediaFormat="wav",
            MediaSampleRateHertz=SAMPLE_RATE_HZ,
            Media={"MediaFileUri": f"s3://{self._bucket}/{subject.folder}{audio}"},
            OutputBucketName=self._bucket,
            OutputKey=subject.folder + RESULT,
            **({"Settings": {"ChannelIdentification": True}} if channels > 1 else {}),
            **encryption,
        )

    async def status(self, subject: Subject) -> JobStatus:
        """Ask for the job. Transcribe forgets jobs after 90 days; a workflow does not wait so long."""
        answer = await self._request(
            "get_transcription_job", subject, unless=("NotFoundException", "BadRequestException")
        )
        if answer is None:
            return JobStatus.FAILED
        return _ENDED.get(answer["TranscriptionJob"]["TranscriptionJobStatus"], JobStatus.RUNNING)

    async def transcript(self, subject: Subject) -> Transcript:
        """Read the job's result from the archive."""
        content = await self._archive.read(subject, RESULT)
        if content is None:
            raise ProviderProtocolError(PROVIDER, "the finished job left no result")
        try:
            output = msgspec.json.decode(content, type=_Output)
            return Transcript("recording", tuple(_turns(output.results.items)))
        except (msgspec.DecodeError, ValueError, IndexError, OverflowError):
            raise ProviderProtocolError(PROVIDER, "the result is not what the API documents") from None

    async def close(self) -> None:
        """Nothing of its own to release: the sessions own the clients."""

    async def _request(
        self, operation: str, subject: Subject, *, unless: tuple[str, ...], **arguments: Any
    ) -> dict[str, Any] | None:
        """Send one request; None where it is refused with one of the codes `unless`."""

        def run() -> dict[str, Any] | None:
            with aws_failures(PROVIDER):
                client = self._sessions.client(subject.tenant, "transcribe")
                try:
                    answer: dict[str, Any] = getattr(client, operation)(
                        TranscriptionJobName=job_name(subject), **arguments
                    )
                except ClientError as error:
                    if code_of(error) not in unless:
                        raise
                    return None
                return answer

        return await asyncio.to_thread(run)


def job_name(subject: Subject) -> str:
    """The job's name; the policy of the tenant's session compares its beginning, up to the first dot."""
    return f"{subject.tenant}.{subject.kind}.{subject.id}"


class _OpenTurn:
    """A turn that is still growing."""

    def __init__(self, speaker: Speaker, start_ms: int) -> None:
        self.speaker: Speaker = speaker
        self.start_ms = start_ms
        self.end_ms = start_ms
        self.text = ""

    def closed(self) -> TranscriptTurn:
        return TranscriptTurn(self.speaker, self.text, self.start_ms)


def _turns(items: tuple[_Item, ...]) -> list[TranscriptTurn]:
    """Put each channel's words together to turns, and the turns in the order in which they began."""
    turns: list[TranscriptTurn] = []
    for channel, speaker in enumerate(CHANNEL_SPEAKERS):
        turn: _OpenTurn | None = None
        for item in items:
            if item.channel_label != f"ch_{channel}":
                continue
            content = item.alternatives[0].content
            if item.type == "punctuation":
                if turn is not None:
                    turn.text += content
                continue
            start_ms = round(float(item.start_time) * 1000)
            if turn is None or start_ms - turn.end_ms > PAUSE_MS:
                turns += [turn.closed()] if turn else []
                turn = _OpenTurn(speaker, start_ms)
            turn.text += f" {content}" if turn.text else content
            turn.end_ms = round(float(item.end_time) * 1000)
        turns += [turn.closed()] if turn else []
    return sorted(turns, key=lambda each: each.start_ms or 0)
