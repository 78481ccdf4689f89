"""Numbers, products, errors, dates and repetitions that an utterance names."""

import re
from collections.abc import Sequence
from typing import Final

from switchboard.domain.intents.words import PUNCTUATION, UTTERANCE_CHARS_MAX
from switchboard.domain.understanding import DATES_MAX, TIMES_CALLED_MAX, Entities

REACH: Final = 5
"""Words between "account" or "invoice" and its number."""
ID_CHARS_MAX: Final = 24

_SPOKEN_DIGITS: Final = {
    "zero": "0", "oh": "0", "o": "0", "one": "1", "two": "2", "three": "3", "four": "4",
    "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
}  # fmt: skip
_REPEATS: Final = {"double": 2, "triple": 3}
_ACCOUNT: Final = frozenset(
    "account customer client acct kundennummer cuenta compte conto conta member membership patient".split()
)
_INVOICE: Final = frozenset(
    "invoice bill receipt factura facture rechnung rechnungsnummer fattura fatura".split()
)
_PRODUCTS: Final = {
    ("fiber", "max"), ("family", "plan"), ("business", "plan"), ("enterprise", "plan"), ("premium", "plan"), ("pro", "plan"),
    ("team", "plan"), ("student", "plan"), ("unlimited", "plan"), ("tv", "box"), ("sim", "card"), ("basic", "plan"),
    ("set", "top", "box"), ("smart", "home"), ("landline",), ("fiber",), ("router",), ("modem",), ("wifi",), ("internet",), ("broadband",),
    ("tablet",), ("laptop",), ("phone",), ("iphone",), ("tv",), ("television",), ("voicemail",), ("app",), ("website",), ("dashboard",),
    ("portal",), ("printer",), ("vpn",), ("api",), ("decoder",), ("box",), ("esim",), ("sim",), ("email",), ("hotspot",),
}  # fmt: skip
_PRODUCT_WORDS_MAX: Final = 3

_ORDINALS: Final = {
    "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10,
    "segunda": 2, "tercera": 3, "cuarta": 4, "deuxieme": 2, "troisieme": 3, "quatrieme": 4, "zweiten": 2, "dritten": 3, "vierten": 4,
    "terza": 3, "terceira": 3, "quarta": 4, "zweite": 2, "dritte": 3,
}  # fmt: skip
_COUNTS: Final = {
    "twice": 2, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
}  # fmt: skip
_TIME_WORDS: Final = frozenset("time times call calls vez veces fois mal male volta volte vezes".split())
_CALLED: Final = frozenset(
    "call called calling calls phoned phoning rang contacted contacting reached llamo llame appelle rufe anruf chiamo ligo".split()
)
_CALLED_WITHIN: Final = 8

# Alternatives of fixed words and bounded digits: linear.
_MONTH: Final = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_DAY: Final = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_DATE: Final = re.compile(
    rf"\b(?:\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}[/.]\d{{1,2}}(?:[/.]\d{{2,4}})?"
    rf"|(?:the )?\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH}\b|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?\b"
    rf"|(?:last|next|this) (?:{_DAY}|week|month|year|{_MONTH}\b|night|weekend)|{_DAY}|yesterday|today|tomorrow|tonight"
    r"|january|february|april|june|july|august|september|october|november|december)\b",
    re.IGNORECASE,
)
_ERROR_CODE: Final = re.compile(
    r"\b(?:error|fault|status)(?: (?:code|number|message))?[ :]{1,2}([a-z]{0,4}-?\d{1,6})\b", re.IGNORECASE
)
_QUOTED: Final = re.compile(r"[\"“«]([^\"”»“«]{3,80})[\"”»]")
_SAYS: Final = re.compile(
    r"\b(?:it|screen|app|box|tv|router|portal|website|message|page|display|system|phone) (?:just )?(?:says|shows|said|displays)"
    r"(?: that)?[ ,:]{1,2}([a-z0-9][a-z0-9' ]{2,60})",
    re.IGNORECASE,
)
_SAID_UNTIL: Final = re.compile(
    r"\b(?:and|but|when|every|on|whenever|since|after|although|even|so)\b", re.IGNORECASE
)


def entities_of(text: str, words: Sequence[str]) -> Entities:
    """Find what the utterance names. `words` are `words_of(text)`."""
    text = text[:UTTERANCE_CHARS_MAX]
    return Entities(
        account_id=_number_after(words, _ACCOUNT),
        invoice_number=_number_after(words, _INVOICE),
        product=_product(words),
        error_message=_error(text),
        dates=tuple(dict.fromkeys(match[0].lower() for match in _DATE.finditer(text)))[:DATES_MAX],
        times_called=_times_called(words),
    )


def _number_after(words: Sequence[str], names: frozenset[str]) -> str:
    """The first number within reach of one of `names`; digits typed, spoken or grouped; a prefix of letters stays."""
    for at, word in enumerate(words):
        if word not in names:
            continue
        for start in range(at + 1, min(at + 1 + REACH, len(words))):
            if words[start] in PUNCTUATION - {",", ":"} or words[start] in _ACCOUNT | _INVOICE:
                break
            if number := _number_at(words, start):
                return number
    return ""


def _number_at(words: Sequence[str], start: int) -> str:
    digits, repeat, prefix = "", 1, ""
    for word in words[start : start + ID_CHARS_MAX]:
        if word in _REPEATS:
            repeat = _REPEATS[word]
        elif word in _SPOKEN_DIGITS and (word not in {"o", "oh"} or digits):
            digits += _SPOKEN_DIGITS[word] * repeat
            repeat = 1
        elif word.isascii() and any(map(str.isdigit, word)) and len(word) <= ID_CHARS_MAX:
            digits += word * repeat
            repeat = 1
        elif not digits and not prefix and word.isascii() and word.isalpha() and 1 < len(word) <= 3:
            if word not in {"inv", "acc", "ac", "re", "cus", "cl", "kd"}:
                return ""
            prefix = word.upper() + "-"
        elif word in {",", ":"} and digits:
            continue
        else:
            break
    # Fewer digits are a quantity ("two accounts", "bill of 30").
    return (prefix + digits)[:ID_CHARS_MAX].upper() if len(digits) >= 3 else ""


def _product(words: Sequence[str]) -> str:
    for length in range(_PRODUCT_WORDS_MAX, 0, -1):
        for start in range(len(words) - length + 1):
            name = tuple(words[start : start + length])
            if name in _PRODUCTS:
                return " ".join(name)
    return ""


def _error(text: str) -> str:
    if match := _ERROR_CODE.search(text):
        return f"error {match[1].upper()}"
    if match := _QUOTED.search(text):
        return match[1].strip()
    if match := _SAYS.search(text):
        return _SAID_UNTIL.split(match[1], maxsplit=1)[0].strip()
    return ""


def _times_called(words: Sequence[str]) -> int:
    """Read a count beside a word for calling ("I've called you twice"); a bare "third time" counts too."""
    for at, word in enumerate(words):
        following = words[at + 1] if at + 1 < len(words) else ""
        if word in _ORDINALS and following in _TIME_WORDS:
            return _ORDINALS[word]
        count = int(word) if word.isascii() and word.isdigit() and len(word) <= 2 else _COUNTS.get(word, 0)
        if count and (word == "twice" or following in _TIME_WORDS):
            around = words[max(0, at - _CALLED_WITHIN) : at + _CALLED_WITHIN]
            if not _CALLED.isdisjoint(around):
                return min(count, TIMES_CALLED_MAX)
    return 0
