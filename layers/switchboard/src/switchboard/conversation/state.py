"""The whole state of a conversation: plain data that survives JSON (law 6)."""

from typing import Literal

from msgspec import Struct, field

from switchboard.domain.calls import Disposition
from switchboard.domain.messages import ToolCall, ToolResult


class Recognised(Struct, frozen=True):
    """One final stretch of recognised words."""

    text: str
    confidence: float


class TurnTakingState(Struct):
    """Who has the floor, and what the caller has said of the present turn."""

    speaking: bool = False
    speech_started_ms: int = 0
    speech_ended_ms: int = 0
    finals: list[Recognised] = field(default_factory=list)
    interim: str = ""
    transcript_ms: int = 0
    awaiting_final: bool = False
    consumed_words: int = 0
    """Words of the running interim result that an ended turn has already used."""
    endpoint_ms: int | None = None
    suspected_ms: int | None = None
    """Since when the caller's voice over ours is a candidate interruption."""
    reject_ms: int | None = None
    digits: str = ""
    digits_ms: int | None = None
    resumed_ms: int | None = None
    """Since when this task listens, if another did before."""
    fragment: bool = False
    """The present turn began before this task listened: its first words are missing."""


UtteranceKind = Literal["opening", "disclosure", "answer", "filler", "prompt", "closing"]


class Utterance(Struct):
    """Something we are saying. Leaves the state once it has been heard, or cut."""

    id: int
    text: str
    kind: UtteranceKind
    entry_id: int | None = None
    """The history entry that its heard words belong to; fillers and prompts have none."""
    started: bool = False
    heard_chars: int = 0
    cut: bool = False
    """Stopped; kept until the driver has reported how much of it was heard."""


class Entry(Struct):
    """One entry of the dialogue memory; an assistant's text holds only heard words (law 9)."""

    id: int
    role: Literal["user", "assistant"]
    text: str = ""
    tool_calls: list[ToolCall] = field(default_factory=list)
    tool_results: list[ToolResult] = field(default_factory=list)


class Generation(Struct):
    """The reply that is being written."""

    id: int
    user_text: str
    progress_ms: int
    speculative: bool = False
    finished: bool = False
    attempt: int = 1
    entry_id: int | None = None
    buffer: str = ""
    chars: int = 0
    tool_calls: list[ToolCall] = field(default_factory=list)


class PendingTool(Struct):
    """A tool that is running; `entry_id` holds its results' entry."""

    call: ToolCall
    deadline_ms: int
    entry_id: int
    has_effects: bool = False
    abandoned: bool = False
    """The caller moved on; the answer is noted in the history but no longer spoken."""


class DueTurn(Struct, frozen=True):
    """A turn that ended in the same moment as an interruption: it waits until the heard point is known."""

    text: str
    confidence: float
    ended_ms: int


class DialogueState(Struct):
    """What has been said, what is being said and what is owed."""

    entries: list[Entry] = field(default_factory=list)
    utterances: list[Utterance] = field(default_factory=list)
    generation: Generation | None = None
    tools: dict[str, PendingTool] = field(default_factory=dict)
    turns: int = 0
    tool_rounds: int = 0
    replied: bool = False
    """Whether the present turn has been answered by at least one clause."""
    failures: int = 0
    synthesis_failures: int = 0
    turn_due: DueTurn | None = None
    unclear: int = 0
    prompts: int = 0
    fillers: int = 0
    owed_ms: int | None = None
    """Since when the caller has been waiting for us in silence."""
    idle_ms: int | None = None
    """Since when nobody has said anything and it is the caller's move."""
    disclosed: bool = False
    hearing: bool = True


Phase = Literal["new", "live", "transferring", "closing", "transferred", "ended"]


class ConversationState(Struct):
    """Everything another task needs to carry the conversation on."""

    turn_taking: TurnTakingState = field(default_factory=TurnTakingState)
    dialogue: DialogueState = field(default_factory=DialogueState)
    phase: Phase = "new"
    disposition: Disposition | None = None
    closing_as: Disposition | None = None
    transfer_reason: str = ""
    closing_ms: int | None = None
    """When a closing or transfer goes ahead even if its announcement was never heard."""
    started_ms: int = 0
    now_ms: int = 0
    released_ms: int | None = None
    """When a task last let go of the call on purpose, until the next has taken it up."""
    last_id: int = 0
