"""Voicemail: {"tenant", "kind", "id"} -> {"has_callback"}; its callback workflow is started at once."""

from switchboard.adapters.aws.workflow_steps import JsonObject, Step, Tools
from switchboard.domain.subjects import Subject
from switchboard.services.take_voicemail import file_voicemail


async def _work(subject: Subject, _event: JsonObject, tools: Tools) -> JsonObject:
    has_callback = await file_voicemail(
        subject, carrier=tools.carrier, records=tools.records, workflows=tools.workflows
    )
    return {"has_callback": has_callback}


handler = Step("file_voicemail", _work)
