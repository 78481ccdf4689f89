"""How much later than necessary an answer was: the definition of "added response latency".

A perfectly prompt gateway with the same policy, the same voice activity model and the same vendors would have answered a turn at

    known     the frame by which voice activity can know that the voice has stopped (hangover included) has been sent
    words     = known + what recognition took for its final result
    over      = max(words, end of the voice + the silence the policy prescribes for these words)
    clause    = (words if the policy speculates on them, else over) + what the model took for its first clause
    answered  = max(over, clause) + what synthesis took for its first audio

The vendors' times are those they logged for this very turn. The end of the voice is where the model hears it (`ear.ReferenceEar`), on
the caller's clock: audio position p was spoken at p, and sent when its 20 ms frame was complete. What the caller's first audio
came later than `answered` is added latency: everything the gateway (and the machine) put in between. It can be slightly negative,
since the vendors' timers and the generator's share a core.
"""

from msgspec import Struct

from switchboard.conversation.endpointing import completeness
from switchboard.conversation.policy import Policy
from tests.bench.plan import Interval


class Spoken(Struct, frozen=True):
    """One turn as the caller saw it, in seconds of the monotonic clock."""

    code: str
    text: str
    voice_end_s: float
    """Of the sound."""
    last_speech_s: float
    """Of the speech, as voice activity hears it."""
    end_known_s: float
    """When the frame was sent by which voice activity can know."""
    answered_s: float


class Vendors(Struct, frozen=True):
    """The vendors' work on one turn that led to its answer."""

    asr: Interval
    llm: Interval
    tts: Interval


class Latency(Struct, frozen=True):
    """One turn's latency taken apart. Milliseconds."""

    total_ms: float
    """End of the sound -> first audio of the answer."""
    added_ms: float
    speculation_lead_ms: float
    """How long before the end of the turn the model was asked."""
    hops_ms: dict[str, float]
    """What each hand-over took: `ear` end known -> Finalize at the recogniser; `ask` final words -> request at the
    model; `say` first clause (or end of the turn) -> text at the synthesizer; `out` its audio -> the caller."""


def silence_ms(text: str, policy: Policy) -> int:
    """The silence after which the policy ends a turn of these words."""
    match completeness(text):
        case "complete":
            return policy.endpoint_complete_ms
        case "neutral":
            return policy.endpoint_neutral_ms
        case "unfinished":
            return policy.endpoint_unfinished_ms
        case "digits":
            return policy.endpoint_digits_ms


def latency(turn: Spoken, vendors: Vendors, policy: Policy) -> Latency:
    """Apply the definition."""
    words_s = turn.end_known_s + _length_s(vendors.asr)
    over_s = max(words_s, turn.last_speech_s + silence_ms(turn.text, policy) / 1000)
    speculates = completeness(turn.text) == "complete"
    clause_s = (words_s if speculates else over_s) + _length_s(vendors.llm)
    answered_s = max(over_s, clause_s) + _length_s(vendors.tts)
    asked_s = vendors.asr.answered_s if speculates else max(over_s, vendors.asr.answered_s)
    hops_s = {
        "ear": vendors.asr.asked_s - turn.end_known_s,
        "ask": vendors.llm.asked_s - asked_s,
        "say": vendors.tts.asked_s - max(over_s, vendors.llm.answered_s),
        "out": turn.answered_s - vendors.tts.answered_s,
    }
    return Latency(
        total_ms=(turn.answered_s - turn.voice_end_s) * 1000,
        added_ms=(turn.answered_s - answered_s) * 1000,
        speculation_lead_ms=(over_s - vendors.llm.asked_s) * 1000,
        hops_ms={name: duration_s * 1000 for name, duration_s in hops_s.items()},
    )


def vendors_of(turn: Spoken, intervals: list[Interval]) -> Vendors | None:
    """The last work of each kind on the turn that was done before its answer, or None where one is missing."""
    last = {each.kind: each for each in intervals if each.answered_s <= turn.answered_s}
    return Vendors(**last) if len(last) == 3 else None


def _length_s(interval: Interval) -> float:
    return interval.answered_s - interval.asked_s
