"""All lexicons, compiled; once per process, at the first utterance or ahead by `rules.warm_up`."""

from enum import StrEnum
from functools import cache

from switchboard.domain.intents.lexicons import (
    billing,
    denial,
    escalation,
    feelings,
    general,
    languages,
    onboarding,
    safety,
    sales,
    technical,
)
from switchboard.domain.intents.lexicons.groups import GROUPS
from switchboard.domain.intents.patterns import Lexicon
from switchboard.domain.understanding import Intent, Sentiment


class Mark(StrEnum):
    """What a phrase can do besides naming a need."""

    HUMAN = "human"
    HUMAN_BARE = "human_bare"
    NOT_HUMAN = "not_human"
    EMERGENCY = "emergency"
    NOT_EMERGENCY = "not_emergency"
    LEGAL = "legal"
    INJECTION = "injection"
    NEGATION = "negation"
    WORKS = "works"
    CALM = "calm"
    ASKS = "asks"
    BACKGROUND = "background"


Label = Intent | Mark | Sentiment


@cache
def function_words() -> dict[str, frozenset[str]]:
    """The little words of each language."""
    return {code: frozenset(words.split()) for code, words in languages.FUNCTION_WORDS.items()}


@cache
def english() -> Lexicon[Label]:
    """What is searched for in every utterance."""
    lexicon: Lexicon[Label] = Lexicon(GROUPS)
    lexicon.add(Intent.BILLING, billing.BILLING)
    lexicon.add(Intent.TECHNICAL, technical.TECHNICAL)
    lexicon.add(Intent.SALES, sales.SALES)
    lexicon.add(Intent.ONBOARDING, onboarding.ONBOARDING)
    lexicon.add(Intent.GENERAL, general.GENERAL)
    lexicon.add(Intent.ESCALATION, escalation.ESCALATION)
    lexicon.add(Mark.HUMAN, safety.HUMAN)
    lexicon.add(Mark.HUMAN_BARE, safety.HUMAN_BARE)
    lexicon.add(Mark.NOT_HUMAN, safety.NOT_HUMAN)
    lexicon.add(Mark.EMERGENCY, safety.EMERGENCY)
    lexicon.add(Mark.NOT_EMERGENCY, safety.NOT_EMERGENCY)
    lexicon.add(Mark.LEGAL, escalation.LEGAL)
    lexicon.add(Mark.INJECTION, denial.INJECTION)
    lexicon.add(Mark.NEGATION, denial.NEGATION)
    lexicon.add(Mark.WORKS, denial.WORKS)
    lexicon.add(Mark.CALM, feelings.CALM)
    lexicon.add(Mark.ASKS, feelings.ASKS)
    lexicon.add(Mark.BACKGROUND, general.BACKGROUND)
    lexicon.add(Sentiment.FRUSTRATED, feelings.FRUSTRATED)
    lexicon.add(Sentiment.NEGATIVE, feelings.NEGATIVE)
    lexicon.add(Sentiment.POSITIVE, feelings.POSITIVE)
    return lexicon


@cache
def foreign() -> Lexicon[Label]:
    """What is searched for besides where an utterance is not plainly English."""
    lexicon: Lexicon[Label] = Lexicon()
    for by_intent in languages.BY_LANGUAGE.values():
        for intent, lines in by_intent.items():
            lexicon.add(intent, lines)
    lexicon.add(Mark.HUMAN, languages.HUMAN)
    lexicon.add(Mark.EMERGENCY, languages.EMERGENCY)
    lexicon.add(Sentiment.FRUSTRATED, languages.FRUSTRATED)
    lexicon.add(Sentiment.NEGATIVE, languages.NEGATIVE)
    lexicon.add(Sentiment.POSITIVE, languages.POSITIVE)
    return lexicon
