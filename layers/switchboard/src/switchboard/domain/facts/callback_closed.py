"""An agreed callback has its one outcome."""

from switchboard.domain.callbacks import CallbackOutcome
from switchboard.domain.facts.fact import Fact


class CallbackClosed(Fact, frozen=True, kw_only=True):
    """Nobody will be called for it any more. `attempts` counts the calls that were tried."""

    version: int = 1
    callback_id: str
    outcome: CallbackOutcome
    attempts: int
