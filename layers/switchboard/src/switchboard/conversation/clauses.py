"""Cutting a growing reply into pieces worth speaking: a short one first, then sentences."""

import re

FIRST_CLAUSE_CHARS_MIN = 12
"""A first clause this long already covers the synthesis of the second."""
LONG_CLAUSE_CHARS = 90
"""Past this, a comma is a good place to breathe."""
CLAUSE_CHARS_MAX = 220
"""Past this, any space must do: a model without punctuation may not delay speech."""

_SENTENCE_END = re.compile(r"[.!?…]+[\"')\]]*(?=\s)|\n+")
_CLAUSE_END = re.compile(r"(?:[,;:–—]|\s-)(?=\s)")
_ABBREVIATION = re.compile(r"(?:\b(?:mr|mrs|ms|dr|st|no|vs|etc|e\.g|i\.e|approx)|\b[a-z])\.$", re.IGNORECASE)


def take_clauses(buffer: str, *, first: bool, final: bool) -> tuple[list[str], str]:
    """Split `buffer` into clauses ready to be spoken and the rest to keep.

    `first` allows a short opening clause; `final` empties the buffer.
    """
    clauses: list[str] = []
    while True:
        end = _clause_end(buffer, first=first and not clauses)
        if end is None:
            break
        clause, buffer = buffer[:end].strip(), buffer[end:]
        if clause:
            clauses.append(clause)
    if final and buffer.strip():
        clauses.append(buffer.strip())
        buffer = ""
    return clauses, "" if final else buffer


def _clause_end(buffer: str, *, first: bool) -> int | None:
    sentence = _sentence_end(buffer)
    comma_from = FIRST_CLAUSE_CHARS_MIN if first else LONG_CLAUSE_CHARS
    clause = next((m.end() for m in _CLAUSE_END.finditer(buffer) if m.end() >= comma_from), None)
    ends = [end for end in (sentence, clause) if end is not None]
    if ends and min(ends) <= CLAUSE_CHARS_MAX:
        return min(ends)
    if len(buffer) > CLAUSE_CHARS_MAX:
        space = buffer.rfind(" ", 0, CLAUSE_CHARS_MAX)
        return space if space > 0 else CLAUSE_CHARS_MAX
    return None


def _sentence_end(buffer: str) -> int | None:
    for match in _SENTENCE_END.finditer(buffer):
        if not _ABBREVIATION.search(buffer[: match.end()]):
            return match.end()
    return None
