"""One call as a trace: an `Observer` that tells of each turn, and in it of recogniser, model, tools and voice.

What is traced has mostly happened by then: a turn's parts are told when they are over, the first audio's after it was sent.
The call's own span is the parent of all; its id goes on to whoever works on the call next.
"""

from switchboard.conversation import actions as act
from switchboard.conversation import events as ev
from switchboard.conversation.actions import AnyAction
from switchboard.conversation.events import AnyEvent
from switchboard.domain.trace_context import trace_id_of
from switchboard.telemetry.tracing import Span, Tracer
from voice_gateway.call import Call
from voice_gateway.clock import CallClock
from voice_gateway.turn_timer import TurnLatency, TurnTimer

RUNNING_MAX = 64
"""Generations and tools under way; the core bounds them far below that."""


class CallTrace:
    """Begins with the session; `left` must be told before `close`."""

    def __init__(self, tracer: Tracer, call: Call, clock: CallClock, timer: TurnTimer, *, fence: int) -> None:
        self._clock = clock
        self._timer = timer
        self.trace_id = trace_id_of(call.call_id)
        now_ms = clock.now_ms()
        self._call = tracer.start_span(
            "call",
            trace_id=self.trace_id,
            parent=call.trace_parent,
            at_ms=now_ms,
            call_id=call.call_id,
            tenant=call.tenant,
            channel=call.channel,
            fence=fence,
        )
        self.is_recording = self._call.is_recording
        self.traceparent = self._call.traceparent
        self._number = timer.number
        self._turn: Span = self._call.start_span("opening", at_ms=now_ms)
        self._said_all_ms: int | None = None
        self._running: dict[int | str, tuple[int, act.AnyAction]] = {}
        self._outcome: tuple[str | None, str, str] = (None, "", "")

    def event(self, event: AnyEvent, now_ms: int) -> None:
        """Part of `Observer`."""
        if isinstance(event, ev.GenerationFinished):
            self._over(event.generation_id, now_ms)
        elif isinstance(event, ev.GenerationFailed):
            self._over(event.generation_id, now_ms, error="GenerationFailed")
        elif isinstance(event, ev.ToolCallFinished):
            self._over(event.call_id, now_ms, error="ToolFailed" if event.is_error else "")
        elif isinstance(event, ev.SynthesisFailed):
            self._turn.add_span("voice", start_ms=now_ms, end_ms=now_ms, error="SynthesisFailed")
        elif isinstance(event, ev.TranscriptionFailed):
            self._turn.add_span("recogniser", start_ms=now_ms, end_ms=now_ms, error="TranscriptionFailed")

    def action(self, action: AnyAction, now_ms: int) -> None:
        """Part of `Observer`."""
        if self._timer.number != self._number:
            self._next_turn(now_ms)
        if isinstance(action, act.Generate):
            self._begin(action.generation_id, action, now_ms)
        elif isinstance(action, act.CallTool):
            self._begin(action.call.id, action, now_ms)
        elif isinstance(action, act.CancelGeneration):
            self._over(action.generation_id, now_ms, outcome="cancelled")
        elif isinstance(action, act.CancelTool):
            self._over(action.call_id, now_ms, outcome="cancelled")

    def activity(self, activity: str) -> None:
        """Part of `Observer`."""
        self._said_all_ms = self._clock.now_ms() if activity == "listening" else None

    def turn(self, latency: TurnLatency) -> None:
        """Part of `Observer`."""
        now_ms = self._clock.now_ms()
        begin_ms = now_ms - latency.latency_ms
        self._turn.add_span("recogniser", start_ms=begin_ms, end_ms=begin_ms + latency.endpointing_ms)
        self._turn.add_span(
            "voice", start_ms=now_ms - latency.synthesis_ms, end_ms=now_ms, first_audio_ms=latency.latency_ms
        )

    def checkpoint(self, started_ms: int, error: str = "") -> None:
        """The state was stored, or was not."""
        self._turn.add_span("checkpoint", start_ms=started_ms, end_ms=self._clock.now_ms(), error=error)

    def left(self, disposition: str | None, next_step: str, error: str) -> None:
        """How this task's part of the call ends."""
        self._outcome = disposition, next_step, error

    def close(self) -> None:
        """Part of `Observer`."""
        now_ms = self._clock.now_ms()
        for key in list(self._running):
            self._over(key, now_ms, outcome="cancelled")
        self._turn.end_span(at_ms=self._said_all_ms or now_ms)
        disposition, next_step, error = self._outcome
        self._call.end_span(at_ms=now_ms, error=error, disposition=disposition, next_step=next_step)

    def _next_turn(self, now_ms: int) -> None:
        self._number = self._timer.number
        self._turn.end_span(at_ms=min(now_ms, self._said_all_ms or now_ms))
        self._said_all_ms = None
        self._turn = self._call.start_span("turn", at_ms=self._timer.speech_ended_ms, turn=self._number)

    def _begin(self, key: int | str, action: act.AnyAction, now_ms: int) -> None:
        if len(self._running) < RUNNING_MAX:
            self._running[key] = now_ms, action

    def _over(self, key: int | str, now_ms: int, error: str = "", outcome: str | None = None) -> None:
        started_ms, action = self._running.pop(key, (now_ms, None))
        if isinstance(action, act.Generate):
            self._turn.add_span(
                "model",
                start_ms=started_ms,
                end_ms=now_ms,
                error=error,
                generation_id=action.generation_id,
                speculative=action.speculative,
                outcome=outcome,
            )
        elif action is not None:
            # Which tool is not told: a model may ask for one by any text.
            self._turn.add_span("tool", start_ms=started_ms, end_ms=now_ms, error=error, outcome=outcome)
