"""The workflow service, as its triggers and its waiting steps see it."""

from enum import StrEnum
from typing import Protocol

from switchboard.domain.messages import JsonObject
from switchboard.domain.subjects import Subject


class Workflow(StrEnum):
    """The workflows there are; each is `stepfunctions/<value>.asl.json`."""

    POST_CALL = "post_call"
    CALLBACK = "callback"
    VOICEMAIL = "voicemail"


class Workflows(Protocol):
    """Starts workflows and answers the tokens they wait for. All methods raise `ProviderError`."""

    async def start(self, workflow: Workflow, subject: Subject) -> bool:
        """Start the subject's one execution; false if it was started before, even if it has ended."""

    async def answer(self, token: str, output: JsonObject) -> bool:
        """Let the waiting step go on with `output`; false if nobody waits for this token (any more)."""

    async def heartbeat(self, token: str) -> bool:
        """Tell the waiting step that its task is alive; false if nobody waits for this token (any more)."""

    async def close(self) -> None:
        """Release the connection."""
