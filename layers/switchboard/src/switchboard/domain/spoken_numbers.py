"""Numbers in English words, the way people say them on the phone."""

from typing import Final

_SMALL: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS: Final = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES: Final = ((1_000_000, "million"), (1_000, "thousand"))
_ORDINALS: Final = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_MONTHS: Final = (
    "January February March April May June July August September October November December"
).split()
_CURRENCIES: Final = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
}
_GROUP_SIZES: Final = {7: (3, 4), 8: (4, 4), 10: (3, 3, 4), 11: (1, 3, 3, 4), 15: (4, 6, 5), 16: (4, 4, 4, 4)}
"""How people break up a number of so many digits: phone numbers, cards. Others go by three."""

AMOUNT_WORDS_MAX: Final = 999_999_999
"""Larger amounts stay digits."""


def cardinal(number: int) -> str:
    """Return 0 to 999,999,999 in words: 1042 is "one thousand forty-two"."""
    assert 0 <= number <= AMOUNT_WORDS_MAX
    for size, name in _SCALES:
        if number >= size:
            rest = number % size
            return f"{cardinal(number // size)} {name}" + (f" {cardinal(rest)}" if rest else "")
    if number >= 100:
        return f"{_SMALL[number // 100]} hundred" + (f" {cardinal(number % 100)}" if number % 100 else "")
    if number < len(_SMALL):
        return _SMALL[number]
    return _TENS[number // 10] + (f"-{_SMALL[number % 10]}" if number % 10 else "")


def ordinal(number: int) -> str:
    """Return 1 to 999,999,999 as an ordinal: 22 is "twenty-second"."""
    words = cardinal(number)
    start = max(words.rfind("-"), words.rfind(" ")) + 1
    last = words[start:]
    if last in _ORDINALS:
        return words[:start] + _ORDINALS[last]
    return words[:-1] + "ieth" if words.endswith("y") else words + "th"


def digit_groups(*groups: str) -> str:
    """Return digits one by one: hyphens within a group, commas between groups.

    The last zero of a group reads "oh", any other "zero". A single long group is broken up the way people do.
    """
    if len(groups) == 1 and len(groups[0]) > 5:
        groups = _broken_up(groups[0])
    return ", ".join("-".join(_digits(group)) for group in groups)


def money(
    currency: str, units: str, cents: str | None, scale: str | None, *, is_negative: bool = False
) -> str:
    """Return an amount in words: ("$", "42", "50", None) is "forty-two dollars and fifty cents"."""
    unit, units_name, cent, cents_name = _CURRENCIES[currency]
    sign = "minus " if is_negative else ""
    amount = int(units.replace(",", ""))
    if scale or amount > AMOUNT_WORDS_MAX:
        fraction = f".{cents}" if cents else ""
        return f"{sign}{amount:,}{fraction}{f' {scale}' if scale else ''} {units_name}"
    small = int(cents.ljust(2, "0")) if cents else 0
    whole = f"{cardinal(amount)} {unit if amount == 1 else units_name}"
    part = f"{cardinal(small)} {cent if small == 1 else cents_name}"
    if not small:
        return sign + whole
    return sign + (f"{whole} and {part}" if amount else part)


def date(year: str, month: str, day: str) -> str:
    """Return an ISO date as people say it, the year in digits; empty for a date that cannot be."""
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return ""
    return f"{_MONTHS[int(month) - 1]} {ordinal(int(day))}, {year}"


def time_of_day(hour: int, minute: int, *, has_half: bool) -> str:
    """Return a clock time in words: 9:05 is "nine oh five". `has_half` says that AM or PM follows."""
    if minute == 0:
        return (
            cardinal(hour) + ("" if has_half or hour > 12 else " o'clock") + (" hundred" if hour > 12 else "")
        )
    return f"{cardinal(hour)} {f'oh {cardinal(minute)}' if minute < 10 else cardinal(minute)}"


def _digits(group: str) -> list[str]:
    words = [_SMALL[int(digit)] for digit in group]
    if words[-1] == "zero" and len(words) > 1:
        words[-1] = "oh"
    return words


def _broken_up(digits: str) -> tuple[str, ...]:
    sizes = _GROUP_SIZES.get(len(digits)) or _by_three(len(digits))
    starts = [sum(sizes[:index]) for index in range(len(sizes))]
    return tuple(digits[start : start + size] for start, size in zip(starts, sizes, strict=True))


def _by_three(length: int) -> tuple[int, ...]:
    # No group of one at the end: it would sound like a correction.
    threes, rest = divmod(length, 3)
    return (3,) * (threes - 1) + (4,) if rest == 1 else (3,) * threes + ((rest,) if rest else ())
