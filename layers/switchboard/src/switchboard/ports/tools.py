"""Running the tools an agent may use."""

from typing import Protocol

from switchboard.domain.messages import ToolCall, ToolResult, ToolSpec


class Toolbox(Protocol):
    """The tools of one agent."""

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """What the model is told about."""

    async def run(self, call: ToolCall, *, call_id: str) -> ToolResult:
        """Run one call of the phone call `call_id`. A failure the model should know of is a result with `is_error`."""
