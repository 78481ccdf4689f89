"""The rules that classify a caller's utterance: what answers when the model is down, slow or unsure (R-IVR, R-TRIG).

The words are searched for phrases with weights; negated ones and those an injection brings along are struck; the heaviest of
overlapping phrases stands. Each clause then has at most one need, and the needs keep the order in which they were said.
A key, a wish for a human and an emergency are looked for on their own, in the whole utterance, before anything can strike them.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from switchboard.domain.intents import phrases, sentiment
from switchboard.domain.intents.clauses import Clause, clauses_of
from switchboard.domain.intents.entities import entities_of
from switchboard.domain.intents.keys import intent_of_key
from switchboard.domain.intents.lexicons import denial
from switchboard.domain.intents.linear import LinearModel
from switchboard.domain.intents.patterns import Match, best_cover
from switchboard.domain.intents.phrases import Label, Mark
from switchboard.domain.intents.words import PUNCTUATION, STOPS, words_of
from switchboard.domain.understanding import CONFIDENCE_MIN, NEEDS_MAX, Intent, Sentiment, Understanding

NEED_WEIGHT_MIN: Final = 3.0
"""Of a clause that is a need of its own; lighter ones count where there is no such clause."""
NEED_WEIGHT_MIN_INJECTED: Final = 4.0
"""The same beside an injection: its other words must not be taken for a matter of the caller's."""
SOFT_GENERAL_MAX: Final = 6.0
"""Small talk up to this weight is no need beside a matter; hours, places and off-topic requests weigh more."""
PRAISED_WEIGHT_MIN: Final = 4.0
"""Of a matter beside praise: less is what is praised."""
TOPIC_WEIGHT_MIN: Final = 5.0
"""Of what a human is wanted for."""
EMERGENCY_TOPIC_WEIGHT_MIN: Final = 7.0
"""Nothing said by the way may slow down an emergency."""
PROBABILITY_MIN: Final = 0.3
"""Of the second opinion; twice what chance would give."""
UNSURE_MAX: Final = 0.55
NEGATION_REACH: Final = 5
"""Words behind a negation that it takes back."""
FOREIGN_WORDS_MIN: Final = 2
"""Function words of another language within English that make its lexicon count as well."""

BARE_WORDS_MAX: Final = 1
"""Words that a bare "agent" may have beside it in its clause."""

_TURNS: Final = frozenset("i it just only but instead actually because".split())
_NEGATORS: Final = frozenset("not no without rather instead nothing never forget".split())
_GREETINGS: Final = frozenset(
    """hi hello hey good morning afternoon evening day there yes yeah yep no hola buenos dias buenas tardes bonjour bonsoir salut hallo
    guten tag morgen abend ciao buongiorno buonasera salve ola bom dia boa tarde thanks thank you so well okay sir madam""".split()
)


def understand(text: str, second_opinion: LinearModel | None = None) -> Understanding:
    """Classify one utterance. Pure, never raises, linear in the length of the text.

    `second_opinion` is asked where no clause says enough; the answer stays unsure.
    """
    words = words_of(text)
    spoken = [word for word in words if word not in PUNCTUATION]
    language, is_foreign = _language(spoken)
    if (key := intent_of_key(words)) is not None:
        return Understanding(key, 1.0, needs=(key,), language=language, by_key=True)
    found = _Findings(words, is_foreign=is_foreign)
    needs, weight = _needs(found)
    confidence = _confidence(found, spoken, needs, weight)
    if confidence < CONFIDENCE_MIN and spoken and second_opinion is not None:
        intent, probability = second_opinion.best(words)
        if probability >= PROBABILITY_MIN:
            needs, confidence = (intent,), min(probability, UNSURE_MAX)
    return Understanding(
        needs[0],
        confidence,
        found.sentiment(frozenset(needs), text),
        entities_of(text, words),
        needs,
        language,
        wants_human=found.wants_human,
        is_emergency=found.is_emergency,
    )


