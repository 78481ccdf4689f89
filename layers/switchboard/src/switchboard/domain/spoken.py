"""Text written for the eye, rewritten for the ear (R-SPOKEN).

Laws: applying it twice changes nothing more; no letter is lost, except the scheme, `www.` and query of a web address and the language
tag of a code fence; any fragment of a reply is valid input. Plain numbers, years and numbers with separators stay digits,
which synthesizers read well.
"""

import re
import unicodedata
from typing import Final

from switchboard.domain.spoken_numbers import date, digit_groups, money, ordinal, time_of_day

PASSES_MAX: Final = 6
"""One rule can lay bare what an earlier one looks for (`_- x_`); ordinary text needs a single pass and one to notice."""

_PLAIN: Final = re.compile(r" ?[A-Za-z']+(?:[,;:.!?]? [A-Za-z']+)*[,;:.!?]? ?")
"""Words one blank apart: most clauses are, and no rule below finds anything in them."""

_FENCE: Final = re.compile(r"^\s*(?:```|~~~)\w*\s*$", re.MULTILINE)
_TABLE_RULE: Final = re.compile(r"^[\s|:+=-]*(?:--|==)[\s|:+=-]*$|^\s*(?:[-*_]\s*){3,}$", re.MULTILINE)
_LINK: Final = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")
_CITATION: Final = re.compile(r"\[\^?[0-9]{1,3}\]")
_BLOCK_START: Final = re.compile(r"^\s*(?:(?:#{1,6}|[-+*•◦‣>])(?:\s+|$))+|^\s*>+")

_URL: Final = re.compile(
    r"(?i)\bhttps?://(?:www\.)?([^\s<>\"'|`*]*[^\s<>\"'|`*.,;:!?)\]}])?|\bwww\.(?=[^\s.])"
)
_DOMAIN: Final = re.compile(
    r"(?i)(?<![\w.@-])(?:([a-z0-9][a-z0-9._+-]*)@)?((?:[a-z0-9-]+\.)+(?:com|org|net|gov|edu|io|ai|us|uk|de))\b((?:/[\w.-]*\w)*)/?"
)
_MONEY: Final = re.compile(
    r"(?<![\w$€£.,])(-?)([$€£])\s?([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.([0-9]{1,2}))?"
    r"(?:\s(thousand|million|billion)\b)?(?![\w$€£]|[.,][0-9])"
)
_ISO_DATE: Final = re.compile(r"(?<![\w-])([0-9]{4})-([0-9]{2})-([0-9]{2})(?![\w-])")
_TIME: Final = re.compile(
    r"(?<![\w:.])([01]?[0-9]|2[0-3]):([0-5][0-9])(?![\w:]|\.[0-9])(\s?[AaPp]\.?[Mm]\b)?"
)
_TIME_GLUED: Final = re.compile(r"(?<![\w:.])([01]?[0-9]|2[0-3]):([0-5][0-9])(?=[AaPp]\.?[Mm]\b)")
_ORDINAL: Final = re.compile(r"(?<![\w.,-])([0-9]{1,2})(st|nd|rd|th)\b")
_PERCENT: Final = re.compile(r"(?<=[0-9])\s?%")
_RANGE: Final = re.compile(r"(?<=[0-9])\s?[–—]\s?(?=[0-9])")
_GROUPED_DIGITS: Final = re.compile(
    r"(?<![\w$€£])(?<![0-9][.,:/-])(\+?)(\(?[0-9]{1,6}\)?(?:(?:[-.]|\s)\(?[0-9]{2,6}\)?)+)(?![0-9]|[.,:/-][0-9])"
)
_DIGITS: Final = re.compile(r"(?<![0-9$€£])(?<![0-9][.,:/])(\+?)([0-9]{5,})(?![0-9]|[.,:/][0-9])")
_LAST_DIGITS: Final = re.compile(
    r"(?i)\b((?:end(?:s|ing)? in|code(?: is)?|pin(?: is)?|extension|last four(?: digits)?(?: are| is)?)\s)([0-9]{3,4})(?![0-9]|[.,:/-][0-9])"
)

_SYMBOLS: Final = (
    (re.compile(r"(?<=[0-9])\s?°\s?"), " degrees "),
    (re.compile(r"\s?&\s?"), " and "),
    (re.compile(r"(?<=[0-9])\s?[*×]\s?(?=[0-9])"), " times "),
    (re.compile(r"\s?=\s?"), " equals "),
    (re.compile(r"<\s?(?=[$€£]?[0-9])"), " less than "),
    (re.compile(r"(?<=\S\s)>\s?(?=[$€£]?[0-9])"), " more than "),
    (re.compile(r"~(?=[$€£]?[0-9])"), "about "),
    (re.compile(r"#(?=[0-9])"), "number "),
    (re.compile(r"(?<=\S\s)#(?=\s|$)"), "pound"),
    (re.compile(r"(?<=[^\W_])_+(?=[^\W_])|[<>{}|]"), " "),
    (re.compile(r"[*_`#~\\\[\]]"), ""),
)

