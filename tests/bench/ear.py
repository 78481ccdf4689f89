"""What a perfectly prompt gateway would have heard: the gateway's own ear over the very frames a caller sent.

`Listening` runs with the real voice activity model, but every window is scored at once. So the policy's waiting (onset, hangover,
the model's own opinion of where a voice ends) is known exactly for each turn, and is not taken for latency.
"""

from collections.abc import Callable, Iterable

import numpy as np
from msgspec import Struct

from switchboard.adapters.silero.detector import SileroDetector
from switchboard.conversation.events import AnyEvent, UserSpeechEnded, UserSpeechStarted
from tests.bench.plan import FRAME_MS
from tests.fakes.transcriber import FakeTranscriber
from voice_gateway.listening import Listening
from voice_gateway.vad_ticker import Ear


class Change(Struct, frozen=True):
    """The voice began or ended at `at_ms`; the frame that ends at `known_ms` tells. Positions in the stream."""

    began: bool
    at_ms: int
    known_ms: int


class ReferenceEar:
    """Replays streams; the model is loaded once."""

    def __init__(self) -> None:
        self._detector = SileroDetector()

    def changes(self, frames: Iterable[bytes]) -> list[Change]:
        """Voice activity of one stream, given as its mu-law frames from the first one on."""
        clock = _StreamClock()
        found: list[Change] = []
        ear = Listening(
            post=_noting(found, clock),
            now_ms=clock.now_ms,
            ticker=_PromptTicker(self._detector),  # type: ignore[arg-type]  # the two members that an Ear uses
            transcriber=FakeTranscriber(),
            language="en-US",
        )
        for index, frame in enumerate(frames):
            clock.at_ms = (index + 1) * FRAME_MS
            ear.hear(index + 1, index * FRAME_MS, frame)
        return found


def _noting(found: list[Change], clock: "_StreamClock") -> Callable[[AnyEvent], None]:
    def note(event: AnyEvent) -> None:
        match event:
            case UserSpeechStarted() | UserSpeechEnded():
                found.append(Change(isinstance(event, UserSpeechStarted), event.at_ms, clock.at_ms))

    return note


class _StreamClock:
    at_ms = 0

    def now_ms(self) -> int:
        return self.at_ms


class _PromptTicker:
    """In place of `VadTicker`: no batch, no tick; everything is urgent."""

    def __init__(self, detector: SileroDetector) -> None:
        self.detector = detector

    def wake(self, ear: Ear, urgent: bool = True) -> None:
        window, end_ms = ear.take()
        probabilities, states = self.detector.score(window[np.newaxis], ear.state[np.newaxis])
        ear.state = states[0]
        ear.scored(float(probabilities[0]), end_ms)
