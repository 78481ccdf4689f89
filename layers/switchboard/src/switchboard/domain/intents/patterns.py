"""Phrases as data: a small pattern language over words, and a matcher without backtracking beyond a fixed gap.

A lexicon is `weight: phrase; phrase; ...`, over as many lines as it takes. In a phrase a blank separates elements: `word`, `a|b` (either), `stem*`
(any word that begins so), `@group` (any word of a named group), `element?` (may be missing), `~` (up to three words, or
commas, in between). The time is linear in the number of words: each start tries the few phrases that begin with its word,
and each phrase reaches a bounded number of words ahead.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

from switchboard.domain.intents.words import STOPS

GAP_MAX: Final = 3
STEM_CHARS_MIN: Final = 3

Label = TypeVar("Label")


class Phrase(NamedTuple):
    """One way through a phrase: each element is the words and stems that fit, or None for a gap."""

    elements: tuple[frozenset[str] | None, ...]
    weight: float


class Match(NamedTuple, Generic[Label]):
    """A phrase found at words[start:end]."""

    start: int
    end: int
    weight: float
    label: Label


class Lexicon(Generic[Label]):
    """Phrases with labels, indexed by the words that can begin them."""

    def __init__(self, groups: Mapping[str, str] | None = None) -> None:
        self._groups = {name: frozenset(words.split()) for name, words in (groups or {}).items()}
        self._stems: set[str] = set()
        self._by_first: dict[str, list[tuple[Phrase, Label]]] = {}

    def add(self, label: Label, lines: str) -> None:
        """Add every phrase of a block of lines under one label."""
        for weight, phrases in _by_weight(lines):
            for text in phrases.split(";"):
                for elements in self._compiled(text.split()):
                    self._index(Phrase(elements, weight), label)

    def matches(self, words: Sequence[str]) -> list[Match[Label]]:
        """Return every occurrence of every phrase; one phrase at one start counts once, at its shortest."""
        forms = [self._forms(word) for word in words]
        found = []
        for start, own in enumerate(forms):
            for form in own:
                for phrase, label in self._by_first.get(form, ()):
                    end = _end(phrase.elements, 1, forms, words, start + 1)
                    if end:
                        found.append(Match(start, end, phrase.weight, label))
        return found

    def _forms(self, word: str) -> tuple[str, ...]:
        """The word itself and those of its beginnings that are stems of some phrase."""
        stems = (f"{word[:length]}*" for length in range(STEM_CHARS_MIN, min(len(word), 20) + 1))
        return (word, *(stem for stem in stems if stem in self._stems))

    def _compiled(self, texts: list[str]) -> Iterator[tuple[frozenset[str] | None, ...]]:
        """Both ways for every element that may be missing."""
        ways: list[tuple[frozenset[str] | None, ...]] = [()]
        for text in texts:
            element = None if text == "~" else self._element(text.removesuffix("?"))
            longer = [(*way, element) for way in ways]
            ways = [*longer, *ways] if text.endswith("?") else longer
        yield from (way for way in ways if way)

    def _element(self, text: str) -> frozenset[str]:
        choices: set[str] = set()
        for choice in text.split("|"):
            choices |= self._groups[choice[1:]] if choice.startswith("@") else {choice}
        for choice in choices:
            if choice.endswith("*"):
                assert len(choice) > STEM_CHARS_MIN, choice
                self._stems.add(choice)
        return frozenset(choices)

    def _index(self, phrase: Phrase, label: Label) -> None:
        first = phrase.elements[0]
        assert first is not None, "a phrase begins with a word"
        for form in first:
            self._by_first.setdefault(form, []).append((phrase, label))


def _by_weight(lines: str) -> Iterator[tuple[float, str]]:
    """Each weight with its phrases. A weight and its colon begin a line; other lines continue the one before."""
    weight, phrases = 0.0, ""
    for line in lines.strip().splitlines():
        head, _, rest = line.partition(":")
        if head.replace(".", "", 1).isdigit():
            yield weight, phrases
            weight, phrases = float(head), rest
        else:
            phrases += line
    yield weight, phrases


def _end(
    elements: tuple[frozenset[str] | None, ...],
    index: int,
    forms: Sequence[tuple[str, ...]],
    words: Sequence[str],
    at: int,
) -> int:
    """The end of the shortest match of elements[index:] from `at` on; 0 where there is none."""
    while index < len(elements):
        element = elements[index]
        if element is None:
            for skipped in range(GAP_MAX + 1):
                if end := _end(elements, index + 1, forms, words, at + skipped):
                    return end
                if at + skipped >= len(words) or words[at + skipped] in STOPS:
                    return 0
            return 0
        if at >= len(words) or element.isdisjoint(forms[at]):
            return 0
        index, at = index + 1, at + 1
    return at


def best_cover(matches: list[Match[Label]]) -> list[Match[Label]]:
    """The matches that stand when each word counts once: heavier first, then longer, then earlier; in order of start."""
    kept: list[Match[Label]] = []
    taken: set[int] = set()
    for match in sorted(matches, key=lambda each: (-each.weight, each.start - each.end, each.start)):
        span = range(match.start, match.end)
        if taken.isdisjoint(span):
            taken.update(span)
            kept.append(match)
    return sorted(kept, key=lambda each: each.start)
