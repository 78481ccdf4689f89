"""A scripted phone call: say what happens, look at what the core ordered.

    call = Call().connects()
    call.agent_finishes()
    call.caller_says("What are your opening hours?")
    assert [Generate] == kinds(call.new)

Time stands still unless a step says otherwise (`at=`, `silence`); waiting goes through the deadlines that the core asks
for. Orders are carried out as a driver must: what was heard is reported when playback stops, before anything else. Two
things are checked at every step of every script: a twin restored from the JSON snapshot orders the same and
ends up in the same state (law 6), and the `Witness` finds the laws kept.
"""

from collections.abc import Iterable
from typing import TypeVar

from switchboard.conversation.actions import (
    AnyAction,
    CallTool,
    CancelGeneration,
    CancelTool,
    EndConversation,
    Generate,
    PausePlayback,
    ResumePlayback,
    Say,
    StopPlayback,
    Transfer,
)
from switchboard.conversation.events import (
    AnyEvent,
    ConversationReleased,
    ConversationResumed,
    ConversationStarted,
    DigitPressed,
    GenerationFailed,
    GenerationFinished,
    GenerationProgressed,
    PlaybackFinished,
    PlaybackProgressed,
    PlaybackStarted,
    SynthesisFailed,
    ToolCallFailed,
    ToolCallFinished,
    ToolCallRequested,
    TranscriptFinalized,
    TranscriptionFailed,
    TranscriptUpdated,
    UserDisconnected,
    UserSpeechEnded,
    UserSpeechStarted,
    UserTurnEnded,
)
from switchboard.conversation.machine import Conversation
from switchboard.conversation.policy import Policy
from switchboard.domain.agents import Agent
from switchboard.domain.messages import Message, ToolCall, ToolSpec

LOOK_UP = ToolSpec("look_up", "Reads an order.", {"type": "object"})
BOOK = ToolSpec("book", "Books a table.", {"type": "object"}, has_effects=True)
AGENT = Agent(
    name="Robin",
    company="Acme",
    instructions="Be helpful.",
    disclosure="This is Acme's AI assistant.",
    greeting="How can I help?",
    tools=(LOOK_UP, BOOK),
)
POLICY = Policy(AGENT)
PHRASES = POLICY.phrases
OPENING = "This is Acme's AI assistant. How can I help?"
TIMEOUTS_AT_ONCE_MAX = 20
"""A deadline that stays due is a hot loop."""

A = TypeVar("A")
ANSWER = "We are open from nine to five on every weekday except public holidays. Saturdays end at noon."


