"""Every threshold and fixed phrase of a conversation, as data."""

from msgspec import Struct, field

from switchboard.domain.agents import Agent


class Phrases(Struct, frozen=True):
    """What the agent says without asking a model. Fixed, so that it can be rendered before the first call."""

    fillers: tuple[str, ...] = (
        "Let me check on that.",
        "Still with you, one more moment.",
        "Thanks for waiting, I'm nearly there.",
        "I'm sorry this takes so long.",
    )
    identity: str = "I'm an AI assistant, not a person. I can put you through to someone if you like."
    unclear: tuple[str, ...] = (
        "Sorry, I didn't catch that. Could you say it again?",
        "Sorry, I still didn't get that. You can also use your keypad, and zero gets you a person.",
    )
    no_input: tuple[str, ...] = (
        "Are you still there?",
        "I can't hear you. Say something or press any key if you're still there.",
    )
    no_input_goodbye: str = "I'll end the call now. Please call again any time. Goodbye."
    duration_goodbye: str = (
        "We've reached the longest time I can stay on one call, so I have to end here. Goodbye."
    )
    not_hearing: str = "I'm having trouble hearing you. You can use your keypad, and zero gets you a person."
    apology: str = "Sorry, I had a problem with that. Could you ask me again?"
    failing: str = "I'm having trouble on my side, I'm sorry."
    transfer: str = "Let me get you to someone. One moment, please."
    transfer_failed: str = "I couldn't reach anyone just now. I'm still here and happy to help."
    no_transfer: str = (
        "I can't put you through to a person on this line right now, but I'm glad to help if I can."
    )
    failed_goodbye: str = "Please call again a little later. Goodbye."
    resumed: str = "Sorry, we were cut off for a moment."
    resumed_listening: str = "Sorry, we were cut off for a moment. Please go ahead."
    farewell: str = "Thank you for calling. Goodbye."

    def all(self) -> tuple[str, ...]:
        """Every phrase, for rendering ahead of time."""
        one = (self.identity, self.no_input_goodbye, self.duration_goodbye, self.not_hearing, self.apology)
        two = (self.failing, self.transfer, self.transfer_failed, self.no_transfer, self.failed_goodbye)
        return (
            *self.fillers,
            *self.unclear,
            *self.no_input,
            *one,
            *two,
            self.resumed,
            self.resumed_listening,
            self.farewell,
        )


DEFAULT_KEYS = {
    "1": "I have a question about billing.",
    "2": "I need technical support.",
    "3": "I'd like to talk about buying something.",
}
"""What a menu key says in the caller's place (R-IVR). Zero, the way to a person, is the core's own."""


class Policy(Struct, frozen=True):
    """How one agent converses. Times in milliseconds."""

    agent: Agent
    phrases: Phrases = Phrases()
    keys: dict[str, str] = field(default_factory=DEFAULT_KEYS.copy)
    transfer_available: bool = True

    # Turn taking: silence after speech before the turn is over. Deepgram and Twilio both place
    # a natural within-sentence pause below 500 ms.
    endpoint_complete_ms: int = 450
    endpoint_neutral_ms: int = 700
    endpoint_unfinished_ms: int = 1500
    endpoint_digits_ms: int = 2000
    transcript_wait_ms: int = 1200
    speech_max_ms: int = 45_000
    miss_speech_ms: int = 700

    # Interruption: candidate until words or length confirm it.
    interruption_speech_ms: int = 1200
    interruption_reject_ms: int = 450
    interruption_hold_max_ms: int = 2500
    nearly_said_chars: int = 15

    # Keys.
    digit_gap_ms: int = 2500
    digits_max: int = 32

    # Dialogue.
    confidence_min: float = 0.6
    stall_after_ms: int = 2000
    stall_repeat_ms: int = 2600
    generation_max_ms: int = 12_000
    tool_max_ms: int = 12_000
    tool_rounds_max: int = 5
    tool_calls_max: int = 4
    attempts_max: int = 2
    failures_max: int = 3
    no_input_ms: int = 7000
    closing_max_ms: int = 20_000
    duration_max_ms: int = 30 * 60_000
    unnoticed_break_ms: int = 2500
    """A hand-over that took no longer needs no apology: it fell between two clauses, or into a silence."""
    history_max: int = 80
    turn_chars_max: int = 4000
    reply_chars_max: int = 4000

    @property
    def opening(self) -> str:
        """The first words of every call: disclosure, then greeting."""
        return f"{self.agent.disclosure} {self.agent.greeting}"

    def fixed_texts(self) -> tuple[str, ...]:
        """Everything worth rendering before the first call."""
        return (self.opening, self.agent.disclosure, *self.phrases.all())