_PHONE_DIGITS_MIN: Final = 7
"""Fewer digits in groups ("20 30", "3-5") are more often quantities than a number to write down."""

_KEYCAP, _TEXT_STYLE, _EMOJI_STYLE = "\u20e3", "\ufe0e", "\ufe0f"


def for_the_ear(text: str) -> str:
    """Return `text` without markup and emoji, its addresses, digit runs, money, times and percents in spoken words.

    One blank at either end stays, so fragments still join. Zeros: the last of a group reads "oh", any other "zero"
    ("850-687-2085" is "eight-five-oh, six-eight-seven, two-zero-eight-five"). A lone run of five or more digits is read digit by digit.
    """
    if _PLAIN.fullmatch(text):
        return text
    for _ in range(PASSES_MAX):
        spoken = _pass(text)
        if spoken == text:
            break
        text = spoken
    return text


def _pass(text: str) -> str:
    text = _LINK.sub(r"\1", _CITATION.sub("", _FENCE.sub("", text)))
    text = _DOMAIN.sub(_address, _URL.sub(_url, text))
    text = _one_line(_TABLE_RULE.sub("", text))
    for pattern, words in _SYMBOLS:
        text = pattern.sub(words, text)
    if not text.isascii():
        text = _without_pictures(text)
    text = _numbers(text)
    return re.sub(r"\s+(?=[,.;:!?](?:\s|$))", "", re.sub(r"\s+", " ", text))


def _numbers(text: str) -> str:
    text = _MONEY.sub(lambda m: money(m[2], m[3], m[4], m[5], is_negative=bool(m[1])), text)
    text = _ISO_DATE.sub(lambda m: date(m[1], m[2], m[3]) or m[0], text)
    text = _TIME_GLUED.sub(r"\1:\2 ", text)
    text = _TIME.sub(
        lambda m: time_of_day(int(m[1]), int(m[2]), has_half=m[3] is not None) + (m[3] or ""), text
    )
    text = _ORDINAL.sub(lambda m: ordinal(int(m[1])) if m[1].strip("0") else m[0], text)
    text = _PERCENT.sub(" percent", text)
    text = _LAST_DIGITS.sub(lambda m: m[1] + digit_groups(m[2]), text)
    text = _GROUPED_DIGITS.sub(_grouped_digits, _RANGE.sub(" to ", text))
    return _DIGITS.sub(_lone_digits, text)


def _url(match: re.Match[str]) -> str:
    return re.split(r"[?#]", match[1] or "", maxsplit=1)[0]


def _address(match: re.Match[str]) -> str:
    mailbox, host, path = match[1], match[2], match[3]
    spoken = f"{mailbox} at {host}" if mailbox else host
    return (spoken + path.replace("/", " slash ")).replace(".", " dot ")


def _one_line(text: str) -> str:
    """Join lines; where a block (heading, list item, table row, paragraph) ends, a stop takes the line's place."""
    if not text.strip():
        return text
    joined, needs_stop = "", False
    for line in text.splitlines():
        content = _BLOCK_START.sub("", line)
        is_block = content != line or "|" in line or not line.strip()
        content = re.sub(r"\s*\|\s*", ", ", content.strip().strip("|").strip()) if "|" in line else content
        if not content.strip():
            needs_stop = True
            continue
        if joined.strip():
            has_stop = joined.rstrip().endswith((".", "!", "?", ":", ";", ","))
            joined = joined.rstrip() + (". " if (is_block or needs_stop) and not has_stop else " ")
            content = content.lstrip()
        joined, needs_stop = joined + content, is_block
    return joined


def _without_pictures(text: str) -> str:
    kept = "".join(" " if _is_picture(character) else character for character in text)
    # A joiner glues emoji to one picture; between letters of some scripts it shapes them and stays.
    return re.sub("(?<![^\\W\\d_])\u200d|\u200d(?![^\\W\\d_])", "", kept)


def _is_picture(character: str) -> bool:
    return (
        unicodedata.category(character) in {"So", "Cs"}
        or character in (_KEYCAP, _TEXT_STYLE, _EMOJI_STYLE)
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
    )


def _grouped_digits(match: re.Match[str]) -> str:
    groups = re.findall(r"[0-9]+", match[2])
    is_decimal = len(groups) == 2 and "." in match[2]
    if sum(map(len, groups)) < _PHONE_DIGITS_MIN or is_decimal:
        return match[0]
    return ("plus " if match[1] else "") + digit_groups(*groups)


def _lone_digits(match: re.Match[str]) -> str:
    before = match.string[: match.start()][-1:]
    after = match.string[match.end() :][:1]
    words = ("plus " if match[1] else "") + digit_groups(match[2])
    return (" " if before.isalnum() else "") + words + (" " if after.isalnum() else "")
