"""Who has the floor: speech and transcripts in, ended turns and interruptions out. Voice only.

Laws: every recognised word gets a turn, unless it is a back-channel under our own speech; an interruption is a
candidate (fall silent at once) until words or length confirm it or silence rejects it; a turn ends after a
silence as long as its words need; keys win over speech.
"""

from typing import assert_never

from msgspec import Struct

from switchboard.conversation import events as ev
from switchboard.conversation.backchannels import is_backchannel
from switchboard.conversation.endpointing import completeness
from switchboard.conversation.policy import Policy
from switchboard.conversation.state import Recognised, TurnTakingState

STALE_TRANSCRIPT_MS = 3000
"""Voice activity without new words for this long is noise behind a finished turn."""
FRAGMENT_MS = 150
"""A voice that began this soon after another task began to listen was there before: only the end of its sentence is heard."""
INTERIM_CONFIDENCE = 0.75
"""Interim results carry no confidence; they are acted on only when a final one fails to come."""


class Floor(Struct, frozen=True):
    """What the agent is doing while the caller speaks.

    `busy`: it is writing or saying something. `protected`: a closing announcement, which goes on.
    """

    busy: bool = False
    protected: bool = False
    unsaid_chars: int = 0
    digits_expected: int | None = None


class SuspectInterruption(Struct, frozen=True):
    """Fall silent, remember the heard point."""


class ConfirmInterruption(Struct, frozen=True):
    """The caller has taken the floor."""


class RejectInterruption(Struct, frozen=True):
    """It was nothing: go on speaking."""


class RequestFinal(Struct, frozen=True):
    """The voice has stopped; recognition should catch up."""


class Speculate(Struct, frozen=True):
    """The turn will very likely end with these words."""

    text: str


class CancelSpeculation(Struct, frozen=True):
    """It did not."""


class EndTurn(Struct, frozen=True):
    """The caller's turn is over; `ended_ms` is when the voice stopped."""

    text: str
    confidence: float
    ended_ms: int


class MissTurn(Struct, frozen=True):
    """The caller spoke, and recognition has caught up without a word: it must be asked about, not passed over."""


class PressKey(Struct, frozen=True):
    """A menu key."""

    digit: str


Signal = (
    SuspectInterruption
    | ConfirmInterruption
    | RejectInterruption
    | RequestFinal
    | Speculate
    | CancelSpeculation
    | EndTurn
    | MissTurn
    | PressKey
)
SpeechEvent = (
    ev.UserSpeechStarted
    | ev.UserSpeechEnded
    | ev.TranscriptUpdated
    | ev.TranscriptFinalized
    | ev.DigitPressed
)


