"""Saying truthfully that a machine is speaking (invariant C7)."""

import re

_WHO = (
    r"(?:human|person|(?:ro|chat ?)?bot|machine|computer|ai|a i|artificial intelligence|chat ?gpt|recording|automated|"
    r"(?:live|real|human|virtual|digital) (?:agent|assistant|operator|representative))\b"
    # "are you a computer shop", "are you the person who called": about something else
    r"(?! (?:shop|store|repairs?|support|services?|department|dealer|company|business|problem|issue|studio)\b)"
    r"(?! (?:who|that) (?:called|rang|phoned|wrote|sent|told|said|helped)\b)"
)
_SMALL = r"(?:(?:really|actually|even|just|not|an?|some|the|kind of|sort of|like|real|live|actual) )*"
_TALK = r"(?:talk|talking|speak|speaking|chatting|connected|reach|reached) (?:(?:to|with) )?"
_ASKS_IF_HUMAN = re.compile(
    rf"\b(?:are|r) (?:you|u) {_SMALL}(?:{_WHO}|(?:someone |somebody )?real\b|alive\b)"
    rf"|\b(?:you're|you are) {_SMALL}{_WHO}"
    rf"|\b(?:am i|are we|do i|did i|i'm|i am|we're) {_SMALL}{_TALK}{_SMALL}(?:{_WHO}|(?:someone|somebody) real\b)"
    rf"|\bis (?:this|that) {_SMALL}{_WHO}"
    rf"|\bis it {_SMALL}{_WHO} (?:that )?(?:i'm|i am|we're) {_TALK}"
    rf"|\bis there {_SMALL}{_WHO} (?:there|here|on (?:the|this) (?:line|phone)|on the other end)\b"
)
_WORD = re.compile(r"[\w']+")


def asks_if_human(text: str) -> bool:
    """Whether the caller asks if a person or a machine is speaking. Asking *for* a person is something else."""
    words = " ".join(_WORD.findall(text.lower().replace("’", "'")))
    return _ASKS_IF_HUMAN.search(f"{words} ") is not None
