"""What a caller's utterance means (R-IVR), and how a model's structured answer is read."""

from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct

from switchboard.domain.messages import JsonObject

CONFIDENCE_MIN: Final = 0.6
"""Below it a reading is a guess: the rules are asked, or the caller (R-PLAN, R-CLAR)."""

MALFORMED_CONFIDENCE: Final = 0.5

NEEDS_MAX: Final = 6
ENTITY_CHARS_MAX: Final = 200
DATES_MAX: Final = 8
TIMES_CALLED_MAX: Final = 99


class Intent(StrEnum):
    """What a caller can want; the closed set that routing knows."""

    BILLING = "billing"
    TECHNICAL = "technical"
    SALES = "sales"
    ONBOARDING = "onboarding"
    ESCALATION = "escalation"
    GENERAL = "general"


class Sentiment(StrEnum):
    """How the caller feels. Negative reports trouble calmly; frustrated is angry or fed up."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"
    FRUSTRATED = "frustrated"


class Entities(Struct, frozen=True, omit_defaults=True):
    """What the utterance names, in the caller's words; numbers as digits. Empty or 0 where it names none.

    `dates` are in the order said, not resolved against a calendar.
    """

    account_id: str = ""
    invoice_number: str = ""
    product: str = ""
    error_message: str = ""
    dates: tuple[str, ...] = ()
    times_called: int = 0


class Understanding(Struct, frozen=True):
    """One utterance, understood.

    `needs` holds every intent in the order said and is never empty; `intent` is its first. A caller who asks for a human
    about a topic has escalation first. `language` is an ISO 639-1 code, or empty where the words do not tell.
    The three flags come from rules alone, and what they say is never blocked or argued with (R-TRIG).
    """

    intent: Intent
    confidence: float
    sentiment: Sentiment = Sentiment.NEUTRAL
    entities: Entities = Entities()
    needs: tuple[Intent, ...] = ()
    language: str = ""
    by_key: bool = False
    wants_human: bool = False
    is_emergency: bool = False

    @property
    def is_certain(self) -> bool:
        """Whether no model may overrule this: a key, an explicit wish for a human, an emergency."""
        return self.by_key or self.wants_human or self.is_emergency

    @property
    def is_unsure(self) -> bool:
        """Whether this is a guess."""
        return self.confidence < CONFIDENCE_MIN


MALFORMED: Final = Understanding(Intent.GENERAL, MALFORMED_CONFIDENCE, needs=(Intent.GENERAL,))
"""The reading of an answer that is not what was asked for (R-IVR)."""


class _Answer(Struct, frozen=True):
    """A model's answer; every value is checked against its closed set or bounded."""

    intent: Intent
    confidence: float
    sentiment: Sentiment
    needs: tuple[Intent, ...]
    entities: JsonObject = {}
    language: str = ""


def parse_answer(arguments: JsonObject) -> Understanding:
    """Read a model's structured answer; whatever is not in the closed sets makes it `MALFORMED`. Never raises.

    Entities are read leniently, one by one: a strange date must not cost the intent.
    """
    try:
        answer = msgspec.convert(arguments, _Answer)
    except msgspec.ValidationError:
        return MALFORMED
    if not 0.0 <= answer.confidence <= 1.0:
        return MALFORMED
    needs = (answer.intent, *(need for need in answer.needs if need is not answer.intent))
    return Understanding(
        answer.intent,
        answer.confidence,
        answer.sentiment,
        _entities(answer.entities),
        tuple(dict.fromkeys(needs))[:NEEDS_MAX],
        answer.language if len(answer.language) == 2 and answer.language.isalpha() else "",
    )


def _entities(told: JsonObject) -> Entities:
    dates = told.get("dates")
    times_called = told.get("times_called")
    return Entities(
        account_id=_text(told.get("account_id")),
        invoice_number=_text(told.get("invoice_number")),
        product=_text(told.get("product")),
        error_message=_text(told.get("error_message")),
        dates=tuple(text for each in dates if (text := _text(each)))[:DATES_MAX]
        if isinstance(dates, list)
        else (),
        times_called=times_called
        if isinstance(times_called, int)
        and not isinstance(times_called, bool)
        and 0 < times_called <= TIMES_CALLED_MAX
        else 0,
    )


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) and len(value) <= ENTITY_CHARS_MAX else ""
