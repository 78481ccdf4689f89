"""A JSGF grammar as the smallest deterministic word automaton that accepts the same sentences.

pocketsphinx can read JSGF itself, but writes every reference to a rule out in full, with empty moves between: memory, and with a
richer grammar decoding time too, grow several times over what the same language needs when determinised and minimised.
Read is the part of JSGF 1.0 (https://www.w3.org/TR/jsgf/) that the grammar uses: rules,
references, groups, options and alternatives; no weights, tags or repetition.
"""

import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

STATES_MAX = 20_000
"""Refuse a grammar that would not fit the decoder; the one shipped has some 660 states."""

_SYMBOL = re.compile(r"<[\w.]+>|[|()\[\];=]|[^\s|()\[\];=<>]+")


class Automaton(Struct, frozen=True):
    """A deterministic automaton over words. State 0 starts; `arcs[state]` maps a word to the next state."""

    arcs: tuple[dict[str, int], ...]
    accepting: frozenset[int]

    def accepts(self, sentence: str) -> bool:
        """Tell whether the blank-separated words are a whole sentence of the grammar."""
        state: int | None = 0
        for word in sentence.split():
            state = self.arcs[state].get(word) if state is not None else None
        return state in self.accepting

    @property
    def words(self) -> frozenset[str]:
        """Every word of the grammar."""
        return frozenset(word for arcs in self.arcs for word in arcs)


class GrammarInvalid(Exception):
    """The text is not the supported part of JSGF, or too large."""


@cache
def load(path: Path) -> Automaton:
    """Read and compile a grammar file, once per process."""
    return compile_jsgf(path.read_text(encoding="utf-8"))


def compile_jsgf(text: str) -> Automaton:
    """Compile the public rule of a JSGF text. Raises `GrammarInvalid`."""
    rules, public = _parse(text)
    net = _Net(rules)
    end = net.add(public, 0)
    return _minimise(_determinise(net, end))


# ---- reading -----------------------------------------------------------------------------------


class _Rule(NamedTuple):
    name: str


class _Sequence(NamedTuple):
    items: tuple["_Node", ...]


class _Choice(NamedTuple):
    options: tuple["_Node", ...]


_Node = str | _Rule | _Sequence | _Choice


def _parse(text: str) -> tuple[dict[str, _Node], _Node]:
    body = re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.DOTALL)
    body = re.sub(r"^#JSGF[^;]*;|grammar\s+[\w.]+\s*;", " ", body)
    rules: dict[str, _Node] = {}
    public: _Node | None = None
    symbols = _SYMBOL.findall(body)
    position = 0
    while position < len(symbols):
        is_public = symbols[position] == "public"
        position += is_public
        if (
            position + 1 >= len(symbols)
            or not symbols[position].startswith("<")
            or symbols[position + 1] != "="
        ):
            raise GrammarInvalid(f"expected a rule at {' '.join(symbols[position : position + 3])!r}")
        name = symbols[position]
        node, position = _choice(symbols, position + 2)
        if symbols[position : position + 1] != [";"]:
            raise GrammarInvalid(f"expected ';' after {name}")
        position += 1
        rules[name] = node
        public = _Rule(name) if is_public else public
    if public is None:
        raise GrammarInvalid("no public rule")
    return rules, public


def _choice(symbols: list[str], position: int) -> tuple[_Node, int]:
    options = []
    while True:
        option, position = _sequence(symbols, position)
        options.append(option)
        if symbols[position : position + 1] != ["|"]:
            return _Choice(tuple(options)), position
        position += 1


def _sequence(symbols: list[str], position: int) -> tuple[_Node, int]:
    items: list[_Node] = []
    while position < len(symbols) and symbols[position] not in {"|", ")", "]", ";"}:
        symbol = symbols[position]
        position += 1
        if symbol in {"(", "["}:
            inner, position = _choice(symbols, position)
            if symbols[position : position + 1] != [")" if symbol == "(" else "]"]:
                raise GrammarInvalid("unbalanced bracket")
            position += 1
            items.append(inner if symbol == "(" else _Choice((inner, _Sequence(()))))
        elif symbol == "=":
            raise GrammarInvalid("a rule lacks its ';'")
        else:
            items.append(_Rule(symbol) if symbol.startswith("<") else symbol)
    return _Sequence(tuple(items)), position


