"""When a schedule fires: `rate(5 minutes)`, `cron(0 9 ? * MON-FRI *)`, `at(2026-11-21T09:00:00)`.

Amazon EventBridge Scheduler User Guide, "Schedule types". Not understood: W (nearest weekday) in cron.
"""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
_DAYS = "SUN MON TUE WED THU FRI SAT".split()
YEARS_AHEAD_MAX = 10
"""A cron expression that names no day within so many years never fires."""

NextAfter = Callable[[datetime], datetime | None]


class ScheduleError(ValueError):
    """The expression is not understood; the text names the part."""


def parse(expression: str, *, start: datetime, timezone: str = "UTC") -> NextAfter:
    """Return the function from an instant to the schedule's next one after it, None if there is none.

    `start` is where a rate begins to count. Raises `ScheduleError`.
    """
    found = re.fullmatch(r"(rate|cron|at)\((.*)\)", expression.strip())
    if found is None:
        raise ScheduleError(f"{expression!r} is not rate(...), cron(...) or at(...).")
    zone = ZoneInfo(timezone)
    match found[1]:
        case "rate":
            return _rate(found[2], start)
        case "at":
            once = _at(found[2], zone)
            return lambda now: once if once > now else None
        case _:
            return _Cron.parse(found[2], zone).next_after


def _rate(text: str, start: datetime) -> NextAfter:
    found = re.fullmatch(r"(\d+) (minute|hour|day)s?", text.strip())
    if found is None or found[1] == "0":
        raise ScheduleError(f"rate({text}) is not a positive number of minutes, hours or days.")
    step = int(found[1]) * _UNITS[found[2]]

    def next_after(now: datetime) -> datetime:
        passed = max(0, (now - start) // step)
        return start + (passed + 1) * step

    return next_after


def _at(text: str, zone: ZoneInfo) -> datetime:
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%dT%H:%M:%S").replace(tzinfo=zone).astimezone(UTC)
    except ValueError:
        raise ScheduleError(f"at({text}) is not a time as in at(2026-11-21T09:00:00).") from None


@dataclass(frozen=True, slots=True)
class _Cron:
    minutes: frozenset[int]
    hours: frozenset[int]
    days: str
    months: frozenset[int]
    weekdays: str
    years: frozenset[int] | None
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str, zone: ZoneInfo) -> "_Cron":
        fields = text.split()
        if len(fields) != 6:
            raise ScheduleError(f"cron({text}) has {len(fields)} fields, not 6.")
        minutes, hours, days, months, weekdays, years = fields
        if (days == "?") == (weekdays == "?"):
            raise ScheduleError(f"cron({text}): exactly one of day-of-month and day-of-week is '?'.")
        cron = cls(
            minutes=_values(minutes, 0, 59),
            hours=_values(hours, 0, 23),
            days=days.upper(),
            months=_values(months, 1, 12, _MONTHS, 1),
            weekdays=weekdays.upper(),
            years=None if years == "*" else _values(years, 1970, 2199),
            zone=zone,
        )
        cron._matches_day(datetime(2026, 1, 1, tzinfo=UTC))  # finds a wrong field now, not at its first day
        return cron

    def next_after(self, now: datetime) -> datetime | None:
        local = now.astimezone(self.zone)
        for ahead in range(366 * YEARS_AHEAD_MAX):
            day = (local + timedelta(days=ahead)).date()
            midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone)
            if not self._matches_day(midnight):
                continue
            for hour in sorted(self.hours):
                for minute in sorted(self.minutes):
                    moment = midnight.replace(hour=hour, minute=minute).astimezone(UTC)
                    if moment > now:
                        return moment
        return None

    def _matches_day(self, day: datetime) -> bool:
        in_year = self.years is None or day.year in self.years
        if not in_year or day.month not in self.months:
            return False
        if self.days != "?":
            last = calendar.monthrange(day.year, day.month)[1]
            return day.day in (frozenset({last}) if self.days == "L" else _values(self.days, 1, 31))
        return self._matches_weekday(day)

    def _matches_weekday(self, day: datetime) -> bool:
        weekday = day.isoweekday() % 7 + 1  # AWS: Sunday is 1
        if found := re.fullmatch(r"(\w+)#([1-5])", self.weekdays):
            return weekday in _values(found[1], 1, 7, _DAYS, 1) and (day.day - 1) // 7 + 1 == int(found[2])
        if found := re.fullmatch(r"(\w+)L", self.weekdays):
            last = calendar.monthrange(day.year, day.month)[1]
            return weekday in _values(found[1], 1, 7, _DAYS, 1) and day.day > last - 7
        return weekday in _values(self.weekdays, 1, 7, _DAYS, 1)


def _values(text: str, low: int, high: int, names: list[str] | None = None, base: int = 0) -> frozenset[int]:
    values: set[int] = set()
    for part in text.upper().split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        try:
            numbers = (
                [low, high]
                if span == "*"
                else [_number(each, names, base) for each in (first, last or first)]
            )
            if step and not last and span != "*":
                numbers[1] = high  # 5/10: from 5 on, every 10
            chosen = range(numbers[0], numbers[1] + 1, int(step or 1))
        except ValueError:
            raise ScheduleError(f"{part!r} is not understood in a cron expression here.") from None
        if not chosen or chosen[0] < low or chosen[-1] > high:
            raise ScheduleError(f"{part!r} is not within {low}-{high}.")
        values.update(chosen)
    return frozenset(values)


def _number(text: str, names: list[str] | None, base: int) -> int:
    if names and text in names:
        return names.index(text) + base
    return int(text)
