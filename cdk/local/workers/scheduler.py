"""Fires schedules: rules of EventBridge and schedules of EventBridge Scheduler, also those made while it runs."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cdk.local.deployment import ScheduledRule, Target
from cdk.local.resource import ACCOUNT
from cdk.local.workers.schedule_expressions import NextAfter, ScheduleError, parse

TICK_S = 1.0

log = logging.getLogger(__name__)
Submit = Callable[[Target, Mapping[str, Any]], None]
Clock = Callable[[], datetime]


@dataclass(slots=True)
class _Entry:
    """A schedule that is being watched. `expression` tells whether it was changed meanwhile."""

    expression: str
    next_after: NextAfter
    due: datetime | None
    targets: tuple[Target, ...]
    event: Mapping[str, Any]


class Scheduler:
    """`tick(now)` fires what is due; `run()` ticks every second by `clock`. `submit` gets each target with its event.

    `scheduler` is a boto3 client; schedules are read from moto, so that what a workflow makes at run time fires too.
    """

    def __init__(
        self, rules: Sequence[ScheduledRule], *, scheduler: Any, submit: Submit, clock: Clock
    ) -> None:
        self._scheduler = scheduler
        self._submit = submit
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        now = clock()
        for rule in rules:
            self._entries[rule.arn] = _entry(rule.expression, "UTC", rule.targets, _rule_event(rule), now)

    async def run(self) -> None:
        """Fire until cancelled."""
        while True:
            try:
                await asyncio.to_thread(self.refresh)
            except (BotoCoreError, ClientError) as error:
                log.warning("schedules could not be read: %s", error)
            self.tick(self._clock())
            await asyncio.sleep(TICK_S)

    def refresh(self) -> None:
        """Look at moto's schedules: new and changed ones are watched, deleted and disabled ones forgotten."""
        found: dict[str, _Entry] = {}
        for page in self._scheduler.get_paginator("list_schedules").paginate():
            for summary in page["Schedules"]:
                schedule = self._scheduler.get_schedule(
                    Name=summary["Name"], GroupName=summary.get("GroupName", "default")
                )
                if schedule.get("State", "ENABLED") == "ENABLED":
                    self._watch(schedule, found)
        rules = {key: each for key, each in self._entries.items() if ":rule/" in key}
        self._entries = {**rules, **found}

    def tick(self, now: datetime) -> None:
        """Fire everything due at or before `now`, each at most once: a machine that slept does not catch up."""
        for entry in self._entries.values():
            if entry.due is not None and entry.due <= now:
                event = {**entry.event, "id": str(uuid.uuid4()), "time": entry.due.timestamp()}
                for target in entry.targets:
                    self._submit(target, event)
                entry.due = entry.next_after(now)

    def _watch(self, schedule: Mapping[str, Any], found: dict[str, _Entry]) -> None:
        arn, expression = schedule["Arn"], schedule["ScheduleExpression"]
        known = self._entries.get(arn)
        if known is not None and known.expression == expression:
            found[arn] = known
            return
        timezone = schedule.get("ScheduleExpressionTimezone") or "UTC"
        target = _schedule_target(schedule["Target"])
        try:
            found[arn] = _entry(expression, timezone, (target,), {}, self._clock())
        except (ScheduleError, LookupError) as error:
            log.warning("schedule %s is not run: %s", schedule["Name"], error)


def _entry(
    expression: str, timezone: str, targets: tuple[Target, ...], event: Mapping[str, Any], now: datetime
) -> _Entry:
    next_after = parse(expression, start=now, timezone=timezone)
    return _Entry(expression, next_after, next_after(now), targets, event)


def _rule_event(rule: ScheduledRule) -> dict[str, Any]:
    return {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "region": rule.arn.split(":")[3],
        "resources": [rule.arn],
        "detail": {},
    }


def _schedule_target(target: Mapping[str, Any]) -> Target:
    return Target(
        arn=target["Arn"],
        input=target.get("Input", "{}"),
        retries_max=int(target.get("RetryPolicy", {}).get("MaximumRetryAttempts", 185)),
        dead_letter_arn=target.get("DeadLetterConfig", {}).get("Arn", ""),
    )


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)  # noqa: TID251 - a stand-in for AWS's own clock
