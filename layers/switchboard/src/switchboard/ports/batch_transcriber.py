"""Accurate recognition of a whole recording, in its own time."""

from enum import StrEnum
from typing import Protocol

from switchboard.domain.subjects import Subject
from switchboard.domain.transcripts import Transcript


class JobStatus(StrEnum):
    """How far a transcription job has come."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class BatchTranscriber(Protocol):
    """A vendor that reads a recording from the archive and leaves its result there. One job per subject.

    All methods raise `ProviderError`.
    """

    name: str

    async def start(self, subject: Subject, audio: str, *, channels: int, language: str) -> None:
        """Start the subject's job on the archived object `audio`. Already started is not an error."""

    async def status(self, subject: Subject) -> JobStatus:
        """How far the job is. A job that nobody started has failed."""

    async def transcript(self, subject: Subject) -> Transcript:
        """What a finished job heard, by channel and time."""

    async def close(self) -> None:
        """Release the connection."""
