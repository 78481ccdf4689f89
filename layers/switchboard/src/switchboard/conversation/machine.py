"""The conversation: turn taking and dialogue composed behind one small interface.

Laws (each has a test): (1) no I/O, clock, randomness, logging or awaiting. (2) Time is an argument in integer
ms and never goes backwards. (3) One event, then all its actions, then the next event. (4) Timers are one pulled deadline.
(5) Audio never enters. (6) State is plain data and survives JSON. (7) Every effect carries an id; answers to a cancelled
id are ignored here. (8) Failure is an event. (9) The memory holds only what the caller heard. (10) Everything is bounded.

    conversation = Conversation(policy)
    for action in conversation.handle(event, now_ms): perform(action)
    ... wait for the next event, or until conversation.deadline_ms ...
    for action in conversation.handle_timeout(now_ms): perform(action)
"""

import msgspec

from switchboard.conversation import events as ev
from switchboard.conversation import memory
from switchboard.conversation.actions import (
    AnyAction,
    FinalizeTranscript,
    PausePlayback,
    ResumePlayback,
    StopPlayback,
)
from switchboard.conversation.dialogue import Dialogue
from switchboard.conversation.endpointing import digits_expected_after
from switchboard.conversation.policy import Policy
from switchboard.conversation.state import ConversationState, DueTurn
from switchboard.conversation.turn_taking import (
    CancelSpeculation,
    ConfirmInterruption,
    EndTurn,
    Floor,
    MissTurn,
    PressKey,
    RejectInterruption,
    RequestFinal,
    Signal,
    Speculate,
    SuspectInterruption,
    TurnTaking,
)
from switchboard.domain.calls import Disposition
from switchboard.domain.messages import Message

PROTECTED_CLOSINGS = (Disposition.DURATION_LIMIT, Disposition.FAILED)
"""Goodbyes that a caller's words do not take back."""
HEARD_POINT = ev.PlaybackStarted | ev.PlaybackProgressed | ev.PlaybackFinished
"""What a driver reports while it carries out `StopPlayback`; any other fact comes after the turn that waits for these."""


