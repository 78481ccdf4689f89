"""What one call tells of itself in figures: an `Observer` that records metrics, a few values a turn and none a frame."""

from collections.abc import Callable

from switchboard.conversation import actions as act
from switchboard.conversation import events as ev
from switchboard.conversation.actions import AnyAction
from switchboard.conversation.events import AnyEvent
from switchboard.domain.calls import NextStep
from switchboard.telemetry import metrics as m
from voice_gateway.session import Session
from voice_gateway.turn_timer import TurnLatency

_FAILURES: dict[type, str] = {
    ev.TranscriptionFailed: "transcriber",
    ev.GenerationFailed: "language-model",
    ev.SynthesisFailed: "synthesizer",
    ev.ToolCallFailed: "tool",
}


class CallMetrics:
    """Watches from the session's start to its end."""

    def __init__(self, session: Session, meter: m.Meter) -> None:
        self._session = session
        self._meter = meter
        self._tenant = session.call.tenant
        self._channel = session.call.channel
        self._tools = {spec.name for spec in session.platform.toolbox.specs}
        self._started_ms = session.clock.now_ms()
        self._turns_before = session.conversation.state.dialogue.turns
        self._answered = 0
        self._onset_ms: int | None = None
        self._silenced = False
        self._running_tools: dict[str, tuple[str, int]] = {}
        if session.resumed:
            meter.record(m.CALLS_RESUMED, tenant=self._tenant, channel=self._channel)
        else:
            meter.record(m.CALLS_STARTED, tenant=self._tenant, channel=self._channel)

    @classmethod
    def into(cls, meter: m.Meter) -> Callable[[Session], "CallMetrics"]:
        """Measure every call."""
        return lambda session: cls(session, meter)

    def event(self, event: AnyEvent, now_ms: int) -> None:
        """Part of `Observer`."""
        if isinstance(event, ev.UserSpeechStarted):
            self._onset_ms = event.at_ms
        elif isinstance(event, ev.ToolCallFinished):
            self._tool_finished(event, now_ms)
        elif failed := _FAILURES.get(type(event)):
            self._meter.record(m.CONVERSATION_FAILURES, provider_kind=failed, tenant=self._tenant)

    def action(self, action: AnyAction, now_ms: int) -> None:
        """Part of `Observer`."""
        if isinstance(action, act.PausePlayback | act.StopPlayback):
            self._silence(now_ms)
        elif isinstance(action, act.ResumePlayback):
            if self._silenced:
                self._meter.record(m.FALSE_BARGE_INS, tenant=self._tenant)
            self._silenced = False
        elif isinstance(action, act.CallTool):
            self._running_tools[action.call.id] = action.call.name, now_ms

    def activity(self, activity: str) -> None:
        """Part of `Observer`: implied by the rest."""

    def turn(self, latency: TurnLatency) -> None:
        """Part of `Observer`."""
        record, tenant = self._meter.record, self._tenant
        record(m.FIRST_AUDIO, latency.latency_ms, tenant=tenant)
        record(m.END_OF_TURN, latency.endpointing_ms, tenant=tenant)
        record(m.MODEL_FIRST_CLAUSE, latency.generation_ms, tenant=tenant)
        record(m.VOICE_FIRST_AUDIO, latency.synthesis_ms, tenant=tenant)
        record(m.MODEL_FIRST_TOKEN, latency.first_token_ms, tenant=tenant)
        record(m.TURNS, outcome="answered", tenant=tenant)
        self._answered += 1

    def close(self) -> None:
        """Part of `Observer`."""
        session, record = self._session, self._meter.record
        turns = session.conversation.state.dialogue.turns - self._turns_before
        if turns > self._answered:
            record(m.TURNS, turns - self._answered, outcome="unanswered", tenant=self._tenant)
        duration_s = (session.clock.now_ms() - self._started_ms) / 1000
        record(m.CALL_DURATION, duration_s, tenant=self._tenant, channel=self._channel)
        record(m.CALLS_ENDED, disposition=_disposition(session), tenant=self._tenant, channel=self._channel)

    def _silence(self, now_ms: int) -> None:
        """The agent is told to stop; this is an interruption if a voice began and the agent was to be heard."""
        onset_ms, self._onset_ms = self._onset_ms, None
        if onset_ms is not None and self._session.audible:
            self._silenced = True
            self._meter.record(m.BARGE_IN_TO_CLEAR, now_ms - onset_ms, tenant=self._tenant)

    def _tool_finished(self, event: ev.ToolCallFinished, now_ms: int) -> None:
        name, started_ms = self._running_tools.pop(event.call_id, ("", now_ms))
        # A model can ask for a tool that there is not, by any text.
        tool = name if name in self._tools else "unknown"
        self._meter.record(m.TOOL_DURATION, now_ms - started_ms, tenant=self._tenant, tool=tool)
        if event.is_error:
            self._meter.record(m.CONVERSATION_FAILURES, provider_kind="tool", tenant=self._tenant)


def _disposition(session: Session) -> str:
    outcome = session.outcome
    if session.crashed:
        return "crashed"
    if outcome.disposition is not None:
        return outcome.disposition
    return {NextStep.RESUME: "handed_over", NextStep.TRANSFER: "transferred"}.get(
        outcome.next_step, "unknown"
    )
