"""What a caller's sentence is about, by rules over its words."""

import re
from enum import StrEnum
from typing import Final

from switchboard.adapters.embedded.spoken import words_of


class Intent(StrEnum):
    """The rules' answers; everything else is a question for the knowledge file."""

    IDENTITY = "identity"
    PERSON = "person"
    REPEAT = "repeat"
    WAIT = "wait"
    GOODBYE = "goodbye"
    DONE = "done"
    THANKS = "thanks"
    GREETING = "greeting"
    TECHNICIAN = "technician"
    OUTAGE = "outage"
    BILLING = "billing"


_HUMAN: Final = (
    r"(person|human|human being|representative|agent|operator|manager|supervisor|someone|somebody|colleague)"
)
_MACHINE: Final = (
    r"(robot|machine|computer|bot|ai|a i|recording|chatbot|human|human being|real person|person|real)"
)
_BROKEN: Final = (
    r"(down|out|dead|offline|broken|gone|unstable|not working|isn't working|stopped working|keeps|dropp\w+|disconnect\w+"
    r"|doesn't|does not|won't|will not|cutting out|no longer)"
)
_LINE: Final = r"(internet|wifi|wi-fi|connection|network|service|line|router|modem|box|phone)"
_BILL: Final = r"(bill|bills|invoice|invoices|statement|balance)"

# The first that matches wins; whole-sentence rules are anchored.
_RULES: Final = tuple(
    (intent, re.compile(pattern))
    for intent, pattern in (
        (
            Intent.IDENTITY,
            rf"\b(are you|is this|are we|am i (talking|speaking) (to|with)|you are|you're|i'm talking to)\b.*\b{_MACHINE}$",
        ),
        (
            Intent.PERSON,
            rf"\b(speak|talk) (to|with)\b.*\b{_HUMAN}\b|\b(transfer|connect) me\b|\bput me through\b",
        ),
        (
            Intent.PERSON,
            rf"\b(give me|get me|want|need|i'd like|i would like)( to have)? (a|an|another)( real| live| human)? {_HUMAN}\b",
        ),
        (Intent.PERSON, rf"^(please )?(a |an )?(real |live |human )?{_HUMAN}( please)?$"),
        (
            Intent.REPEAT,
            r"\b(repeat|say (that|it) again|once more)\b|^(pardon|sorry|what|again)( please)?$|\bwhat did you say\b",
        ),
        (
            Intent.WAIT,
            r"^((please )?(wait|stop|hold on|hang on|one (moment|second|minute)|just a|give me a|excuse me|let me think)\b.*)$",
        ),
        (
            Intent.GOODBYE,
            r"\b(bye|goodbye|good bye|see you|have a (nice|good|great) (day|evening|one)|good night)\b",
        ),
        (
            Intent.DONE,
            r"\b(that's all|that is all|that will be all|nothing else|that's it|no thanks|no thank you)\b",
        ),
        (Intent.TECHNICIAN, r"\b(technician|engineer|repair ?man|appointment)\b(?!.* (cost|fee|price))"),
        (Intent.TECHNICIAN, r"\b(someone|somebody) (to )?(come|over|out)\b|\bsend (someone|somebody)\b"),
        (
            Intent.OUTAGE,
            r"\boutages?\b|\b(no|without|don't have|do not have|lost) (my |the |any )?(internet|wifi|connection|signal|service)\b",
        ),
        (
            Intent.OUTAGE,
            rf"\b{_LINE}\b.*\b{_BROKEN}\b|\b(is|are) (the|my|your) {_LINE} (down|out)\b|\bnothing works\b",
        ),
        (
            Intent.OUTAGE,
            r"\b(can't|cannot|can not|couldn't) (connect|get online|go online|get on|use the|use my|watch)\b|\bit (still )?(doesn't|does not) work\b",
        ),
        (
            Intent.BILLING,
            r"\b(over)?charged|\bcharge me\b|\b(double|extra|strange|wrong) (charge|fee)\b|\bbilled\b|\brefund\b|\bmoney back\b|\bowe\b",
        ),
        (
            Intent.BILLING,
            rf"\b(my|the|an|a|last|latest|this|your|new|current|phone|internet) {_BILL}\b(?<!pay my bill)|^{_BILL}$|\bbilling\b",
        ),
        (
            Intent.BILLING,
            r"\b(next|last|my) payment\b(?!.*\b(declined|refused|rejected|failed)\b)|\bcharge on\b|\bdispute\b",
        ),
        (Intent.THANKS, r"\b(thanks|thank you)\b"),
        (Intent.GREETING, r"^(hi|hello|hey|good (morning|afternoon|evening))( there| ava| brightline)*$"),
    )
)
# Questions about paying, not about one's own invoice.
_GENERAL: Final = re.compile(
    r"\bhow (can|do) i pay\b|\bpay .*\b(by|with) (credit )?(card|phone)\b|\blate fee$"
)


def intent_of(text: str) -> Intent | None:
    """The intent of one caller message, or None where no rule applies."""
    sentence = " ".join(words_of(text))
    for intent, pattern in _RULES:
        if pattern.search(sentence) and not (intent is Intent.BILLING and _GENERAL.search(sentence)):
            return intent
    return None
