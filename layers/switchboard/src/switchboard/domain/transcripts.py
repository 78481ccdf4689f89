"""Who said what in a call, as later steps read it."""

from typing import Literal

from msgspec import Struct

from switchboard.domain.calls import Disposition

Speaker = Literal["caller", "agent"]
TranscriptSource = Literal["recording", "live", "none"]


class TranscriptTurn(Struct, frozen=True, omit_defaults=True):
    """One stretch of one speaker; `start_ms` from the beginning of the recording, None where nobody measured it."""

    speaker: Speaker
    text: str
    start_ms: int | None = None


class Transcript(Struct, frozen=True):
    """A whole call. `source` tells whether the recording was transcribed or the live recognition is all there is.

    `ended` is how the call ended, None for voicemails and where nobody stored it.
    """

    source: TranscriptSource
    turns: tuple[TranscriptTurn, ...] = ()
    language: str = "en-US"
    ended: Disposition | None = None
