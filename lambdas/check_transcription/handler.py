"""Post-call and voicemail: {"tenant", "kind", "id"} -> {"status": "running" | "done" | "failed"}."""

from switchboard.adapters.aws.workflow_steps import JsonObject, Step, Tools
from switchboard.domain.subjects import Subject
from switchboard.services.transcribe_recording import check_transcription


async def _work(subject: Subject, _event: JsonObject, tools: Tools) -> JsonObject:
    return {"status": await check_transcription(subject, transcriber=tools.transcriber)}


handler = Step("check_transcription", _work, is_remembered=False)
