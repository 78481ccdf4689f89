"""A call is over for good."""

from switchboard.domain.calls import Disposition
from switchboard.domain.facts.fact import Fact


class CallEnded(Fact, frozen=True, kw_only=True):
    """Starts what follows a call. Told once by whoever knows the end: the gateway where the conversation ended it, the
    carrier's webhook where it ended later. `turns` and `duration_ms` are 0 where the teller does not know them.
    """

    version: int = 1
    call_id: str
    disposition: Disposition
    turns: int = 0
    duration_ms: int = 0
