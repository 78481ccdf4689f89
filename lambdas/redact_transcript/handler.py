"""Post-call and voicemail: {"tenant", "kind", "id", "is_transcribed"} -> {}."""

import structlog

from switchboard.adapters.aws.workflow_steps import JsonObject, Step, Tools
from switchboard.domain.subjects import Subject
from switchboard.services.redact_transcript import redact_transcript

log = structlog.get_logger()


async def _work(subject: Subject, event: JsonObject, tools: Tools) -> JsonObject:
    await redact_transcript(
        subject,
        is_transcribed=event.get("is_transcribed") is True,
        transcriber=tools.transcriber,
        checkpoints=tools.checkpoints if subject.kind == "call" else None,
        archive=tools.archive,
        records=tools.records,
        report_failure=lambda error: log.error("transcript withheld", exc_info=error),
    )
    return {}


handler = Step("redact_transcript", _work)
