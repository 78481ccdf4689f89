"""What can be seen of a call from outside the core; checkers and the printed script watch these."""

from msgspec import Struct

from switchboard.domain.calls import Disposition
from switchboard.domain.messages import ToolCall


class Violation(Exception):
    """An invariant does not hold. `invariant` is its id."""

    def __init__(self, invariant: str, what: str) -> None:
        super().__init__(f"{invariant}: {what}")
        self.invariant = invariant
        self.what = what


class Observation(Struct, frozen=True, tag=True):
    """Base of all observations."""


class TimePassed(Observation, frozen=True):
    """The conversation's own deadline came due."""


class Sounded(Observation, frozen=True):
    """The far end took audio: `[position_ms, position_ms + length_ms)` of an utterance sounds from `start_ms` on."""

    fence: int
    say_id: int
    position_ms: int
    length_ms: int
    start_ms: int


class Cleared(Observation, frozen=True):
    """The far end was told to fall silent; what it had not played by `cut_ms` is gone."""

    cut_ms: int


class AudioRefused(Observation, frozen=True):
    """Audio came from a socket that is no longer the call's."""

    fence: int


class SaveRefused(Observation, frozen=True):
    """A stale owner tried to save."""

    fence: int


class Saved(Observation, frozen=True):
    """A checkpoint was stored."""

    fence: int
    snapshot: str


class Claimed(Observation, frozen=True):
    """A task took the call over; `unnoticed` when the former let go of it on purpose a moment ago."""

    fence: int
    resumed: bool
    unnoticed: bool = False


class SocketLost(Observation, frozen=True):
    """The media socket broke; with `half_open` the old task has not noticed."""

    half_open: bool


class Released(Observation, frozen=True):
    """A task was asked to let go of the call."""

    fence: int


class ToolStarted(Observation, frozen=True):
    """A tool really runs."""

    fence: int
    call: ToolCall


class CallerSpoke(Observation, frozen=True):
    """The caller makes a sound from now until `end_ms`; `words` is empty for coughs and noise."""

    manner: str
    words: str
    end_ms: int


class CallFinished(Observation, frozen=True):
    """The call is over for everybody."""

    disposition: Disposition
