"""Voicemail: {"tenant", "kind", "id"} -> {}."""

from switchboard.adapters.aws.workflow_steps import JsonObject, Step, Tools
from switchboard.domain.subjects import Subject
from switchboard.services.take_voicemail import collect_voicemail


async def _work(subject: Subject, _event: JsonObject, tools: Tools) -> JsonObject:
    await collect_voicemail(subject, carrier=tools.carrier, archive=tools.archive, records=tools.records)
    return {}


handler = Step("collect_voicemail", _work)