# ---- from rules to automaton -------------------------------------------------------------------


class _Net:
    """A nondeterministic automaton with empty moves, rules written out in full."""

    def __init__(self, rules: dict[str, _Node]) -> None:
        self._rules = rules
        self._open: list[str] = []
        self.words: list[list[tuple[str, int]]] = [[]]
        self.empty: list[list[int]] = [[]]

    def add(self, node: _Node, start: int) -> int:
        """Append what `node` accepts behind state `start`; returns the state behind it."""
        match node:
            case str():
                end = self._state()
                self.words[start].append((node, end))
                return end
            case _Sequence(items):
                for item in items:
                    start = self.add(item, start)
                return start
            case _Choice(options):
                ends = [self.add(option, start) for option in options]
                end = self._state()
                for each in ends:
                    self.empty[each].append(end)
                return end
            case _Rule(name):
                if name not in self._rules or name in self._open:
                    raise GrammarInvalid(f"{name} is not defined or refers to itself")
                self._open.append(name)
                # Apart from what precedes, or an option's way back would be shared.
                entry = self._state()
                self.empty[start].append(entry)
                end = self.add(self._rules[name], entry)
                self._open.pop()
                return end

    def _state(self) -> int:
        self.words.append([])
        self.empty.append([])
        return len(self.words) - 1

    def closure(self, states: set[int]) -> frozenset[int]:
        found, waiting = set(states), list(states)
        while waiting:
            for state in self.empty[waiting.pop()]:
                if state not in found:
                    found.add(state)
                    waiting.append(state)
        # Only states that lead on by a word, or end, tell two sets apart.
        return frozenset(s for s in found if self.words[s] or not self.empty[s])


def _determinise(net: _Net, end: int) -> Automaton:
    start = net.closure({0})
    numbers = {start: 0}
    waiting = [start]
    arcs: list[dict[str, int]] = [{}]
    accepting = set()
    while waiting:
        states = waiting.pop()
        number = numbers[states]
        if end in states:
            accepting.add(number)
        targets: dict[str, set[int]] = defaultdict(set)
        for state in states:
            for word, target in net.words[state]:
                targets[word].add(target)
        for word, raw in targets.items():
            target_states = net.closure(raw)
            if target_states not in numbers:
                numbers[target_states] = len(numbers)
                arcs.append({})
                waiting.append(target_states)
            arcs[number][word] = numbers[target_states]
    return Automaton(tuple(arcs), frozenset(accepting))


def _minimise(automaton: Automaton) -> Automaton:
    """Merge states with the same future, last states first; the language is finite, so there are no loops."""
    merged: dict[tuple[bool, frozenset[tuple[str, int]]], int] = {}
    of_state: dict[int, int] = {}
    for state in _children_first(automaton):
        arcs = frozenset((word, of_state[target]) for word, target in automaton.arcs[state].items())
        of_state[state] = merged.setdefault((state in automaton.accepting, arcs), len(merged))
    if len(merged) > STATES_MAX:
        raise GrammarInvalid(f"{len(merged)} states, more than {STATES_MAX}")
    last = len(merged) - 1  # the start state comes last; numbered downwards it becomes 0
    arcs_of = {last - number: {w: last - t for w, t in arcs} for (_, arcs), number in merged.items()}
    accepting = frozenset(last - number for (accepts, _), number in merged.items() if accepts)
    return Automaton(tuple(arcs_of[number] for number in range(len(merged))), accepting)


def _children_first(automaton: Automaton) -> list[int]:
    order: list[int] = []
    seen = {0}
    stack = [(0, iter(automaton.arcs[0].values()))]
    while stack:
        state, targets = stack[-1]
        for target in targets:
            if target not in seen:
                seen.add(target)
                stack.append((target, iter(automaton.arcs[target].values())))
                break
        else:
            order.append(state)
            stack.pop()
    return order
