"""Where one thing a caller says ends and the next begins, with or without punctuation."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from switchboard.domain.intents.words import PUNCTUATION, STOPS

RUN_ON_WORDS_MIN: Final = 3
"""A recogniser that writes no punctuation still leaves "I" and "we" at the start of what comes next."""

_CONNECTORS: Final = frozenset(
    """and but also plus then however besides additionally or while secondly second third finally
    y e et und pero mais aber ma mas tambien aussi auch anche tambem luego puis dann poi depois ademas ed ensuite ausserdem inoltre alem""".split()
)
_REASONS: Final = frozenset(
    "if unless because cause since due so as after although though porque parce car weil perche da wegen obwohl".split()
)
_SUBJECTS: Final = frozenset("i we".split())
# "What I owe", "can I", "the phone I ordered" go on; "my wifi is slow I want" does not.
_GOES_ON: Final = frozenset(
    """that what when if as than how why where which until who can could do did am should would may will shall might must
    have has had are was were think thought said before after once every time whatever whenever the a is""".split()
)

_STATES: Final = frozenset(
    "want need would also can could am have keep would just wish wonder cannot".split()
)


class Clause(NamedTuple):
    """words[start:end], with at least one word that is not punctuation."""

    start: int
    end: int
    is_reason: bool
    starts_sentence: bool


def clauses_of(words: Sequence[str]) -> list[Clause]:
    """Cut an utterance into clauses. Every word but punctuation and connectors is in exactly one."""
    clauses: list[Clause] = []
    start, is_reason, starts_sentence = 0, False, True

    def close(end: int) -> None:
        if end > start:
            clauses.append(Clause(start, end, is_reason, starts_sentence))

    for at, word in enumerate(words):
        if word in PUNCTUATION or word in _CONNECTORS:
            close(at)
            if at > start or word in STOPS:
                is_reason = False
                starts_sentence = word in STOPS
            start = at + 1
        elif word in _REASONS:
            close(at)
            starts_sentence = starts_sentence and at == start
            start, is_reason = at, word not in {"so", "as", "after"}
        elif (
            word in _SUBJECTS
            and at - start >= RUN_ON_WORDS_MIN
            and words[at - 1] not in _GOES_ON
            and words[at + 1 : at + 2]
            and words[at + 1] in _STATES
        ):
            close(at)
            start, is_reason, starts_sentence = at, False, False
    close(len(words))
    return clauses
