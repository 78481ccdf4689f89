"""Have a recording transcribed by a vendor that takes its time."""

from switchboard.domain.subjects import Subject
from switchboard.media.wave import CHANNELS
from switchboard.ports.batch_transcriber import BatchTranscriber, JobStatus
from switchboard.services.stored import AUDIO, RECORDING

LANGUAGE = "en-US"
"""The language agents speak at this stage; tenants choose theirs with their agents."""


async def start_transcription(subject: Subject, *, transcriber: BatchTranscriber | None) -> bool:
    """Start the recording's job; false where no vendor is configured. Raises `ProviderError`.

    A call has the caller and the agent on two channels, a voicemail one.
    """
    if transcriber is None:
        return False
    audio, channels = (RECORDING, CHANNELS) if subject.kind == "call" else (AUDIO, 1)
    await transcriber.start(subject, audio, channels=channels, language=LANGUAGE)
    return True


async def check_transcription(subject: Subject, *, transcriber: BatchTranscriber | None) -> JobStatus:
    """How far the job is. Raises `ProviderError`."""
    return JobStatus.FAILED if transcriber is None else await transcriber.status(subject)
