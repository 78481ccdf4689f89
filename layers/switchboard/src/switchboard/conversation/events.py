"""Facts the conversation is told, in the past tense.

All are plain data and survive JSON, so a journal of `(now_ms, event)` replays a call exactly.
"""

from msgspec import Struct

from switchboard.domain.messages import ToolCall


class Event(Struct, frozen=True, tag=True):
    """Base of all facts."""


class ConversationStarted(Event, frozen=True):
    """The caller is there and hears us."""


class ConversationResumed(Event, frozen=True):
    """Another task took the call over from a snapshot; `transfer_failed` names why a transfer came back, if one did."""

    transfer_failed: str = ""


class UserSpeechStarted(Event, frozen=True):
    """Voice activity began at `at_ms` (core time, at or before now)."""

    at_ms: int


class UserSpeechEnded(Event, frozen=True):
    """Voice activity stopped at `at_ms` (core time, before now by the detector's hang-over)."""

    at_ms: int


class TranscriptUpdated(Event, frozen=True):
    """Interim recognition since the last final result; replaces the previous interim text."""

    text: str


class TranscriptFinalized(Event, frozen=True):
    """Final recognition; `flushed` when it answers `FinalizeTranscript` and recognition has caught up."""

    text: str
    confidence: float = 1.0
    flushed: bool = False


class TranscriptionFailed(Event, frozen=True):
    """No transcriber can hear the caller any more."""


class DigitPressed(Event, frozen=True):
    """A key: 0-9, * or #."""

    digit: str


class UserTurnEnded(Event, frozen=True):
    """A complete turn from a channel that has already decided (typed text, chat, Lex)."""

    text: str


class GenerationProgressed(Event, frozen=True):
    """The next piece of a reply."""

    generation_id: int
    text: str


class ToolCallRequested(Event, frozen=True):
    """The reply asks for a tool."""

    generation_id: int
    call: ToolCall


class GenerationFinished(Event, frozen=True):
    """The reply is complete."""

    generation_id: int


class GenerationFailed(Event, frozen=True):
    """No language model could (go on to) answer."""

    generation_id: int


class ToolCallFinished(Event, frozen=True):
    """A tool answered; `is_error` marks an answer that tells the model of a failure."""

    call_id: str
    content: str
    is_error: bool = False


class ToolCallFailed(Event, frozen=True):
    """A tool gave no answer; whether it took effect is unknown."""

    call_id: str


class PlaybackStarted(Event, frozen=True):
    """The caller began to hear an utterance."""

    say_id: int


class PlaybackProgressed(Event, frozen=True):
    """The caller has heard the first `heard_chars` characters of an utterance, cut at a word."""

    say_id: int
    heard_chars: int


class PlaybackFinished(Event, frozen=True):
    """The caller has heard an utterance to its end."""

    say_id: int


class SynthesisFailed(Event, frozen=True):
    """No synthesizer could speak (the rest of) an utterance."""

    say_id: int


class ConversationReleased(Event, frozen=True):
    """The task lets go of the call on purpose, for another to go on at once: nobody need notice."""


class UserDisconnected(Event, frozen=True):
    """The caller is gone."""


AnyEvent = (
    ConversationStarted
    | ConversationResumed
    | UserSpeechStarted
    | UserSpeechEnded
    | TranscriptUpdated
    | TranscriptFinalized
    | TranscriptionFailed
    | DigitPressed
    | UserTurnEnded
    | GenerationProgressed
    | ToolCallRequested
    | GenerationFinished
    | GenerationFailed
    | ToolCallFinished
    | ToolCallFailed
    | PlaybackStarted
    | PlaybackProgressed
    | PlaybackFinished
    | SynthesisFailed
    | ConversationReleased
    | UserDisconnected
)
