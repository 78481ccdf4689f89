"""From what callers and vendors noted to the latencies of the turns of one run."""

from base64 import b64decode
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence

from switchboard.adapters.embedded.agent import BRIGHTLINE
from switchboard.conversation.policy import Policy
from tests.bench.caller import Caller, Turn
from tests.bench.ear import Change, ReferenceEar
from tests.bench.plan import FRAME_MS, Interval, TurnFigures
from tests.bench.reference import Latency, Spoken, latency, vendors_of
from tests.bench.speech import TAIL_MS

DISTURBED_FROM_S, DISTURBED_UNTIL_S = -0.1, 0.5
"""Around the end of the voice; fixed, so that a turn is not left out because its answer was slow."""
DISTURBED_S_MIN = 0.03


class Starvation:
    """How long the server could run but had no core, over time: readings of a counter that only grows."""

    def __init__(self) -> None:
        self._when_s: list[float] = []
        self._waited_s: list[float] = []

    def note(self, when_s: float, waited_s: float) -> None:
        self._when_s.append(when_s)
        self._waited_s.append(waited_s)

    def between(self, start_s: float, end_s: float) -> float:
        """Seconds of waiting, between the readings next to both times."""
        if not self._when_s:
            return 0.0
        return self._at(end_s) - self._at(start_s)

    def _at(self, when_s: float) -> float:
        return self._waited_s[max(0, bisect_right(self._when_s, when_s) - 1)]


def evaluate(
    callers: Sequence[Caller], log: Sequence[Interval], starvation: Starvation, start_s: float, end_s: float
) -> TurnFigures:
    """Figures of the turns that were spoken between the two times."""
    by_code: defaultdict[str, list[Interval]] = defaultdict(list)
    for interval in log:
        by_code[interval.code].append(interval)
    policy, ear = Policy(BRIGHTLINE), ReferenceEar()
    figures = TurnFigures()
    for caller in callers:
        turns = [turn for turn in caller.turns if start_s <= caller.spoken_s(turn) <= end_s]
        changes = ear.changes(b64decode(frame) for _, frame in caller.sent) if turns else []
        for turn in turns:
            figures.turns += 1
            figures.lost_turns += not turn.answered_s
            spoken = _spoken(caller, turn, changes)
            vendors = spoken and vendors_of(spoken, by_code[turn.code])
            if spoken and vendors:
                disturbed_s = starvation.between(
                    spoken.end_known_s + DISTURBED_FROM_S, spoken.end_known_s + DISTURBED_UNTIL_S
                )
                _add(figures, latency(spoken, vendors, policy), disturbed=disturbed_s > DISTURBED_S_MIN)
            else:
                figures.unexplained_turns += bool(turn.answered_s)
            _add_barge_in(figures, caller, turn, changes)
        figures.gaps_ms += [gap_ms for when_s, gap_ms in caller.gaps if start_s <= when_s <= end_s]
        figures.loop_lag_ms += [lag_ms for when_s, lag_ms in caller.pings if start_s <= when_s <= end_s]
    return figures


def _spoken(caller: Caller, turn: Turn, changes: Sequence[Change]) -> Spoken | None:
    """The turn with what voice activity made of it; None without an answer, or where no voice was noticed."""
    ends = [each for each in _within(turn, changes) if not each.began]
    if not turn.answered_s or not ends:
        return None
    return Spoken(
        code=turn.code,
        text=turn.text,
        voice_end_s=caller.spoken_s(turn),
        last_speech_s=caller.time_s(ends[-1].at_ms),
        end_known_s=_sent_s(caller, ends[-1].known_ms),
        answered_s=turn.answered_s,
    )


def _add(figures: TurnFigures, found: Latency, *, disturbed: bool) -> None:
    figures.added_ms.append(found.added_ms)
    figures.latency_ms.append(found.total_ms)
    figures.speculation_lead_ms.append(found.speculation_lead_ms)
    for name, duration_ms in found.hops_ms.items():
        figures.hops_ms.setdefault(name, []).append(duration_ms)
    if not disturbed:
        figures.undisturbed_added_ms.append(found.added_ms)


def _add_barge_in(figures: TurnFigures, caller: Caller, turn: Turn, changes: Sequence[Change]) -> None:
    onset = next((each for each in _within(turn, changes) if each.began), None)
    if turn.barge_in and turn.clear_s and onset is not None:
        figures.barge_in_clear_ms.append((turn.clear_s - caller.time_s(turn.start_ms)) * 1000)
        figures.barge_in_added_ms.append((turn.clear_s - _sent_s(caller, onset.known_ms)) * 1000)


def _within(turn: Turn, changes: Sequence[Change]) -> Iterator[Change]:
    end_ms = turn.start_ms + turn.voice_ms + TAIL_MS
    return (each for each in changes if turn.start_ms < each.known_ms <= end_ms)


def _sent_s(caller: Caller, position_ms: int) -> float:
    """When the frame that ends at this position was really sent."""
    return caller.sent[position_ms // FRAME_MS - 1][0]
