"""Post-call: {"tenant", "kind", "id"} -> {"is_recorded"}."""

from switchboard.adapters.aws.workflow_steps import JsonObject, Step, Tools
from switchboard.domain.subjects import Subject
from switchboard.services.assemble_recording import assemble_recording


async def _work(subject: Subject, _event: JsonObject, tools: Tools) -> JsonObject:
    is_recorded = await assemble_recording(subject, archive=tools.archive, records=tools.records)
    return {"is_recorded": is_recorded}


handler = Step("assemble_recording", _work)
