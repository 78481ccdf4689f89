"""Callback: {"tenant", "kind", "id", "outcome"} -> {"outcome"}: the stored one, which may be an earlier one."""

from switchboard.adapters.aws.workflow_steps import InputRefused, JsonObject, Step, Tools
from switchboard.domain.callbacks import CallbackOutcome
from switchboard.domain.subjects import Subject
from switchboard.services.run_callback import close_callback


async def _work(subject: Subject, event: JsonObject, tools: Tools) -> JsonObject:
    if event.get("outcome") not in set(CallbackOutcome):
        raise InputRefused("the input names no outcome")
    record = await close_callback(subject, CallbackOutcome(event["outcome"]), records=tools.records)
    return {"outcome": record.outcome}


handler = Step("close_callback", _work)
