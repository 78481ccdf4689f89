"""Seeded bugs: each breaks one invariant in the product's code for as long as its context lasts.

A checker that no bug can trip proves nothing, so every invariant has at least one.
"""

import hmac
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

import msgspec

from switchboard.conversation import actions as act
from switchboard.conversation import dialogue, memory, turn_taking
from switchboard.conversation.dialogue import Dialogue
from switchboard.conversation.machine import Conversation
from switchboard.conversation.turn_taking import SuspectInterruption, TurnTaking
from switchboard.domain.calls import Disposition
from switchboard.domain.circuit_breaker import BreakerState, CircuitBreaker
from switchboard.media import playout
from switchboard.media.playout import Audio, Mark, Playout
from tests.fakes.token_ledger import InMemoryTokenLedger
from tests.simulation.store import Store
from voice_gateway.admission import Admission, Refusal


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Run with this bug."""
    target, attribute, mutant = (MUTANTS | FLEET_MUTANTS)[name][1:]
    with patch.object(target, attribute, mutant):
        yield


def _after(target: type, method: str, extra: Callable[..., Any]) -> Callable[..., Any]:
    """The method, then `extra(self, result, *arguments)`, whose answer is returned."""
    original = getattr(target, method)

    def mutant(self: Any, *arguments: Any, **named: Any) -> Any:
        return extra(self, original(self, *arguments, **named), *arguments)

    return mutant


def _nothing(*_arguments: object, **_named: object) -> None:
    return None


def _pull_past_gaps(self: Playout, now_ms: int) -> list[Audio | Mark]:
    """Sends the next utterance while the former still waits for audio."""
    out: list[Audio | Mark] = []
    for clip in () if self._paused else self._clips:
        while take_ms := self._take_ms(clip, now_ms):
            out += [self._send(clip, take_ms, now_ms), self._mark(now_ms)]
    return out


def _resume_from_start(self: Playout, now_ms: int) -> None:
    self._paused = False
    self._base_at_ms = now_ms
    for clip in self._clips:
        clip.sent_ms = clip.heard_ms = 0


def _stop_but_keep(self: Playout, now_ms: int) -> list[playout.Fact]:
    facts = self.pause(now_ms)
    self._paused = False
    return facts


def _speech_beats_keys(self: TurnTaking, digit: str, now_ms: int, floor: turn_taking.Floor) -> list[Any]:
    return [] if self.state.speaking or floor.busy else _DIGIT_PRESSED(self, digit, now_ms, floor)


def _forget_limit(self: Dialogue, disposition: Disposition, text: str, now_ms: int) -> None:
    if disposition is Disposition.DURATION_LIMIT:
        self.whole.started_ms = now_ms
    else:
        _CLOSE(self, disposition, text, now_ms)


def _end_as_transferred(self: Dialogue) -> None:
    if self.whole.phase == "closing":
        self.whole.phase = "transferring"
    _CONCLUDE(self)


def _say_after_end(self: Dialogue) -> None:
    _CONCLUDE(self)
    self.actions.append(act.Say(0, "One more thing."))


def _end_without_disposition(self: Dialogue) -> None:
    _CONCLUDE(self)
    self.whole.disposition = None


def _greet_again(self: Dialogue, transfer_failed: str, now_ms: int) -> None:
    _RESUME(self, transfer_failed, now_ms)
    if self.whole.phase == "live":
        self.open()


def _keep_no_turn(self: Dialogue, *arguments: Any) -> None:
    _USER_TURN(self, *arguments)
    self.actions[:] = [action for action in self.actions if not isinstance(action, act.SaveCheckpoint)]


def _ask_for_ever(self: Dialogue, _now_ms: int) -> None:
    self._say(self.policy.phrases.no_input[0], "prompt", fixed=True)


def _no_filler(self: Dialogue, now_ms: int) -> None:
    self.state.owed_ms = now_ms


def _one_filler(self: Dialogue, now_ms: int) -> None:
    self.state.owed_ms = now_ms
    if not self.state.fillers:
        self.state.fillers = 1
        self._say(self.policy.phrases.fillers[0], "filler", fixed=True)


def _forgetful(self: Conversation) -> str:
    state = msgspec.json.decode(msgspec.json.encode(self.state))
    state["dialogue"]["turns"] = 0
    return msgspec.json.encode(state).decode()


def _drop_late_finals(self: TurnTaking, event: Any, now_ms: int, floor: turn_taking.Floor) -> list[Any]:
    late = not self.state.speaking and not self.state.awaiting_final and self.state.endpoint_ms is None
    return [] if late else _FINALIZED(self, event, now_ms, floor)


def _save_unfenced(self: Store, _fence: int, *arguments: Any) -> None:
    _SAVE(self, self.fence, *arguments)


async def _redeem_again(_self: InMemoryTokenLedger, _tenant: str, _nonce: str, *, expires_at_s: int) -> bool:
    return expires_at_s > 0


_DIGIT_PRESSED = TurnTaking._digit_pressed
_FINALIZED = TurnTaking._transcript_finalized
_SAVE = Store.save
_RESUME = Dialogue.resume
_USER_TURN = Dialogue.user_turn
_CLOSE = Dialogue.close
_CONCLUDE = Dialogue.conclude

MUTANTS: Final[dict[str, tuple[str, Any, str, Any]]] = {
    "answers before it has said what it is": ("C7", Dialogue, "_disclose_first", _nothing),
    "evades the question whether it is human": ("C7", dialogue, "asks_if_human", lambda _text: False),
    "talks on while the caller speaks": (
        "M1",
        TurnTaking,
        "_speech_started",
        _after(
            TurnTaking,
            "_speech_started",
            lambda _self, signals, *_: [s for s in signals if not isinstance(s, SuspectInterruption)],
        ),
    ),
    "takes no interruption for real": ("M2", TurnTaking, "_words_under_speech", lambda *_: []),
    "leaves the caller waiting for a slow model": ("M3", Dialogue, "_fill", _no_filler),
    "says one filler and then nothing": ("M4", Dialogue, "_fill", _one_filler),
    "interleaves two utterances": ("M5", Playout, "pull", _pull_past_gaps),
    "remembers what it meant to say": ("M6", memory, "heard_text", lambda utterance: utterance.text),
    "takes cleared audio for heard": ("M6", playout, "heard_chars", lambda clip: len(clip.text)),
    "starts again from the beginning": ("M7", Playout, "resume", _resume_from_start),
    "goes on after a stop": ("M7", Playout, "stop", _stop_but_keep),
    "asks a silent caller for ever": ("M8", Dialogue, "prompt_no_input", _ask_for_ever),
    "lets speech win over keys": ("M9", TurnTaking, "_digit_pressed", _speech_beats_keys),
    "never forgets": ("M10", memory, "trim", _nothing),
    "ends without saying how": ("L1", Dialogue, "conclude", _end_without_disposition),
    "ends a call as if it were transferred": ("L2", Dialogue, "conclude", _end_as_transferred),
    "forgets the longest duration": ("L3", Dialogue, "close", _forget_limit),
    "resumes in silence": ("L5", Dialogue, "resume", _nothing),
    "runs tools without asking who owns the call": (
        "L6",
        Dialogue,
        "_run_tools",
        _after(
            Dialogue,
            "_run_tools",
            lambda self, *_: self.actions.__setitem__(
                slice(None), [a for a in self.actions if not isinstance(a, act.SaveCheckpoint)]
            ),
        ),
    ),
    "greets again after every break": ("L7", Dialogue, "resume", _greet_again),
    "keeps no checkpoint of a turn": ("L7", Dialogue, "user_turn", _keep_no_turn),
    "drops words that arrive late": ("Words", TurnTaking, "_transcript_finalized", _drop_late_finals),
    "lets a cancelled reply run on": (
        "One",
        Dialogue,
        "_cancel_generation",
        lambda self: setattr(self.state, "generation", None),
    ),
    "says something after the end": ("End", Dialogue, "conclude", _say_after_end),
    "forgets a field when it is stored": ("Json", Conversation, "snapshot", _forgetful),
    "trusts a model's numbering of its calls": ("History", memory, "has_call", lambda *_: False),
}
"""Name -> the invariant it breaks, where it sits, and what takes its place."""

FLEET_MUTANTS: Final[dict[str, tuple[str, Any, str, Any]]] = {
    "believes every signature": ("S1", hmac, "compare_digest", lambda *_: True),
    "lets a token be used again": ("S1", InMemoryTokenLedger, "redeem", _redeem_again),
    "does not mind slowness": ("D2", CircuitBreaker, "_is_slow", lambda *_: False),
    "probes with live callers": (
        "D2",
        CircuitBreaker,
        "allows",
        lambda self: self.state is not BreakerState.OPEN,
    ),
    "admits calls whatever the lag": (
        "D4",
        Admission,
        "admit",
        lambda self, *, live_calls, lag_ms: Refusal.FULL if live_calls >= self.calls_max else None,
    ),
}
"""The same for what many calls share."""

UNFENCED: Final = (Store, "save", _save_unfenced)
"""Whoever had the call may overwrite what its present owner stored: shows where a former owner lingers."""
MURMURS_CUT: Final = (turn_taking, "is_backchannel", lambda _text: False)
"""Every murmur cuts the agent: shows only over many calls."""