class Call:
    """One call under test."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.policy = policy
        self.core = Conversation(policy)
        self.witness = Witness()
        self.now_ms = 0
        self.log: list[tuple[int, AnyAction]] = []
        self.new: list[AnyAction] = []
        """What the latest step led to."""
        self.unheard: list[Say] = []
        """What the agent has been told to say and the caller has not heard to its end."""
        self._heard: dict[int, int] = {}
        self.paused = False

    # -- Time

    def silence(self, *, ms: int = 0, until: int | None = None) -> "Call":
        """Let time pass through every deadline on the way."""
        return self._step(None, until if until is not None else self.now_ms + ms)

    def silence_until_next_deadline(self) -> "Call":
        deadline_ms = self.core.deadline_ms
        assert deadline_ms is not None, "nothing is due, ever"
        return self.silence(until=deadline_ms)

    # -- The caller

    def connects(self) -> "Call":
        return self._step(ConversationStarted())

    def connects_and_listens(self) -> "Call":
        self.connects().agent_finishes()
        self.new = []
        return self

    def caller_starts_speaking(self, *, at: int | None = None) -> "Call":
        at = self.now_ms if at is None else at
        return self._step(UserSpeechStarted(at), at)

    def caller_stops_speaking(self, *, at: int | None = None) -> "Call":
        at = self.now_ms if at is None else at
        return self._step(UserSpeechEnded(at), at)

    def hears_so_far(self, text: str, *, at: int | None = None) -> "Call":
        """An interim result."""
        return self._step(TranscriptUpdated(text), at)

    def hears(
        self, text: str, *, at: int | None = None, confidence: float = 0.95, flushed: bool = True
    ) -> "Call":
        """A final result; `flushed` when it answers our request for it."""
        return self._step(TranscriptFinalized(text, confidence, flushed), at)

    def caller_says(self, text: str, *, confidence: float = 0.95, lasting_ms: int = 1000) -> "Call":
        """Speech, its final transcript and the silence that ends the turn."""
        self.caller_starts_speaking()
        self.silence(ms=lasting_ms)
        self.caller_stops_speaking()
        self.hears(text, confidence=confidence)
        before = len(self.log)
        while (
            self.core.state.turn_taking.endpoint_ms is not None
            or self.core.state.dialogue.turn_due is not None
        ):
            self.silence_until_next_deadline()
        self.new = [action for _, action in self.log[before:]]
        return self

    def presses(self, digits: str, *, at: int | None = None) -> "Call":
        before = len(self.log)
        for digit in digits:
            self._step(DigitPressed(digit), at)
        self.new = [action for _, action in self.log[before:]]
        return self

    def types(self, text: str) -> "Call":
        return self._step(UserTurnEnded(text))

    def hangs_up(self) -> "Call":
        return self._step(UserDisconnected())

    # -- The model and its tools

    @property
    def generation(self) -> Generate:
        """The newest request to the model."""
        return self.all(Generate)[-1]

    def model_writes(self, text: str, *, at: int | None = None, generation_id: int | None = None) -> "Call":
        return self._step(GenerationProgressed(generation_id or self.generation.generation_id, text), at)

    def model_finishes(self) -> "Call":
        return self._step(GenerationFinished(self.generation.generation_id))

    def model_replies(self, text: str) -> "Call":
        """A complete reply, without tools."""
        before = len(self.log)
        self.model_writes(text).model_finishes()
        self.new = [action for _, action in self.log[before:]]
        return self

    def model_fails(self) -> "Call":
        return self._step(GenerationFailed(self.generation.generation_id))

    def model_asks_for(self, name: str, *, call_id: str = "c1", **arguments: str) -> "Call":
        return self._step(
            ToolCallRequested(self.generation.generation_id, ToolCall(call_id, name, arguments))
        )

    def tool_answers(self, content: str, *, call_id: str = "c1") -> "Call":
        return self._step(ToolCallFinished(call_id, content))

    def tool_fails(self, *, call_id: str = "c1") -> "Call":
        return self._step(ToolCallFailed(call_id))

    # -- The agent's voice

    def agent_starts(self) -> "Call":
        return self._step(PlaybackStarted(self.unheard[0].say_id))

    def agent_is_heard(self, words: str) -> "Call":
        """The caller hears the utterance in progress up to and including `words`."""
        say = self.unheard[0]
        end = say.text.index(words) + len(words)
        self._heard[say.say_id] = end
        self._step(PlaybackStarted(say.say_id))
        return self

    def agent_finishes_one(self) -> "Call":
        say = self.unheard.pop(0)
        self._step(PlaybackStarted(say.say_id))
        return self._step(PlaybackFinished(say.say_id))

    def agent_finishes(self) -> "Call":
        """Everything said so far is heard to its end."""
        before = len(self.log)
        while self.unheard:
            self.agent_finishes_one()
        self.new = [action for _, action in self.log[before:]]
        return self

    def voice_fails(self) -> "Call":
        return self._step(SynthesisFailed(self.unheard.pop(0).say_id))

    def transcription_fails(self) -> "Call":
        return self._step(TranscriptionFailed())

    # -- Trouble

    def crashes_and_resumes(self, *, after_ms: int = 1500, transfer_failed: str = "") -> "Call":
        """Another task goes on from the snapshot; nothing of the former one answers any more."""
        self.core = Conversation.restore(self.policy, self.core.snapshot())
        self.now_ms += after_ms
        self.unheard.clear()
        self._heard.clear()
        self.paused = False
        self.witness.resumed()
        self.new = []
        self._apply(ConversationResumed(transfer_failed))
        self._wait(self.now_ms)
        return self

    def is_handed_over(self, *, after_ms: int = 600) -> "Call":
        """The task lets go of the call on purpose, and another goes on."""
        self._step(ConversationReleased())
        return self.crashes_and_resumes(after_ms=after_ms)

    def happens(self, event: AnyEvent) -> "Call":
        """Any fact at all."""
        return self._step(event)

    # -- Looking

    @property
    def actions(self) -> list[AnyAction]:
        return [action for _, action in self.log]

    def all(self, kind: type[A]) -> list[A]:
        return [action for action in self.actions if isinstance(action, kind)]

    def when(self, kind: type[AnyAction]) -> list[int]:
        return [at for at, action in self.log if isinstance(action, kind)]

    @property
    def said(self) -> list[str]:
        """Everything the agent was told to say, in order."""
        return [say.text for say in self.all(Say)]

    @property
    def says_now(self) -> list[str]:
        """What the latest step made the agent say."""
        return [action.text for action in self.new if isinstance(action, Say)]

    @property
    def turns(self) -> list[str]:
        """The caller's turns so far, as the memory holds them."""
        return [message.text for message in self.core.history if message.role == "user" and message.text]

    @property
    def remembered(self) -> list[tuple[str, str]]:
        """The dialogue as it was heard: (role, text)."""
        return [(message.role, message.text) for message in self.core.history if message.text]

    # -- Inside

    def _step(self, event: AnyEvent | None, at: int | None = None) -> "Call":
        self.new = []
        at = self.now_ms if at is None else at
        assert at >= self.now_ms, "a script's time runs forward"
        self._wait(at)
        if event is not None:
            self._apply(event)
            self._wait(at)
        return self

    def _wait(self, until_ms: int) -> None:
        at_once = 0
        while (deadline_ms := self.core.deadline_ms) is not None and deadline_ms <= until_ms:
            at_once = at_once + 1 if deadline_ms <= self.now_ms else 0
            assert at_once < TIMEOUTS_AT_ONCE_MAX, "the deadline never moves"
            self.now_ms = max(self.now_ms, deadline_ms)
            self._apply(None)
        self.now_ms = max(self.now_ms, until_ms)

    def _apply(self, event: AnyEvent | None) -> None:
        twin = Conversation.restore(self.policy, self.core.snapshot())
        orders = _advance(self.core, event, self.now_ms)
        assert orders == _advance(twin, event, self.now_ms), "a restored twin acts alike"
        assert self.core.snapshot() == twin.snapshot(), "and remembers alike"
        self.witness.see(event, orders)
        for order in orders:
            self.log.append((self.now_ms, order))
            self.new.append(order)
            self._perform(order)

    def _perform(self, order: AnyAction) -> None:
        match order:
            case Say():
                self.unheard.append(order)
            case PausePlayback():
                self.paused = True
                self._report_heard()
            case ResumePlayback():
                self.paused = False
            case StopPlayback():
                self.paused = False
                self._report_heard()
                self.unheard.clear()

    def _report_heard(self) -> None:
        for say in list(self.unheard):
            if self._heard.get(say.say_id):
                self._apply(PlaybackProgressed(say.say_id, self._heard[say.say_id]))


