"""Where the time of a turn went: end of caller speech -> first audio out."""

from collections.abc import Callable

from msgspec import Struct


class TurnLatency(Struct, frozen=True, rename="camel"):
    """One turn's delays in milliseconds.

    `latency_ms` runs from the end of the caller's voice to our first audio; its parts follow one another: waiting
    until the turn was over, waiting for the model's first clause (0 where speculation hid it), synthesis, sending.
    """

    number: int
    latency_ms: int
    endpointing_ms: int
    generation_ms: int
    synthesis_ms: int
    first_token_ms: int
    speculative: bool


class TurnTimer:
    """Notes the moments of the running turn. One per call."""

    def __init__(self, *, on_turn: Callable[[TurnLatency], None]) -> None:
        self._on_turn = on_turn
        self.number = 0
        self._speech_ended_ms = 0
        self._turn_ms: int | None = None
        self._requested_ms = 0
        self._speculative = False
        self._first_token_ms: int | None = None
        self._answer_id: int | None = None
        self._said_ms = 0
        self._synthesized_ms: int | None = None

    def speech_ended(self, at_ms: int) -> None:
        """The caller's voice stopped."""
        self._speech_ended_ms = at_ms

    @property
    def speech_ended_ms(self) -> int:
        """When the caller's voice last stopped."""
        return self._speech_ended_ms

    def turn_ended(self, number: int, now_ms: int) -> None:
        """The conversation took the turn."""
        self.number = number
        self._turn_ms = now_ms
        self._answer_id = self._synthesized_ms = None
        self._speech_ended_ms = min(self._speech_ended_ms or now_ms, now_ms)

    def requested(self, now_ms: int, *, speculative: bool) -> None:
        """The model was asked."""
        self._requested_ms = now_ms
        self._speculative = speculative
        self._first_token_ms = None

    def token(self, now_ms: int) -> None:
        """The model wrote something."""
        if self._first_token_ms is None:
            self._first_token_ms = now_ms

    def said(self, say_id: int, now_ms: int) -> None:
        """A clause went to the synthesizer."""
        if self._turn_ms is not None and self._answer_id is None:
            self._answer_id = say_id
            self._said_ms = now_ms

    def synthesized(self, say_id: int, now_ms: int) -> None:
        """Audio of a clause arrived."""
        if say_id == self._answer_id and self._synthesized_ms is None:
            self._synthesized_ms = now_ms

    def audio_sent(self, say_id: int, now_ms: int) -> None:
        """Audio of a clause left."""
        if say_id != self._answer_id or self._turn_ms is None:
            return
        first_token_ms = self._first_token_ms if self._first_token_ms is not None else self._said_ms
        latency = TurnLatency(
            number=self.number,
            latency_ms=now_ms - self._speech_ended_ms,
            endpointing_ms=self._turn_ms - self._speech_ended_ms,
            generation_ms=self._said_ms - self._turn_ms,
            synthesis_ms=now_ms - self._said_ms,
            first_token_ms=max(0, first_token_ms - self._requested_ms),
            speculative=self._speculative,
        )
        self._turn_ms = self._answer_id = None
        self._on_turn(latency)
