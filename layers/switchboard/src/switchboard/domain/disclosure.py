"""Saying truthfully that a machine is speaking (invariant C7)."""

import re

_ASKS_IF_HUMAN = re.compile(
    r"\b(?:are|r) (?:you|u) (?:(?:really|actually|even|just|an?|some|the|kind of|like|real|live|actual) )*"
    r"(?:human|person|robot|bot|machine|computer|ai|a i|chat ?bot|recording|someone real|alive|real)\b"
    r"|\bam i (?:(?:really|actually|just) )*(?:talking|speaking|chatting) (?:to|with) "
    r"(?:(?:an?|some|the|kind of|like|real|live|actual) )*"
    r"(?:human|person|robot|bot|machine|computer|ai|a i|recording|someone real)\b"
    r"|\bis (?:this|that) (?:(?:really|actually|just|an?|some|the|real|live|actual) )*"
    r"(?:human|person|robot|bot|machine|computer|ai|a i|recording)\b",
    re.IGNORECASE,
)
_NOT_LETTERS = re.compile(r"[^\w' ]+")


def asks_if_human(text: str) -> bool:
    """Whether the caller asks if a person or a machine is speaking."""
    return _ASKS_IF_HUMAN.search(_NOT_LETTERS.sub(" ", text)) is not None
