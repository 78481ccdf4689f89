"""All workflows, last: {"tenant", "kind", "id"} -> {}."""

from switchboard.adapters.aws.workflow_steps import JsonObject, Step, Tools, now_s
from switchboard.domain.subjects import Subject
from switchboard.services.tell_outcome import tell_outcome


async def _work(subject: Subject, _event: JsonObject, tools: Tools) -> JsonObject:
    await tell_outcome(subject, facts=tools.facts, records=tools.records, now_ms=now_s() * 1000)
    return {}


handler = Step("tell_outcome", _work)