class Witness:
    """Watches one call from outside and fails when a law is broken."""

    def __init__(self) -> None:
        self.generation_id: int | None = None
        self.tools: set[str] = set()
        self.say_ids: set[int] = set()
        self.over = False
        self.suspended = False

    def see(self, event: AnyEvent | None, orders: Iterable[AnyAction]) -> None:
        if isinstance(event, GenerationFinished | GenerationFailed):
            self._forget(event.generation_id)
        if isinstance(event, ToolCallFinished | ToolCallFailed):
            self.tools.discard(event.call_id)
        for order in orders:
            assert not self.over, f"{order} after the end"
            self._order(order)

    def resumed(self) -> None:
        """The former task is gone, and with it everything it had running."""
        self.generation_id = None
        self.tools.clear()
        self.over = False
        self.suspended = False

    def _order(self, order: AnyAction) -> None:
        match order:
            case Generate():
                assert self.generation_id is None, "one generation at a time"
                self.generation_id = order.generation_id
                check_messages(order.messages)
                assert order.messages[-1].role == "user", "the model is asked to answer somebody"
            case CancelGeneration():
                assert order.generation_id == self.generation_id, "only what runs is cancelled"
                self.generation_id = None
            case CallTool():
                self.tools.add(order.call.id)
            case CancelTool():
                assert order.call_id in self.tools, "only what runs is cancelled"
                self.tools.discard(order.call_id)
            case Say():
                assert order.say_id not in self.say_ids, "every utterance has its own id"
                assert order.text.strip(), "there is something to say"
                self.say_ids.add(order.say_id)
            case PausePlayback():
                assert not self.suspended, "silent already"
                self.suspended = True
            case ResumePlayback():
                assert self.suspended, "only what was paused is resumed"
                self.suspended = False
            case StopPlayback():
                self.suspended = False
            case EndConversation() | Transfer():
                assert not self.suspended, "nobody leaves a caller in a pause"
                self.over = True

    def _forget(self, generation_id: int) -> None:
        if self.generation_id == generation_id:
            self.generation_id = None


def check_messages(messages: tuple[Message, ...]) -> None:
    """No message is empty; every tool call is answered once, by the user message right behind it."""
    for index, message in enumerate(messages):
        assert message.text or message.tool_calls or message.tool_results, "an empty message"
        asked = [call.id for call in messages[index - 1].tool_calls] if index else []
        answered = [result.call_id for result in message.tool_results]
        assert asked == answered, f"calls {asked}, results {answered}"
        assert message.role == "user" or not answered
        assert message.role == "assistant" or not message.tool_calls
    assert not messages[-1].tool_calls, "an unanswered tool call"


def kinds(actions: Iterable[AnyAction]) -> list[type[AnyAction]]:
    """The orders' types, without bookkeeping."""
    return [type(action) for action in actions if type(action).__name__ != "SaveCheckpoint"]


def _advance(core: Conversation, event: AnyEvent | None, now_ms: int) -> list[AnyAction]:
    return core.handle_timeout(now_ms) if event is None else core.handle(event, now_ms)


def asking(question: str) -> Call:
    """A call in which the agent has just asked `question`."""
    call = Call().connects_and_listens()
    call.caller_says("I have a question about my bill.").model_replies(question).agent_finishes()
    return call.silence(ms=300)
