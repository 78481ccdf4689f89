"""A key pressed, or said: 1 billing, 2 technical, 3 sales, 0 a human (R-IVR)."""

from collections.abc import Sequence
from typing import Final

from switchboard.domain.intents.words import PUNCTUATION
from switchboard.domain.understanding import Intent

_INTENTS: Final = {0: Intent.ESCALATION, 1: Intent.BILLING, 2: Intent.TECHNICAL, 3: Intent.SALES}
_DIGITS: Final = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "cero": 0, "uno": 1, "dos": 2, "tres": 3, "zero'": 0, "un": 1, "une": 1, "deux": 2, "trois": 3, "null": 0, "eins": 1,
    "zwei": 2, "zwo": 2, "drei": 3, "due": 2, "tre": 3, "um": 1, "dois": 2, "duas": 2, "first": 1, "second": 2, "third": 3,
}  # fmt: skip
_KEY_WORDS: Final = frozenset(
    """option number press pressed pressing key button choice choose hit dial dialed digit select selected
    opcion numero tecla presiono pulso touche choix numero nummer taste auswahl opzione tasto opcao opcion tasto""".split()
)
_AROUND: Final = frozenset(
    """i i'll will would like want to the a my is it on just go for with think say said yes yeah hi hello then okay well
    take give me that thanks thank you number choose let us la el le die den o il bitte por favor s vous plait per favore pound star am
    going have oh""".split()
)

# "Um", "un" and "second" are as likely hesitations, articles or an order of things.
_NO_COURTESIES: Final = frozenset("give me want would like a take un une um first second third".split())


def intent_of_key(words: Sequence[str]) -> Intent | None:
    """The intent of an utterance that is nothing but one key; an unassigned key is `general`, no key is None."""
    digit: int | None = None
    has_key_word = False
    for word in words:
        value = int(word) if word.isascii() and word.isdigit() and len(word) == 1 else _DIGITS.get(word)
        if word in _KEY_WORDS:
            has_key_word = True
        elif value is not None:
            if digit not in (None, value):
                return None
            digit = value
        elif word in {"*", "#"}:
            return Intent.GENERAL if len(words) == 1 else None
        elif word not in PUNCTUATION and word not in _AROUND:
            return None
    if digit is None:
        return None
    bare = [word for word in words if word not in PUNCTUATION]
    if not has_key_word and not _is_spoken_key(bare):
        return None
    return _INTENTS.get(digit, Intent.GENERAL)


def _is_spoken_key(bare: Sequence[str]) -> bool:
    """Whether a digit stands among courtesies only: "two, thanks", "yeah one", but not "give me one"."""
    return len(bare) <= 3 and _NO_COURTESIES.isdisjoint(bare)
