"""The agent has begun to answer a turn of the caller's."""

from switchboard.domain.facts.fact import Fact


class TurnAnswered(Fact, frozen=True, kw_only=True):
    """One turn's delays in ms, from the end of the caller's voice to our first audio; the three parts follow one another."""

    version: int = 1
    call_id: str
    turn: int
    latency_ms: int
    endpointing_ms: int
    generation_ms: int
    synthesis_ms: int
    first_token_ms: int
    speculative: bool
