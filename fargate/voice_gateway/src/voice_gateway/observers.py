"""Who watches a call from outside: the journal and the softphone's screen. Watching never changes a call."""

from typing import Protocol

from switchboard.conversation.actions import AnyAction
from switchboard.conversation.events import AnyEvent
from voice_gateway.turn_timer import TurnLatency


class Observer(Protocol):
    """Told everything, in order; must not block or raise."""

    def event(self, event: AnyEvent, now_ms: int) -> None:
        """A fact is about to reach the conversation."""

    def action(self, action: AnyAction, now_ms: int) -> None:
        """An order is about to be carried out."""

    def activity(self, activity: str) -> None:
        """The agent's state changed: `listening`, `thinking`, `speaking`, `ended`."""

    def turn(self, latency: TurnLatency) -> None:
        """A turn's first audio was sent."""

    def close(self) -> None:
        """The call is over."""
