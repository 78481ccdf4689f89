"""Tells the event sink what becomes of a call: an `Observer` that does nothing per frame and little per turn."""

from typing import Any, Literal, Self

from switchboard.conversation.actions import AnyAction
from switchboard.conversation.events import AnyEvent
from switchboard.domain.calls import NextStep
from switchboard.domain.facts import CallEnded, CallHandedOver, CallResumed, CallStarted, TurnAnswered
from voice_gateway.session import Session
from voice_gateway.turn_timer import TurnLatency


class FactReporter:
    """One call's, on this gateway."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._sink = session.platform.sink
        self._turns = 0
        self._count = 0
        self._started_ms = session.platform.wall_ms()
        call = session.call
        if session.is_resumed:
            self._sink.publish(
                CallResumed(
                    **self._head(),
                    channel=call.channel,
                    configuration=call.configuration,
                    fence=session.fence,
                    transfer_failed=bool(call.transfer_failed),
                )
            )
        else:
            self._sink.publish(
                CallStarted(**self._head(), channel=call.channel, configuration=call.configuration)
            )

    @classmethod
    def of(cls, session: Session) -> Self:
        """A reporter for every call."""
        return cls(session)

    def event(self, event: AnyEvent, now_ms: int) -> None:
        """Nothing is told of single events."""

    def action(self, action: AnyAction, now_ms: int) -> None:
        """Nor of orders."""

    def activity(self, activity: str) -> None:
        """Nor of states."""

    def turn(self, latency: TurnLatency) -> None:
        """Tell a turn's delays."""
        self._turns += 1
        self._sink.publish(
            TurnAnswered(
                **self._head(),
                turn=latency.number,
                latency_ms=latency.latency_ms,
                endpointing_ms=latency.endpointing_ms,
                generation_ms=latency.generation_ms,
                synthesis_ms=latency.synthesis_ms,
                first_token_ms=latency.first_token_ms,
                speculative=latency.speculative,
            )
        )

    def close(self) -> None:
        """Tell how this gateway's part of the call ended."""
        outcome = self._session.outcome
        figures: dict[str, Any] = {
            "turns": self._turns,
            "duration_ms": self._session.platform.wall_ms() - self._started_ms,
        }
        if outcome.disposition is not None:
            self._sink.publish(CallEnded(**self._head(), disposition=outcome.disposition, **figures))
        elif outcome.next_step is not NextStep.HANG_UP:
            to: Literal["person", "gateway"] = (
                "person" if outcome.next_step is NextStep.TRANSFER else "gateway"
            )
            self._sink.publish(CallHandedOver(**self._head(), to=to, **figures))

    def _head(self) -> dict[str, Any]:
        """Streams have ids of their own, also two of one call while no store tells its owners apart."""
        session, self._count = self._session, self._count + 1
        call = session.call
        return {
            "id": f"{call.stream_id}-{self._count}",
            "tenant": call.tenant,
            "at_ms": session.platform.wall_ms(),
            "call_id": call.call_id,
        }
