"""All workflows: {"tenant", "kind", "id"} -> {}."""

from switchboard.adapters.aws.workflow_steps import JsonObject, Step, Tools
from switchboard.domain.subjects import Subject
from switchboard.services.write_crm_note import write_crm_note


async def _work(subject: Subject, _event: JsonObject, tools: Tools) -> JsonObject:
    await write_crm_note(subject, crm=tools.crm(subject.tenant), archive=tools.archive, records=tools.records)
    return {}


handler = Step("write_crm_note", _work)
