"""A use of a vendor went on with another one."""

from typing import Literal

from switchboard.domain.facts.fact import Fact


class ProviderSwitched(Fact, frozen=True, kw_only=True):
    """Vendors serve all tenants of a process: `tenant` is empty. `reason` is the class of the error."""

    version: int = 1
    kind: Literal["transcriber", "language_model", "synthesizer"]
    before: str
    after: str
    reason: str
