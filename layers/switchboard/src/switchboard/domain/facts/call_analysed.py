"""A finished call has been analysed."""

from switchboard.domain.call_analysis import Resolution, Sentiment
from switchboard.domain.facts.fact import Fact


class CallAnalysed(Fact, frozen=True, kw_only=True):
    """The end of what follows a call. `qa_score` is 0 to 100; `analyst` a model's provider, or "rules"."""

    version: int = 1
    call_id: str
    disposition: Resolution
    sentiment: Sentiment
    qa_score: int
    analyst: str