class _Findings:
    """All phrases of an utterance, struck and covered."""

    def __init__(self, words: Sequence[str], *, is_foreign: bool) -> None:
        self.clauses = clauses_of(words)
        matches = [
            *phrases.english().matches(words),
            *(phrases.foreign().matches(words) if is_foreign else ()),
        ]
        by_mark: dict[Label, list[Match[Label]]] = {}
        for match in matches:
            by_mark.setdefault(match.label, []).append(match)
        self._by_label = by_mark
        injections = by_mark.get(Mark.INJECTION, [])
        self.is_injected = bool(injections)
        tainted = _tainted(words, self.clauses, injections)
        self.is_emergency = bool(self._standing(Mark.EMERGENCY, Mark.NOT_EMERGENCY))
        humans = [
            match
            for match in self._standing(Mark.HUMAN, Mark.NOT_HUMAN)
            if match.start not in tainted or _is_own_wish(words, match, injections)
        ]
        humans += [
            match
            for match in by_mark.get(Mark.HUMAN_BARE, ())
            for clause in self.clauses
            if clause.start <= match.start
            and match.end <= clause.end
            # Little else is said: "agent", "a real person, now".
            and clause.end - clause.start <= match.end - match.start + BARE_WORDS_MAX
            and match.start not in tainted
        ]
        self.wants_human = bool(humans)
        self.is_legal = any(match.start not in tainted for match in by_mark.get(Mark.LEGAL, ()))
        struck = tainted | _negated(words, by_mark.get(Mark.NEGATION, ()))
        works = by_mark.get(Mark.WORKS, ())
        self.is_praise = Sentiment.POSITIVE in by_mark and Sentiment.NEGATIVE not in by_mark
        self.is_angry = Sentiment.FRUSTRATED in by_mark
        cover = best_cover(
            [
                match
                for match in matches
                if (isinstance(match.label, Intent) or match.label is Mark.BACKGROUND)
                and match.start not in struck
                and not (match.label is Intent.TECHNICAL and any(_overlap(match, each) for each in works))
                # "On the line", "connect me" are part of the wish, not a matter.
                and not (match.weight <= NEED_WEIGHT_MIN and any(_overlap(match, each) for each in humans))
            ]
        )
        self.cues = [match for match in cover if isinstance(match.label, Intent)]

    def sentiment(self, intents: frozenset[Intent], text: str) -> Sentiment:
        """How it was said."""
        calm = self._by_label.get(Mark.CALM, ())
        weights = {
            feeling: sum(
                match.weight
                for match in self._by_label.get(feeling, ())
                if not any(_overlap(match, each) for each in calm)
            )
            for feeling in Sentiment
        }
        if self.is_injected and intents == {Intent.GENERAL}:
            return Sentiment.NEUTRAL
        has_trouble = bool(
            self.is_emergency
            or self.is_legal
            or (Intent.TECHNICAL in intents and Mark.ASKS not in self._by_label)
            or (Intent.ESCALATION in intents and not self.wants_human)
        )
        return sentiment.sentiment_of(
            weights, has_trouble=has_trouble, is_shouted="!" in text, is_emergency=self.is_emergency
        )

    def _standing(self, mark: Mark, but: Mark) -> list[Match[Label]]:
        """The matches of `mark` that no overlapping match of `but` takes back."""
        if mark not in self._by_label:
            return []
        cover = best_cover([*self._by_label[mark], *self._by_label.get(but, ())])
        return [match for match in cover if match.label is mark]


class _Scored(NamedTuple):
    intent: Intent
    weight: float
    clause: Clause


def _needs(found: _Findings) -> tuple[tuple[Intent, ...], float]:
    """All needs in order, never none, and the weight of the heaviest."""
    scored = [each for clause in found.clauses if (each := _scored(clause, found.cues)) is not None]
    least = NEED_WEIGHT_MIN_INJECTED if found.is_injected else NEED_WEIGHT_MIN
    strong = [each for each in scored if each.weight >= least]
    matters = [each for each in strong if each.intent is not Intent.GENERAL or each.weight > SOFT_GENERAL_MAX]
    reasons = [each for each in matters if each.clause.is_reason]
    if not found.wants_human and len(reasons) < len(matters):
        matters = [each for each in matters if not each.clause.is_reason]
    kept = matters or strong
    is_plain = not (found.wants_human or found.is_emergency or found.is_legal)
    if is_plain and found.is_praise and not any(each.weight >= PRAISED_WEIGHT_MIN for each in kept):
        return (Intent.GENERAL,), NEED_WEIGHT_MIN
    if is_plain and not kept and found.is_angry and not found.is_injected:
        # Who is fed up without saying about what complains of us.
        return (Intent.ESCALATION,), NEED_WEIGHT_MIN
    if not kept and scored and not found.is_injected:
        kept = [_heaviest(scored)]
    needs = [each.intent for each in kept]
    if not is_plain:
        topics = [
            each.intent
            for each in kept
            if each.intent is not Intent.GENERAL
            and (found.wants_human or not each.clause.is_reason)
            and each.weight >= (EMERGENCY_TOPIC_WEIGHT_MIN if found.is_emergency else TOPIC_WEIGHT_MIN)
        ]
        needs = [Intent.ESCALATION, *topics]
    unique = tuple(dict.fromkeys(needs))[:NEEDS_MAX]
    return unique or (Intent.GENERAL,), max((each.weight for each in kept), default=0.0)


