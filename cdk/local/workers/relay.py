"""Carries EventBridge's events to the targets that moto does not know: functions and workflows."""

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cdk.local.deployment import Target
from cdk.local.runtime.host import Throttled, UnknownFunction
from cdk.local.workers.targets import Targets, UnknownTarget

ATTEMPTS_MAX = 3
"""EventBridge tries for a day; here the same fault would only be met again."""
RETRY_S = 1.0
WAITING_MAX = 1000

_VARIABLE = re.compile(r"<([\w.-]+)>")

log = logging.getLogger(__name__)


class Relay:
    """`submit` takes an event from any coroutine of its loop and returns at once."""

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._tasks: set[asyncio.Task[None]] = set()

    def submit(self, target: Target, event: Mapping[str, Any]) -> None:
        """Send `event` to `target` soon. More than a thousand that wait are dropped with a warning."""
        if len(self._tasks) >= WAITING_MAX:
            log.warning("an event for %s is dropped: %d wait already", target.arn, WAITING_MAX)
            return
        task = asyncio.create_task(self._send(target, target_input(target, event)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Give up what is waiting."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _send(self, target: Target, text: str) -> None:
        for attempt in range(min(ATTEMPTS_MAX, target.retries_max + 1)):
            if attempt:
                await asyncio.sleep(RETRY_S)
            try:
                await self._targets.send(target.arn, text)
            except (BotoCoreError, ClientError, Throttled, UnknownFunction, UnknownTarget) as error:
                log.warning("an event did not reach %s: %s", target.arn, error)
            else:
                return
        if target.dead_letter_arn:
            await self._targets.send(target.dead_letter_arn, text, attributes={"TARGET_ARN": target.arn})


def target_input(target: Target, event: Mapping[str, Any]) -> str:
    """Return the text that a target gets of an event, by Input, InputPath or InputTransformer."""
    whole = {**event, "time": _iso(event["time"])}
    if target.input is not None:
        return target.input
    if target.template is not None:
        values = {name: _at(whole, path) for name, path in target.paths.items()}
        return _VARIABLE.sub(lambda found: _inserted(found, values), target.template)
    if target.input_path is not None:
        return json.dumps(_at(whole, target.input_path))
    return json.dumps(whole)


def _inserted(found: re.Match[str], values: Mapping[str, Any]) -> str:
    """The JSON of a value, or, within a JSON string of the template, its characters."""
    if found[1] == "aws.events.event.ingestion-time":
        value: Any = _iso(datetime.now(UTC).timestamp())  # noqa: TID251 - a stand-in for AWS's own clock
    elif found[1] in values:
        value = values[found[1]]
    else:
        return found[0]
    before = found.string[: found.start()]
    is_within_string = (before.count('"') - before.count('\\"')) % 2 == 1
    if not is_within_string:
        return json.dumps(value)
    return json.dumps(value if isinstance(value, str) else json.dumps(value))[1:-1]


def _at(event: Mapping[str, Any], path: str) -> Any:
    """The value at a JSON path such as `$.detail.call_id`; None where there is none."""
    value: Any = event
    for part in filter(None, path.removeprefix("$").split(".")):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _iso(time: Any) -> str:
    if isinstance(time, str):
        return time
    return datetime.fromtimestamp(float(time), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
