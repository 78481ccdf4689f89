"""When a number may be called: inside the hours of every time zone in which it may be.

Where a number can lie in several zones, the allowed time is what is allowed in all of them (law O2). Hours and
days are the strictest common ground of the calling rules known to us, until jurisdictions are data: 47 CFR
64.1200(c)(1) allows 8 to 21 at the callee's place, several US states end at 20, France begins at 10.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers.timezone import time_zones_for_number

OPENS: Final = time(10)
CLOSES: Final = time(20)
UNKNOWN_ZONE: Final = "Etc/Unknown"
STEPS_MAX: Final = 500
"""Each step of the search passes one opening time of one zone; so many cover a week in the widest number plan."""


def zones_of(number: str, *, also: Iterable[str] = ()) -> tuple[str, ...]:
    """Return every zone the number (E.164) may be in, and those in `also`, which somebody told us. Sorted.

    Empty where nothing is known, or where the number cannot be assigned at all. Zones that this system's database
    does not have are not dropped: they allow no time, as nobody knows their hours.
    """
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ()
    if not phonenumbers.is_possible_number(parsed):
        return ()
    known = {zone for zone in time_zones_for_number(parsed) if zone != UNKNOWN_ZONE}
    return tuple(sorted(known | set(also)))


def next_allowed_s(zones: Iterable[str], *, from_s: int, until_s: int) -> int | None:
    """Return the first moment in [from_s, until_s) at which calling is allowed in all zones; None if there is none."""
    try:
        places = [ZoneInfo(zone) for zone in zones]
    except (ZoneInfoNotFoundError, ValueError):
        return None
    if not places:
        return None
    now_s = from_s
    for _ in range(STEPS_MAX):
        opening_s = max(_opening_s(place, now_s) for place in places)
        if opening_s >= until_s:
            return None
        if opening_s == now_s:
            return now_s
        now_s = opening_s
    return None


def _opening_s(place: ZoneInfo, now_s: int) -> int:
    """The present moment where it is allowed there, else the next opening."""
    local = datetime.fromtimestamp(now_s, tz=place)
    if OPENS <= local.time() < CLOSES:
        return now_s
    day = local.date() if local.time() < OPENS else local.date() + timedelta(days=1)
    return int(datetime.combine(day, OPENS, tzinfo=place).astimezone(UTC).timestamp())
