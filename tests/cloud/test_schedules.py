"""Schedules under a clock of the test's own."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk.local.deployment import ScheduledRule, Target
from cdk.local.workers.schedule_expressions import ScheduleError, parse
from cdk.local.workers.scheduler import Scheduler

SATURDAY = datetime(2026, 11, 21, 13, 30, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "timezone", "expected"),
    [
        ("rate(5 minutes)", "UTC", datetime(2026, 11, 21, 13, 35, 30, tzinfo=UTC)),
        ("rate(1 day)", "UTC", datetime(2026, 11, 22, 13, 30, 30, tzinfo=UTC)),
        ("cron(0/15 * * * ? *)", "UTC", datetime(2026, 11, 21, 13, 45, tzinfo=UTC)),
        ("cron(0 9 ? * MON-FRI *)", "UTC", datetime(2026, 11, 23, 9, 0, tzinfo=UTC)),
        ("cron(0 9 ? * MON-FRI *)", "America/New_York", datetime(2026, 11, 23, 14, 0, tzinfo=UTC)),
        ("cron(30 2 L * ? *)", "UTC", datetime(2026, 11, 30, 2, 30, tzinfo=UTC)),
        ("cron(0 0 ? 12 SUN#2 *)", "UTC", datetime(2026, 12, 13, 0, 0, tzinfo=UTC)),
        ("cron(0 0 ? * 6L *)", "UTC", datetime(2026, 11, 27, 0, 0, tzinfo=UTC)),
        ("cron(0 0 29 2 ? *)", "UTC", datetime(2028, 2, 29, 0, 0, tzinfo=UTC)),
        ("cron(0 0 1 1 ? 2020)", "UTC", None),
        ("at(2026-11-22T09:00:00)", "Europe/Berlin", datetime(2026, 11, 22, 8, 0, tzinfo=UTC)),
        ("at(2026-11-20T09:00:00)", "UTC", None),
    ],
)
def test_the_next_time_of_an_expression(expression, timezone, expected):
    """AWS's own forms: rates, cron with six fields, one time; in the schedule's time zone."""
    assert parse(expression, start=SATURDAY, timezone=timezone)(SATURDAY) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "every day",
        "rate(0 minutes)",
        "rate(5 weeks)",
        "cron(0 9 * * * *)",
        "cron(0 9 ? * MON)",
        "cron(60 9 ? * MON *)",
        "cron(0 9 15W * ? *)",
        "at(tomorrow)",
    ],
)
def test_an_expression_that_is_not_understood_says_which_part(expression):
    """A wrong schedule must not fire at a wrong time in silence."""
    with pytest.raises(ScheduleError, match=r"\w"):
        parse(expression, start=SATURDAY)


@given(
    minutes=st.integers(1, 100_000),
    expression=st.sampled_from(["rate(7 minutes)", "cron(5/20 8-18 ? * MON-FRI *)", "cron(0 0 1 * ? *)"]),
)
def test_the_next_time_is_later_and_none_lies_between(minutes, expression):
    """Law: after(now) is the first instant behind now, so after(just before it) is the same."""
    next_after = parse(expression, start=SATURDAY)
    now = SATURDAY + timedelta(minutes=minutes)
    due = next_after(now)

    assert due is not None
    assert due > now
    assert next_after(due - timedelta(seconds=1)) == due


class NoSchedules:
    """EventBridge Scheduler without a schedule."""

    def get_paginator(self, _name: str) -> Any:
        class Pages:
            def paginate(self) -> list[dict[str, list[Any]]]:
                return [{"Schedules": []}]

        return Pages()


class OneSchedule:
    """EventBridge Scheduler with one schedule, which a test changes."""

    def __init__(self) -> None:
        self.state = "ENABLED"
        self.expression = "rate(1 minute)"

    def get_paginator(self, _name: str) -> Any:
        class Pages:
            def paginate(self) -> list[dict[str, list[Any]]]:
                return [{"Schedules": [{"Name": "one", "GroupName": "default"}]}]

        return Pages()

    def get_schedule(self, **_given: str) -> dict[str, Any]:
        return {
            "Arn": "arn:aws:scheduler:us-east-1:1:schedule/default/one",
            "Name": "one",
            "State": self.state,
            "ScheduleExpression": self.expression,
            "Target": {"Arn": "arn:aws:lambda:us-east-1:1:function:f", "Input": '{"a":1}'},
        }


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = SATURDAY

    def __call__(self) -> datetime:
        return self.now


def test_a_rule_fires_once_when_due_and_does_not_catch_up_after_a_sleep():
    """A laptop that was closed for an hour fires a one-minute rule once, not sixty times."""
    fired: list[Any] = []
    target = Target(arn="arn:aws:lambda:us-east-1:1:function:f")
    rule = ScheduledRule(
        name="r", arn="arn:aws:events:us-east-1:1:rule/r", expression="rate(1 minute)", targets=(target,)
    )
    scheduler = Scheduler(
        [rule], scheduler=NoSchedules(), submit=lambda *each: fired.append(each), clock=lambda: SATURDAY
    )

    scheduler.tick(SATURDAY + timedelta(seconds=59))
    assert not fired
    scheduler.tick(SATURDAY + timedelta(seconds=60))
    scheduler.tick(SATURDAY + timedelta(seconds=61))
    assert len(fired) == 1
    scheduler.tick(SATURDAY + timedelta(hours=1))
    assert len(fired) == 2
    assert fired[0][0] == target
    assert fired[0][1]["detail-type"] == "Scheduled Event"
    assert fired[0][1]["resources"] == [rule.arn]


def test_a_changed_schedule_follows_its_new_expression_and_a_disabled_one_stops():
    """Schedules are read anew, since programs make and change them at run time."""
    fired: list[Any] = []
    service, clock = OneSchedule(), Clock()
    scheduler = Scheduler([], scheduler=service, submit=lambda *each: fired.append(each), clock=clock)
    scheduler.refresh()

    service.expression = "rate(1 hour)"
    scheduler.refresh()
    scheduler.tick(SATURDAY + timedelta(minutes=2))
    assert not fired
    scheduler.tick(SATURDAY + timedelta(hours=1))
    assert [each[0].input for each in fired] == ['{"a":1}']
    service.state = "DISABLED"
    scheduler.refresh()
    scheduler.tick(SATURDAY + timedelta(hours=9))
    assert len(fired) == 1