def _scored(clause: Clause, cues: Iterable[Match[Label]]) -> _Scored | None:
    """What one clause is about; of equals the first said."""
    weights: dict[Intent, float] = {}
    for cue in cues:
        if clause.start <= cue.start < clause.end:
            assert isinstance(cue.label, Intent)
            weights[cue.label] = weights.get(cue.label, 0.0) + cue.weight
    if not weights:
        return None
    intent = max(weights, key=lambda each: weights[each])
    return _Scored(intent, weights[intent], clause)


def _heaviest(scored: Sequence[_Scored]) -> _Scored:
    """Where no clause says enough, all together may."""
    weights: dict[Intent, float] = {}
    for each in scored:
        weights[each.intent] = weights.get(each.intent, 0.0) + each.weight
    intent = max(weights, key=lambda each: weights[each])
    return next(each for each in scored if each.intent is intent)


def _confidence(found: _Findings, spoken: Sequence[str], needs: tuple[Intent, ...], weight: float) -> float:
    """How sure the rules are: by the weight of what was found."""
    if found.wants_human or found.is_emergency or found.is_legal:
        return 0.95
    if weight >= NEED_WEIGHT_MIN:
        return min(0.95, 0.6 + 0.05 * weight)
    if found.is_injected or (spoken and _GREETINGS.issuperset(spoken)):
        return 0.8
    return 0.55 if needs != (Intent.GENERAL,) else 0.4


def _tainted(words: Sequence[str], clauses: Sequence[Clause], injections: Sequence[Match[Label]]) -> set[int]:
    """The words that an injection brings along: its clauses, and the orders that follow in the same sentence."""
    tainted: set[int] = set()
    is_open = False
    for clause in clauses:
        own = any(match.start < clause.end and clause.start < match.end for match in injections)
        first = words[clause.start]
        if first in denial.BACK_TO_THE_MATTER or clause.starts_sentence or first in denial.OWN_WORDS:
            is_open = False
        is_open = is_open or own
        if is_open:
            tainted.update(range(clause.start, clause.end))
    return tainted


def _is_own_wish(words: Sequence[str], match: Match[Label], injections: Sequence[Match[Label]]) -> bool:
    """Whether a human asked for within an injection is asked for by the caller rather than played by the model."""
    said = words[match.start : match.end]
    return not any(_overlap(match, each) for each in injections) and not {
        "me",
        "i",
        "us",
        "speak",
        "talk",
    }.isdisjoint(said)


def _negated(words: Sequence[str], negations: Iterable[Match[Label]]) -> set[int]:
    """The words that are named only to say that they are not meant."""
    negated: set[int] = set()
    for match in negations:
        # A phrase that holds the "not" itself says what it says: "not working", "do not want to pay".
        negator = next((at for at in range(match.start, match.end) if words[at] in _NEGATORS), match.start)
        negated.update(range(negator + 1, match.end))
        for at in range(match.end, min(match.end + NEGATION_REACH, len(words))):
            if words[at] in STOPS or words[at] == "," or words[at] in _TURNS:
                break
            negated.add(at)
    return negated


def _overlap(one: Match[Label], other: Match[Label]) -> bool:
    return one.start < other.end and other.start < one.end


def _language(spoken: Sequence[str]) -> tuple[str, bool]:
    """The language with the most function words, or empty, and whether words of other languages than English may count."""
    counts = {code: sum(word in known for word in spoken) for code, known in phrases.function_words().items()}
    ranked = sorted(counts, key=lambda code: -counts[code])
    best, second = ranked[:2]
    language = best if counts[best] > counts[second] else ""
    foreign_count = max(count for code, count in counts.items() if code != "en")
    return language, language != "en" or foreign_count >= FOREIGN_WORDS_MIN


def warm_up() -> None:
    """Compile the phrases before the first caller waits for it."""
    phrases.english()
    phrases.foreign()
    phrases.function_words()
