"""Orders the conversation gives, in the imperative.

Every effect carries an id; the answer to a cancelled id is ignored by the core.
"""

from msgspec import Struct

from switchboard.domain.calls import Disposition
from switchboard.domain.messages import Message, ToolCall, ToolSpec


class Action(Struct, frozen=True, tag=True):
    """Base of all orders."""


class Generate(Action, frozen=True):
    """Ask the language model for a reply.

    A speculative generation may be cancelled unheard; nothing it asks for has been carried out.
    """

    generation_id: int
    system: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...]
    speculative: bool = False


class CancelGeneration(Action, frozen=True):
    """Stop a generation; whatever it still says is ignored."""

    generation_id: int


class CallTool(Action, frozen=True):
    """Run a tool."""

    call: ToolCall


class CancelTool(Action, frozen=True):
    """Stop waiting for a tool without effects."""

    call_id: str


class Say(Action, frozen=True):
    """Speak `text` after everything said before.

    A `fixed` text is known beforehand and can be played from a cache at once. An `urgent` one may overtake utterances of
    which no audio exists yet: it fills the silence until they have some.
    """

    say_id: int
    text: str
    fixed: bool = False
    urgent: bool = False


class PausePlayback(Action, frozen=True):
    """Fall silent now and remember the heard point; report it as playback facts before the next event."""


class ResumePlayback(Action, frozen=True):
    """Go on from the heard point: it was no interruption."""


class StopPlayback(Action, frozen=True):
    """Fall silent now, forget everything unsaid and report what was heard before the next event."""


class FinalizeTranscript(Action, frozen=True):
    """Ask recognition for what it has so far: the caller seems to have finished."""


class SaveCheckpoint(Action, frozen=True):
    """A turn boundary: store a snapshot so that another task could go on from here."""


class Transfer(Action, frozen=True):
    """Hand the caller to a person, with what they need to know."""

    reason: str
    summary: str


class EndConversation(Action, frozen=True):
    """Close the call; nothing follows."""

    disposition: Disposition


AnyAction = (
    Generate
    | CancelGeneration
    | CallTool
    | CancelTool
    | Say
    | PausePlayback
    | ResumePlayback
    | StopPlayback
    | FinalizeTranscript
    | SaveCheckpoint
    | Transfer
    | EndConversation
)
