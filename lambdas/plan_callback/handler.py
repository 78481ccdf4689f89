"""Callback: {"tenant", "kind", "id"} -> {"next": "wait", "wait_s"} | {"next": "dial", "attempt"} | {"next": "close", "outcome"}."""

from typing import assert_never

from switchboard.adapters.aws.workflow_steps import JsonObject, Step, Tools, now_s
from switchboard.domain.callbacks import Close, Dial, Wait
from switchboard.domain.subjects import Subject
from switchboard.services.run_callback import plan_callback


async def _work(subject: Subject, _event: JsonObject, tools: Tools) -> JsonObject:
    asked_s = now_s()
    step = await plan_callback(subject, records=tools.records, now_s=asked_s)
    match step:
        case Wait(until_s=until_s):
            return {"next": "wait", "wait_s": until_s - asked_s}
        case Dial(attempt=attempt):
            return {"next": "dial", "attempt": attempt}
        case Close(outcome=outcome):
            return {"next": "close", "outcome": outcome}
        case _:
            assert_never(step)


handler = Step("plan_callback", _work, is_remembered=False)
