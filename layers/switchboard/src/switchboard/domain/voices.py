"""How an agent sounds, independent of the vendor that speaks."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field


class Voice(Struct, frozen=True):
    """A voice by language and gender, with each vendor's own name for it where one is chosen.

    `names` maps a synthesizer's `name` (`deepgram`, `polly`, `elevenlabs`, `embedded`) to its voice
    id. A vendor that is not listed uses its default for this language and gender, so a fail-over in the middle
    of a call changes the voice as little as possible.
    """

    language: str = "en-US"
    gender: Literal["female", "male"] = "female"
    names: Mapping[str, str] = field(default_factory=dict)