class Conversation:
    """One conversation between a caller and an agent, on any channel."""

    def __init__(self, policy: Policy, state: ConversationState | None = None) -> None:
        self.policy = policy
        self.state = state or ConversationState()
        self._turns = TurnTaking(policy, self.state.turn_taking)
        self._dialogue = Dialogue(policy, self.state)

    def handle(self, event: ev.AnyEvent, now_ms: int) -> list[AnyAction]:
        """Take one fact; return every order it leads to, to be carried out in this sequence."""
        self._advance(now_ms)
        if self.state.phase == "ended":
            if isinstance(event, ev.PlaybackProgressed | ev.PlaybackFinished):
                self._dispatch(event, now_ms)  # what was heard until the caller hung up
            return []
        if not isinstance(event, HEARD_POINT | ev.ConversationResumed | ev.ConversationReleased):
            self._dialogue.take_due_turn(now_ms)
        self._dispatch(event, now_ms)
        return self._drain(now_ms)

    @property
    def deadline_ms(self) -> int | None:
        """When `handle_timeout` is next due, or None when only an event can move things on."""
        state = self.state
        if state.phase in ("new", "transferred", "ended"):
            return None
        times = [self._dialogue.deadline_ms(user_active=self._turns.pending)]
        if not self._protected:
            times.append(self._turns.deadline_ms)
        if state.phase == "live":
            times.append(state.started_ms + self.policy.duration_max_ms)
        return min((time for time in times if time is not None), default=None)

    def handle_timeout(self, now_ms: int) -> list[AnyAction]:
        """Act on everything due by now."""
        self._advance(now_ms)
        if self.state.phase in ("new", "transferred", "ended"):
            return []
        self._dialogue.take_due_turn(now_ms)
        if self.state.phase == "live" and now_ms >= self.state.started_ms + self.policy.duration_max_ms:
            self._dialogue.interrupt()
            self._dialogue.close(Disposition.DURATION_LIMIT, self.policy.phrases.duration_goodbye, now_ms)
        if not self._protected:
            self._follow(self._turns.handle_timeout(now_ms, self._floor()), now_ms)
        self._dialogue.handle_timeout(now_ms, user_active=self._turns.pending)
        return self._drain(now_ms)

    @property
    def history(self) -> tuple[Message, ...]:
        """What was said and heard so far."""
        return memory.history(self.state.dialogue)

    @property
    def ended(self) -> bool:
        """Whether the conversation is over for good."""
        return self.state.phase == "ended"

    @property
    def activity(self) -> str:
        """`listening`, `thinking`, `speaking` or `ended`, for whoever watches."""
        if self.state.phase in ("ended", "transferred"):
            return "ended"
        if any(u.started and not u.cut for u in self.state.dialogue.utterances):
            return "speaking"
        return "thinking" if self._dialogue.busy else "listening"

    @property
    def between_moves(self) -> bool:
        """Whether another task can take over unnoticed: nobody is in the middle of a word, a thought or a deed."""
        dialogue = self.state.dialogue
        return (
            self.state.phase == "live"
            and not self._turns.expecting
            and dialogue.turn_due is None
            and not dialogue.tools
            and (dialogue.generation is None or dialogue.generation.speculative)
            and not any(u.started and not u.cut for u in dialogue.utterances)
        )

    def snapshot(self) -> str:
        """The whole state as JSON."""
        return msgspec.json.encode(self.state).decode()

    @classmethod
    def restore(cls, policy: Policy, snapshot: str) -> "Conversation":
        """Rebuild a conversation from `snapshot()`. Raises msgspec.ValidationError on anything else."""
        return cls(policy, msgspec.json.decode(snapshot, type=ConversationState))

    def _dispatch(self, event: ev.AnyEvent, now_ms: int) -> None:
        dialogue = self._dialogue
        match event:
            case ev.TranscriptUpdated() | ev.TranscriptFinalized():
                dialogue.state.hearing = True
                self._follow(self._turns.handle(event, now_ms, self._floor()), now_ms)
                if isinstance(event, ev.TranscriptFinalized) and event.text:
                    dialogue.keep()  # words are worth as much before their turn has ended
            case ev.UserSpeechStarted() | ev.UserSpeechEnded():
                self._follow(self._turns.handle(event, now_ms, self._floor()), now_ms)
            case ev.DigitPressed():
                dialogue.caller_is_there()
                self._follow(self._turns.handle(event, now_ms, self._floor()), now_ms)
            case ev.GenerationProgressed():
                dialogue.generation_progressed(event.generation_id, event.text, now_ms)
            case ev.PlaybackStarted():
                dialogue.playback_started(event.say_id)
            case ev.PlaybackProgressed():
                dialogue.playback_progressed(event.say_id, event.heard_chars)
            case ev.PlaybackFinished():
                dialogue.playback_finished(event.say_id, now_ms)
            case ev.UserTurnEnded():
                self._typed_turn(event.text, now_ms)
            case ev.GenerationFinished():
                dialogue.generation_finished(event.generation_id, now_ms)
            case ev.GenerationFailed():
                dialogue.generation_failed(event.generation_id, now_ms)
            case ev.ToolCallRequested():
                dialogue.tool_call_requested(event.generation_id, event.call)
            case ev.ToolCallFinished():
                dialogue.tool_finished(event.call_id, event.content, now_ms, is_error=event.is_error)
            case ev.ToolCallFailed():
                dialogue.tool_finished(
                    event.call_id, "No answer; the outcome is unknown.", now_ms, is_error=True
                )
            case ev.SynthesisFailed():
                dialogue.synthesis_failed(event.say_id, now_ms)
            case ev.TranscriptionFailed():
                if self.state.phase == "live":
                    dialogue.not_hearing(now_ms)
            case ev.ConversationStarted():
                self._start(now_ms)
            case ev.ConversationResumed():
                self._resume(event, now_ms)
            case ev.ConversationReleased():
                self.state.released_ms = now_ms
            case ev.UserDisconnected():
                self._disconnect()

    def _follow(self, signals: list[Signal], now_ms: int) -> None:
        """Carry turn taking's decisions over to the dialogue."""
        dialogue = self._dialogue
        for signal in signals:
            match signal:
                case SuspectInterruption():
                    dialogue.actions.append(PausePlayback())
                case RejectInterruption():
                    dialogue.actions.append(ResumePlayback())
                case ConfirmInterruption():
                    dialogue.interrupt()
                case RequestFinal():
                    dialogue.actions.append(FinalizeTranscript())
                case Speculate():
                    dialogue.speculate(signal.text, now_ms)
                case CancelSpeculation():
                    dialogue.cancel_speculation()
                case EndTurn():
                    self._end_turn(DueTurn(signal.text, signal.confidence, signal.ended_ms), now_ms)
                case MissTurn():
                    dialogue.ask_again(now_ms)
                case PressKey():
                    self._press_key(signal.digit, now_ms)

    def _end_turn(self, turn: DueTurn, now_ms: int) -> None:
        dialogue = self._dialogue
        if any(utterance.cut for utterance in self.state.dialogue.utterances):
            dialogue.state.turn_due = turn  # the heard point is not known before StopPlayback is carried out
        else:
            dialogue.user_turn(turn, now_ms)

    def _press_key(self, digit: str, now_ms: int) -> None:
        if digit == "0":
            self._dialogue.hand_over("The caller pressed zero for a person.", now_ms)
        else:
            self._end_turn(DueTurn(self.policy.keys[digit], 1.0, now_ms), now_ms)

    def _typed_turn(self, text: str, now_ms: int) -> None:
        if self._protected or not text.strip():
            return
        self._turns.reset()
        if self._dialogue.busy:
            self._dialogue.interrupt()
        self._end_turn(DueTurn(text.strip()[: self.policy.turn_chars_max], 1.0, now_ms), now_ms)

    def _start(self, now_ms: int) -> None:
        if self.state.phase == "new":
            self.state.phase = "live"
            self.state.started_ms = now_ms
            self._dialogue.open()

    def _resume(self, event: ev.ConversationResumed, now_ms: int) -> None:
        if self.state.phase == "new":
            self._start(now_ms)
            return
        unfinished = self._turns.restart(now_ms)
        self._dialogue.resume(event.transfer_failed, now_ms)
        self._dialogue.take_due_turn(now_ms)
        if unfinished and self.state.phase == "live":
            self._follow([unfinished], now_ms)

    def _disconnect(self) -> None:
        if self.state.phase == "transferred":
            self.state.disposition = Disposition.TRANSFERRED
        else:
            self.state.disposition = self.state.closing_as or Disposition.CALLER_HUNG_UP
            self._dialogue.interrupt()
        self.state.phase = "ended"

    def _lift_pause(self) -> None:
        """A candidate interruption holds nothing back once all was heard, and may not hold back a last announcement."""
        dialogue = self._dialogue
        if self._turns.suspecting and (self._protected or not dialogue.busy):
            self._turns.clear_suspicion()
            if not any(isinstance(action, StopPlayback) for action in dialogue.actions):
                dialogue.actions.append(ResumePlayback())

    def _floor(self) -> Floor:
        dialogue = self._dialogue
        return Floor(
            busy=dialogue.busy,
            protected=self._protected,
            unsaid_chars=dialogue.unsaid_chars,
            digits_expected=digits_expected_after(dialogue.last_said()),
        )

    @property
    def _protected(self) -> bool:
        state = self.state
        closing = state.phase == "closing" and state.closing_as in PROTECTED_CLOSINGS
        return closing or state.phase in ("new", "transferring", "transferred", "ended")

    def _advance(self, now_ms: int) -> None:
        assert now_ms >= self.state.now_ms, f"time went backwards: {now_ms} < {self.state.now_ms}"
        self.state.now_ms = now_ms

    def _drain(self, now_ms: int) -> list[AnyAction]:
        """Hand over the collected orders, and note whose move it is."""
        dialogue = self._dialogue
        busy = dialogue.busy
        self._lift_pause()
        if not busy and not self._protected:
            self._turns.floor_freed(now_ms, self._floor())
        waiting = busy or self._turns.pending or dialogue.state.turn_due is not None
        if waiting or self.state.phase != "live":
            dialogue.state.idle_ms = None
        elif dialogue.state.idle_ms is None:
            dialogue.state.idle_ms = now_ms
        actions, dialogue.actions = dialogue.actions, []
        return actions
