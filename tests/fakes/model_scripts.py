"""What a scripted language model answers, in no vendor's words: the fakes turn it into their wire formats."""

from dataclasses import dataclass, field
from enum import StrEnum

from switchboard.domain.messages import ToolCall


class Failure(StrEnum):
    """Each way a vendor fails that callers must be able to tell apart."""

    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    BAD_CREDENTIALS = "bad_credentials"
    BAD_REQUEST = "bad_request"


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class BrokenToolCall:
    """A tool call whose input is not the JSON object it should be."""

    id: str
    name: str
    input: str


@dataclass(frozen=True, slots=True)
class Pause:
    duration_s: float


@dataclass(frozen=True, slots=True)
class Stall:
    """Nothing more, ever: the connection stays open until the client gives up."""


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection breaks."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The stream ends politely, but before its last events."""


@dataclass(frozen=True, slots=True)
class FailInStream:
    failure: Failure


@dataclass(frozen=True, slots=True)
class Wire:
    """Raw bytes on the wire; only for tests of one vendor."""

    data: bytes


Step = Text | ToolCall | BrokenToolCall | Pause | Stall | Drop | Cut | FailInStream | Wire


@dataclass(frozen=True, slots=True)
class Reply:
    steps: tuple[Step, ...] = ()
    stop_reason: str = "end_turn"
    input_tokens: int = 40
    output_tokens: int = 12
    cached_tokens: int = 900
    is_headless: bool = False
    """Not even the response's head is sent."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP error instead of a stream. `detail` is text the vendor adds, which may quote the prompt."""

    failure: Failure
    detail: str = ""
    headers: dict[str, str] = field(default_factory=dict)


Script = Reply | Refusal
