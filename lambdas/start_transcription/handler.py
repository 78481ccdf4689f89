"""Post-call and voicemail: {"tenant", "kind", "id"} -> {"is_started"}; false where no vendor is configured."""

from switchboard.adapters.aws.workflow_steps import JsonObject, Step, Tools
from switchboard.domain.subjects import Subject
from switchboard.services.transcribe_recording import start_transcription


async def _work(subject: Subject, _event: JsonObject, tools: Tools) -> JsonObject:
    return {"is_started": await start_transcription(subject, transcriber=tools.transcriber)}


handler = Step("start_transcription", _work)
