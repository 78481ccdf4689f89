"""Numbers, days and yes or no in what a caller said or typed, and amounts and dates in what we say back."""

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

_DIGITS: Final = {
    "zero": "0", "oh": "0", "o": "0", "one": "1", "two": "2", "three": "3", "four": "4",
    "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
}  # fmt: skip
_REPEATS: Final = {"double": 2, "triple": 3}
_MONTHS: Final = (
    "January February March April May June July August September October November December"
).split()
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_YES: Final = re.compile(
    r"^(yes|yeah|yep|sure|correct|right|exactly|of course|absolutely|definitely|please do|go ahead|okay|ok|alright"
    r"|sounds good|perfect|great|that's right|that's correct|that is (right|correct)|that works|do it|fine|mm-hm|uh-huh)\b"
)
_NO: Final = re.compile(
    r"^(no|nope|wrong|not really|not yet|never mind|that's (wrong|not)|that is (wrong|not)|don't|nothing|neither)\b"
)


def words_of(text: str) -> list[str]:
    """Lower-case words without punctuation; typed digits stay together."""
    return re.findall(r"[a-z0-9]+(?:['-][a-z0-9]+)*", text.lower().replace("’", "'"))


def digit_runs(text: str) -> list[str]:
    """The digit strings of a text, typed or spoken: "four two seven, 109" gives ["427109"]. Words end a run."""
    runs = [""]
    repeat = 1
    for word in words_of(text):
        bare = word.replace("-", "")
        if word in _REPEATS:
            repeat = _REPEATS[word]
            continue
        digits = bare if bare.isdigit() else _DIGITS.get(word, "")
        if digits:
            runs[-1] += digits * repeat
        elif runs[-1]:
            runs.append("")
        repeat = 1
    return [run for run in runs if run]


def day_of(text: str) -> str | None:
    """The last day of the week that is named: a correction comes after what it corrects."""
    days = [word.removesuffix("s") for word in words_of(text) if word.removesuffix("s") in _DAYS]
    return days[-1] if days else None


def is_yes(text: str) -> bool:
    """Whether the caller agrees. "No, that's right" is no."""
    return bool(_YES.search(" ".join(words_of(text))))


def is_no(text: str) -> bool:
    """Whether the caller declines."""
    return bool(_NO.search(" ".join(words_of(text))))


def spell(digits: str) -> str:
    """Digits one by one, in groups of three: "1 0 4, 4 1 7" is how a voice reads a number that must be understood."""
    return ", ".join(" ".join(digits[start : start + 3]) for start in range(0, len(digits), 3))


def dollars(amount: object) -> str:
    """A decimal text as money to be spoken: "42.50" gives "42 dollars and 50 cents"."""
    try:
        value = Decimal(str(amount)).quantize(Decimal("0.01"))
    except InvalidOperation:
        return f"{amount} dollars"
    whole, cents = divmod(int(value * 100), 100)
    unit = "dollar" if whole == 1 else "dollars"
    return f"{whole} {unit} and {cents} cents" if cents else f"{whole} {unit}"


def spoken_date(text: object) -> str:
    """An ISO 8601 date as month and day: "2026-11-20" gives "November 20"; anything else stays as it is."""
    try:
        day = date.fromisoformat(str(text))
    except ValueError:
        return str(text)
    return f"{_MONTHS[day.month - 1]} {day.day}"
