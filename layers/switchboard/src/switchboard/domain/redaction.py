"""Mask what identifies or endangers a caller in a transcript, by rules that would rather mask too much.

Numbers are masked from three digits on, whether written ("4111 1111"), spoken ("four one, uh, double one") or mixed, and
also where a run goes on in the same speaker's next turn. E-mail addresses are masked written and spoken. Only English
number words are known: in any other language every turn is withheld (law P7). Names, addresses and dates without
digits need a recogniser, which this module is not.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from switchboard.domain.transcripts import Speaker, TranscriptTurn

NUMBER_MASK: Final = "[number]"
EMAIL_MASK: Final = "[email]"
WITHHELD: Final = "[withheld]"

DIGITS_MIN: Final = 3
"""A card's verification code has three; shorter numbers are prices, times and counts."""
GAP_WORDS_MAX: Final = 4
"""Words that a run of digits may contain without ending: "four one, no wait, sorry, four two"."""
LANGUAGES: Final = frozenset({"en"})

_DIGITS_OF: Final[dict[str, int]] = {
    **dict.fromkeys("zero one two three four five six seven eight nine nought niner".split(), 1),
    **dict.fromkeys("first second third fourth fifth sixth seventh eighth ninth".split(), 1),
    **dict.fromkeys(
        "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
        " twenty thirty forty fourty fifty sixty seventy eighty ninety tenth eleventh twelfth"
        " twentieth thirtieth".split(),
        2,
    ),
    **dict.fromkeys("hundred thousand million billion".split(), 2),
}
_HOMOPHONES: Final = frozenset(
    "o oh owe won wan to too tu tree free for fore fife sicks ate eat nein nine's hero".split()
)
"""What recognisers write for a digit; they count only where a number word stands beside them."""
_MULTIPLIERS: Final = {"double": 1, "triple": 2, "treble": 2, "quadruple": 3}
_TOKEN: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_DOT: Final = r"(?:\s+(?:dot|point|period|underscore|dash|hyphen|minus|plus)\s+)"
_EMAIL: Final = re.compile(
    rf"\S+@\S+|[^\W_]+(?:{_DOT}[^\W_]+|\s+[^\W_]{{1,2}}(?=\s))*\s+at\s+[^\W_]+(?:{_DOT}[^\W_]+)+",
    re.IGNORECASE,
)


class _Token(Struct, frozen=True):
    turn: int
    start: int
    end: int
    digits: int
    is_certain: bool
    is_mask: bool = False


def redact(turns: Sequence[TranscriptTurn], *, language: str) -> tuple[TranscriptTurn, ...]:
    """Return the turns with everything protected masked. Applying it twice changes nothing more."""
    if language.partition("-")[0].lower() not in LANGUAGES:
        return withhold(turns)
    masked = [replace(turn, text=_EMAIL.sub(EMAIL_MASK, turn.text)) for turn in turns]
    cuts: dict[int, list[tuple[int, int]]] = {}
    for speaker in ("caller", "agent"):
        for run in _runs(_settled(list(_tokens(masked, speaker)))):
            for index, start, end in _spans(run):
                cuts.setdefault(index, []).append((start, end))
    return tuple(
        replace(turn, text=_cut(turn.text, sorted(cuts.get(index, [])))) for index, turn in enumerate(masked)
    )


def redact_text(text: str, *, language: str) -> str:
    """Return one text with everything protected masked."""
    return redact((TranscriptTurn("agent", text),), language=language)[0].text


def withhold(turns: Iterable[TranscriptTurn]) -> tuple[TranscriptTurn, ...]:
    """Return the turns without their words: what remains is who spoke when."""
    return tuple(replace(turn, text=WITHHELD) for turn in turns)


def _tokens(turns: Sequence[TranscriptTurn], speaker: Speaker) -> Iterator[_Token]:
    """The speaker's words in order, over all turns: numbers are spelled across the other's "mm-hm"."""
    masks = {NUMBER_MASK.strip("[]"), EMAIL_MASK.strip("[]")}
    for index, turn in enumerate(turns):
        if turn.speaker != speaker:
            continue
        for match in _TOKEN.finditer(turn.text):
            word = match.group().lower()
            is_mask = word in masks and turn.text[match.start() - 1 : match.start()] == "["
            written = sum(character.isnumeric() for character in word)
            digits = written or _DIGITS_OF.get(word) or _DIGITS_OF.get(word.rstrip("s")) or 0
            uncertain = _MULTIPLIERS.get(word, 1 if word in _HOMOPHONES else 0)
            yield _Token(
                index, match.start(), match.end(), 0 if is_mask else digits or uncertain, digits > 0, is_mask
            )


def _settled(tokens: list[_Token]) -> list[_Token]:
    """Let homophones count where they stand beside a number, directly or through other homophones."""
    for order in (range(1, len(tokens)), range(len(tokens) - 2, -1, -1)):
        step = -1 if order.step > 0 else 1
        for index in order:
            token, beside = tokens[index], tokens[index + step]
            if token.digits and not token.is_certain and beside.is_certain:
                tokens[index] = replace(token, is_certain=True)
    return [token if token.is_certain else replace(token, digits=0) for token in tokens]


def _runs(tokens: Sequence[_Token]) -> Iterator[list[_Token]]:
    """Stretches of tokens that begin and end with a digit and hold enough of them."""
    run: list[_Token] = []
    gap = 0
    for token in tokens:
        if token.digits and not token.is_mask:
            run.append(token)
            gap = 0
        elif run:
            run.append(token)
            gap += 1
            if gap > GAP_WORDS_MAX or token.is_mask:
                yield from _worth_masking(run[:-gap])
                run, gap = [], 0
    if run:
        yield from _worth_masking(run[: len(run) - gap])


def _worth_masking(run: list[_Token]) -> Iterator[list[_Token]]:
    if sum(token.digits for token in run) >= DIGITS_MIN:
        yield run


def _spans(run: Sequence[_Token]) -> Iterator[tuple[int, int, int]]:
    """Per turn, from the run's first token in it to its last."""
    for index in sorted({token.turn for token in run}):
        inside = [token for token in run if token.turn == index]
        yield index, inside[0].start, inside[-1].end


def _cut(text: str, spans: Sequence[tuple[int, int]]) -> str:
    pieces: list[str] = []
    position = 0
    for start, end in spans:
        pieces += [text[position:start], NUMBER_MASK]
        position = end
    return "".join([*pieces, text[position:]])
