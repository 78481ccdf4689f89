"""A gateway has taken a new call."""

from typing import Literal

from switchboard.domain.facts.fact import Fact


class CallStarted(Fact, frozen=True, kw_only=True):
    """The conversation begins here. `configuration` is the version of the tenant's configuration that it keeps."""

    version: int = 1
    call_id: str
    channel: Literal["phone", "web"]
    configuration: int