class TurnTaking:
    """The machine. One instance per conversation; all it knows is in `state`."""

    def __init__(self, policy: Policy, state: TurnTakingState) -> None:
        self.policy = policy
        self.state = state

    def handle(self, event: SpeechEvent, now_ms: int, floor: Floor) -> list[Signal]:
        """Take one fact."""
        if floor.protected:
            return []
        match event:
            case ev.UserSpeechStarted():
                return self._speech_started(event.at_ms, now_ms, floor)
            case ev.UserSpeechEnded():
                return self._speech_ended(event.at_ms, now_ms, floor)
            case ev.TranscriptUpdated():
                return self._transcript_updated(event.text, now_ms, floor)
            case ev.TranscriptFinalized():
                return self._transcript_finalized(event, now_ms, floor)
            case ev.DigitPressed():
                return self._digit_pressed(event.digit, now_ms, floor)
        assert_never(event)

    @property
    def deadline_ms(self) -> int | None:
        """When `handle_timeout` is next due."""
        state = self.state
        times = [state.endpoint_ms, state.reject_ms, state.digits_ms]
        if state.speaking:
            times.append(self._stuck_ms())
        return min((time for time in times if time is not None), default=None)

    def handle_timeout(self, now_ms: int, floor: Floor) -> list[Signal]:
        """Act on what is due."""
        state = self.state
        if state.digits_ms is not None and now_ms >= state.digits_ms:
            return self._end_digits(now_ms, floor)
        if state.reject_ms is not None and now_ms >= state.reject_ms:
            return self._reject()
        if state.speaking and now_ms >= self._stuck_ms():
            state.speaking = False
            state.speech_ended_ms = now_ms
            state.endpoint_ms = now_ms if self._text() else None
            return self._reject() if state.suspected_ms is not None and not self._text() else []
        if state.endpoint_ms is not None and now_ms >= state.endpoint_ms:
            return self._endpoint(now_ms, floor)
        return []

    def floor_freed(self, now_ms: int, floor: Floor) -> None:
        """The agent has nothing more to say: words that waited under its speech become the caller's turn."""
        if self._text() and not self.state.speaking and self.state.endpoint_ms is None:
            self._set_endpoint(now_ms, floor)

    def reset(self) -> None:
        """Forget the present turn (the caller has moved on by another way)."""
        state = self.state
        state.finals.clear()
        state.consumed_words += len(self._fresh(state.interim).split())
        state.endpoint_ms = state.digits_ms = None
        state.digits = ""
        state.fragment = False
        self.clear_suspicion()

    def restart(self, now_ms: int) -> EndTurn | None:
        """Another recogniser listens from here on: the words so far are a turn, and nothing more comes of them."""
        state = self.state
        turn = self._end_turn(self._text()) if self._text() else None
        state.speaking = state.awaiting_final = False
        state.interim = ""
        state.consumed_words = 0
        self.reset()
        state.resumed_ms = now_ms
        return turn

    def clear_suspicion(self) -> None:
        """Whatever the caller's voice over ours was, it is settled."""
        self.state.suspected_ms = self.state.reject_ms = None

    @property
    def suspecting(self) -> bool:
        """Whether playback is paused for a candidate interruption."""
        return self.state.suspected_ms is not None

    @property
    def pending(self) -> bool:
        """Whether the caller has begun something that is not yet a turn."""
        state = self.state
        return bool(state.speaking or state.digits or state.suspected_ms is not None or self._text())

    @property
    def expecting(self) -> bool:
        """Whether the caller has begun something, or has just ended it and its words are still to come."""
        return self.pending or self.state.endpoint_ms is not None

    def _speech_started(self, at_ms: int, now_ms: int, floor: Floor) -> list[Signal]:
        state = self.state
        state.speaking = True
        if not self._text():
            state.fragment = state.resumed_ms is not None and at_ms - state.resumed_ms < FRAGMENT_MS
        state.speech_started_ms = now_ms
        state.endpoint_ms = None
        if not state.interim:
            state.consumed_words = 0  # a revised final may have been shorter than the interim it replaced
        if not floor.busy:
            return [CancelSpeculation()]
        if state.suspected_ms is not None:
            state.reject_ms = state.suspected_ms + self.policy.interruption_hold_max_ms
            return []
        state.suspected_ms = now_ms
        state.reject_ms = now_ms + self.policy.interruption_hold_max_ms
        return [SuspectInterruption()]

    def _speech_ended(self, at_ms: int, now_ms: int, floor: Floor) -> list[Signal]:
        state = self.state
        if not state.speaking:
            return []
        state.speaking = False
        state.speech_ended_ms = min(at_ms, now_ms)
        state.awaiting_final = True
        if state.suspected_ms is not None:
            state.reject_ms = max(now_ms, state.speech_ended_ms + self.policy.interruption_reject_ms)
        else:
            self._set_endpoint(now_ms, floor)
        return [RequestFinal()]

    def _transcript_updated(self, text: str, now_ms: int, floor: Floor) -> list[Signal]:
        state = self.state
        if text == state.interim:
            return []
        before = self._text()
        state.interim = text
        words = self._text()
        if not words or words == before:
            return []
        state.transcript_ms = now_ms
        signals: list[Signal] = [CancelSpeculation()]
        if floor.busy:
            signals = self._words_under_speech(now_ms, floor)
        if not state.speaking and state.suspected_ms is None and (signals or not floor.busy):
            state.speech_ended_ms = (
                max(state.speech_ended_ms, now_ms) if not before else state.speech_ended_ms
            )
            self._set_endpoint(now_ms, floor)
        return signals

    def _transcript_finalized(self, event: ev.TranscriptFinalized, now_ms: int, floor: Floor) -> list[Signal]:
        state = self.state
        fresh = self._fresh(event.text)
        had_words = bool(self._text())
        state.interim = ""
        state.consumed_words = max(0, state.consumed_words - len(event.text.split()))
        answered = event.flushed and state.awaiting_final
        if event.flushed:
            state.awaiting_final = False
        if fresh:
            state.transcript_ms = now_ms
            state.finals.append(Recognised(fresh, event.confidence))
        if floor.busy:
            return self._final_under_speech(fresh, event.flushed, now_ms, floor)
        if state.speaking:
            return []
        if not self._text():
            if event.flushed:
                state.endpoint_ms = None
            spoke_ms = state.speech_ended_ms - state.speech_started_ms
            missed = answered and (state.fragment or spoke_ms >= self.policy.miss_speech_ms)
            state.fragment = False
            return [MissTurn()] if missed else []
        if not had_words:
            state.speech_ended_ms = max(state.speech_ended_ms, now_ms - self.policy.endpoint_complete_ms)
        self._set_endpoint(now_ms, floor)
        return self._speculation(floor)

    def _final_under_speech(self, fresh: str, flushed: bool, now_ms: int, floor: Floor) -> list[Signal]:
        state = self.state
        if fresh:
            signals = self._words_under_speech(now_ms, floor)
            if signals:
                if not state.speaking:
                    self._set_endpoint(now_ms, floor)
                return signals
        if flushed and not state.speaking and state.suspected_ms is not None:
            return self._reject()
        if state.suspected_ms is None and not state.speaking:
            state.finals.clear()  # a back-channel
        return []

    def _words_under_speech(self, now_ms: int, floor: Floor) -> list[Signal]:
        """Words while the agent has the floor: a real interruption, unless they only signal listening."""
        state = self.state
        words = self._text()
        lasted_ms = now_ms - state.speech_started_ms if state.speaking else 0
        if (
            is_backchannel(words)
            and floor.unsaid_chars > self.policy.nearly_said_chars
            and lasted_ms < self.policy.interruption_speech_ms
        ):
            return []
        self.clear_suspicion()
        return [ConfirmInterruption()]

    def _digit_pressed(self, digit: str, now_ms: int, floor: Floor) -> list[Signal]:
        state = self.state
        collecting = bool(state.digits) or floor.digits_expected is not None
        signals: list[Signal] = [ConfirmInterruption()] if floor.busy else [CancelSpeculation()]
        digits = state.digits
        self.reset()
        if digit == "#":
            state.digits = digits
            return signals + (self._end_digits(now_ms, floor) if digits else [])
        if not collecting and (digit == "0" or digit in self.policy.keys):
            return [*signals, PressKey(digit)]
        state.digits = digits + digit
        state.digits_ms = now_ms + self.policy.digit_gap_ms
        wanted = floor.digits_expected or self.policy.digits_max
        return signals + (self._end_digits(now_ms, floor) if len(state.digits) >= wanted else [])

    def _end_digits(self, now_ms: int, floor: Floor) -> list[Signal]:
        """A lone key is a menu key, unless a number was asked for; zero always leads to a person."""
        state = self.state
        digits, state.digits, state.digits_ms = state.digits, "", None
        if digits == "0" or (digits in self.policy.keys and floor.digits_expected is None):
            return [PressKey(digits)]
        return [EndTurn(digits, 1.0, now_ms)]

    def _set_endpoint(self, now_ms: int, floor: Floor) -> None:
        """The turn ends when the silence since the last speech is as long as the words ask for."""
        state = self.state
        text = self._text()
        if not text:
            state.endpoint_ms = max(now_ms, state.speech_ended_ms + self.policy.transcript_wait_ms)
            return
        state.endpoint_ms = max(now_ms, state.speech_ended_ms + self._silence_ms(text, floor))

    def _silence_ms(self, text: str, floor: Floor) -> int:
        policy = self.policy
        match completeness(text, digits_expected=floor.digits_expected):
            case "complete":
                return policy.endpoint_complete_ms
            case "neutral":
                return policy.endpoint_neutral_ms
            case "unfinished":
                return policy.endpoint_unfinished_ms
            case "digits":
                return policy.endpoint_digits_ms

    def _speculation(self, floor: Floor) -> list[Signal]:
        state = self.state
        if state.interim or self._confidence() < self.policy.confidence_min:
            return []
        if completeness(self._text(), digits_expected=floor.digits_expected) != "complete":
            return []
        return [Speculate(self._text())]

    def _endpoint(self, now_ms: int, floor: Floor) -> list[Signal]:
        state = self.state
        state.endpoint_ms = None
        latest_ms = state.speech_ended_ms + self.policy.transcript_wait_ms
        if state.awaiting_final and (state.interim or not state.finals) and now_ms < latest_ms:
            state.endpoint_ms = latest_ms
            return []
        text = self._text()
        if not text:
            return []
        if floor.busy:
            # The floor was taken back in between (a filler, a prompt): words still win.
            return [ConfirmInterruption(), self._end_turn(text)]
        return [self._end_turn(text)]

    def _end_turn(self, text: str) -> EndTurn:
        state = self.state
        turn = EndTurn(text[: self.policy.turn_chars_max], self._confidence(), state.speech_ended_ms)
        self.reset()
        return turn

    def _reject(self) -> list[Signal]:
        state = self.state
        self.clear_suspicion()
        if is_backchannel(self._text()):
            state.finals.clear()
            state.consumed_words += len(self._fresh(state.interim).split())
        return [RejectInterruption()]

    def _stuck_ms(self) -> int:
        """When voice activity is no longer believed: for its length, or because no new words come with it."""
        state = self.state
        longest_ms = state.speech_started_ms + self.policy.speech_max_ms
        if not self._text():
            return longest_ms
        return min(longest_ms, max(state.transcript_ms, state.speech_started_ms) + STALE_TRANSCRIPT_MS)

    def _text(self) -> str:
        state = self.state
        if not state.finals and not state.interim:
            return ""
        parts = [final.text for final in state.finals]
        fresh = self._fresh(state.interim)
        return " ".join([*parts, fresh] if fresh else parts)

    def _fresh(self, text: str) -> str:
        consumed = self.state.consumed_words
        return " ".join(text.split()[consumed:]) if consumed else text.strip()

    def _confidence(self) -> float:
        state = self.state
        if state.fragment:
            return 0.0  # half a sentence is asked about, never acted on
        if not state.finals:
            return INTERIM_CONFIDENCE
        words = sum(len(final.text.split()) for final in state.finals)
        return sum(final.confidence * len(final.text.split()) for final in state.finals) / max(1, words)
