"""How long a silence ends the caller's turn, judged by the words so far.

A pause after "my number is" or inside a spoken number is a breath, not an end (R-TURN).
"""

import re
from functools import lru_cache
from typing import Literal

Completeness = Literal["complete", "neutral", "unfinished", "digits"]

_WORD = re.compile(r"[a-z0-9']+")
_DIGIT_WORDS = frozenset(
    "zero oh o one two three four five six seven eight nine double triple hundred".split()
)
_OPEN_ENDS = frozenset(
    # conjunctions, prepositions, determiners, auxiliaries: a sentence seldom ends on one
    "and or but so because if when while that which who whose than as of to for from in into on onto at by with "
    "without about between the a an my your our their his her its this these those is are was were am be been "
    "have has had do does did will would can could should may might must i i'm i've i'd i'll we we're they you're "
    "it's there's let's um uh er erm hmm like well actually number".split()
)
_CLOSED_ENDS = frozenset(
    # short answers and closers: complete although short
    "yes no yeah yep nope sure okay ok thanks thank please goodbye bye stop correct right exactly hello hi "
    "help wait repeat".split()
)
_OPEN_PHRASES = (
    "number is",
    "account is",
    "code is",
    "name is",
    "address is",
    "it is",
    "that is",
    "would be",
)
_QUESTION_WORDS = frozenset("what which who where when why how".split())
_QUESTION_ENDS = frozenset(
    "have has do does did are is was were be can will would for about with to on at from in".split()
)
_FILLERS = frozenset(["um", "uh", "er", "erm", "hmm"])
_NEUTRAL_WORDS_MIN = 3


def completeness(text: str, *, digits_expected: int | None = None) -> Completeness:
    """Judge whether `text` sounds finished.

    `digits_expected` is how many digits the agent just asked for, if it did: a shorter string is unfinished and one
    that is long enough is complete.
    """
    words = _WORD.findall(text.lower())
    if not words:
        return "neutral"
    spoken_digits = count_digits(words)
    if digits_expected and spoken_digits > 0:
        return "complete" if spoken_digits >= digits_expected else "digits"
    last = words[-1]
    if last in _FILLERS or text.rstrip().endswith((",", "-", "…", "...")):
        return "unfinished"
    if last in _OPEN_ENDS or " ".join(words).endswith(_OPEN_PHRASES):
        # "Could you repeat that?": recognition puts full stops anywhere, question marks only behind questions. Without
        # punctuation, "what plans do you have" and "which one is it for" end as questions do.
        asked = text.rstrip().endswith("?") or (words[0] in _QUESTION_WORDS and last in _QUESTION_ENDS)
        return "complete" if asked and len(words) > _NEUTRAL_WORDS_MIN else "unfinished"
    if _is_digit(last) and (digits_expected is not None or _spells_a_number(words)):
        return "digits"
    if text.rstrip().endswith((".", "!", "?")) or last in _CLOSED_ENDS:
        return "complete"
    return "complete" if len(words) > _NEUTRAL_WORDS_MIN else "neutral"


def _spells_a_number(words: list[str]) -> bool:
    """Whether the digits at the end are a number being told ("it's eight five") and not a quantity ("a table for two")."""
    before = words[:]
    while before and _is_digit(before[-1]):
        before.pop()
    return len(words) - len(before) > 1 or not before or before[-1] == "is" or before[-1].endswith("'s")


def count_digits(words: list[str]) -> int:
    """How many digits the words spell ("four two 7" is three; "double nine" is two)."""
    count = 0
    double = 1
    for word in words:
        if word in ("double", "triple"):
            double = 2 if word == "double" else 3
            continue
        if word.isdigit():
            count += len(word)
        elif _is_digit(word):
            count += double
        double = 1
    return count


_EXPECTS = re.compile(
    r"\b(?:(?P<count>four|five|six|seven|eight|nine|ten|\d+)[- ]digit\s+)?"
    r"(?:account|customer|order|invoice|reference|phone|telephone|post ?code|zip code|postal code|number|digits|code|pin)\b",
    re.IGNORECASE,
)
_COUNTS = {name: count for count, name in enumerate("four five six seven eight nine ten".split(), start=4)}


@lru_cache(maxsize=256)
def digits_expected_after(agent_text: str) -> int | None:
    """How many digits the agent's last question asks for: 0 when it asks for a number of unknown length, None when not."""
    sentence = re.split(r"(?<=[.!?])\s+", agent_text.strip())[-1]
    if not re.search(r"\?|\b(?:tell|give|say|enter|key|read)\b", sentence, re.IGNORECASE):
        return None
    found = _EXPECTS.search(sentence)
    if not found:
        return None
    count = found["count"]
    return 0 if not count else _COUNTS.get(count.lower()) or int(count)


def _is_digit(word: str) -> bool:
    return word.isdigit() or word in _DIGIT_WORDS
