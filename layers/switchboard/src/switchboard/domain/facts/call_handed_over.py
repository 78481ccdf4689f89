"""The agent has given a call to a person, or a gateway has given it to another one."""

from typing import Literal

from switchboard.domain.facts.fact import Fact


class CallHandedOver(Fact, frozen=True, kw_only=True):
    """The call goes on without this gateway. `turns` and `duration_ms` count this gateway's part of it."""

    version: int = 1
    call_id: str
    to: Literal["person", "gateway"]
    turns: int
    duration_ms: int
