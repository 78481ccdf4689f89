"""Post-call: {"tenant", "kind", "id"} -> {}."""

import structlog

from switchboard.adapters.aws.workflow_steps import JsonObject, Step, Tools
from switchboard.domain.subjects import Subject
from switchboard.services.analyse_call import analyse_call

log = structlog.get_logger()


async def _work(subject: Subject, _event: JsonObject, tools: Tools) -> JsonObject:
    await analyse_call(
        subject,
        model=tools.model,
        archive=tools.archive,
        records=tools.records,
        report_failure=lambda error: log.warning("model failed, rules conclude", exc_info=error),
    )
    return {}


handler = Step("analyse_call", _work)
