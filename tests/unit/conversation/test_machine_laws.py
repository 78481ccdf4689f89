"""The ten laws of the core. `conversation/machine.py`."""

import ast
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from switchboard import conversation, domain
from switchboard.conversation import events as ev
from switchboard.conversation.actions import AnyAction, EndConversation, Generate, Say, Transfer
from switchboard.conversation.machine import Conversation
from switchboard.conversation.policy import Policy
from switchboard.conversation.state import ConversationState
from switchboard.domain.messages import ToolCall
from tests.unit.conversation.driver import (
    POLICY,
    TIMEOUTS_AT_ONCE_MAX,
    Call,
    Witness,
    check_messages,
)

IMPURE = set(
    "asyncio concurrent contextvars http io logging multiprocessing os pathlib random secrets select selectors "
    "signal socket ssl subprocess tempfile threading time urllib uuid".split()
)
PURE_LIBRARIES = {"switchboard", "msgspec", "phonenumbers"}
"""Beside the standard library: values and tables, no input or output."""
IMPURE_CALLS = {"print", "open", "input"}
CLOCKS = {"now", "utcnow", "today"}
"""Of `datetime`, whose arithmetic is pure."""


# -- 1: no input or output


@pytest.mark.parametrize("package", [conversation, domain])
def test_core_is_pure(package):
    """Law 1: the core imports nothing that could wait, read a clock, draw a random number or write a log."""
    for path in sorted(Path(package.__path__[0]).glob("*.py")):
        tree = ast.parse(path.read_text())
        names = {name for node in ast.walk(tree) for name in _imported(node)}
        outside = {name for name in names if name not in PURE_LIBRARIES}

        assert outside <= sys.stdlib_module_names, path.name
        assert not names & IMPURE, path.name
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.Await | ast.AsyncFunctionDef)]
        assert not {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} & IMPURE_CALLS
        assert not {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & CLOCKS


def test_same_facts_same_orders():
    """Law 1: the same journal always leads to the same orders."""
    assert _long_call().actions == _long_call().actions


# -- 2: time


def test_time_never_goes_backwards():
    """Law 2: a driver whose clock runs backwards is stopped at once."""
    core = Conversation(POLICY)
    core.handle(ev.ConversationStarted(), 1000)

    with pytest.raises(AssertionError, match="backwards"):
        core.handle(ev.UserDisconnected(), 999)
    with pytest.raises(AssertionError, match="backwards"):
        core.handle_timeout(999)


def test_only_differences_of_time_count():
    """Law 2: a call that began late in the clock's life runs like one that began at zero."""
    early, late = _long_call(), _long_call(begin_ms=10**9)

    assert early.actions == late.actions
    assert [at for at, _ in early.log] == [at - 10**9 for at, _ in late.log]


# -- 3: one event, then all its actions


def test_orders_are_handed_over_once():
    """Law 3: every order is given exactly once, with the fact that led to it."""
    core = Conversation(POLICY)

    assert [Say] == [type(a) for a in core.handle(ev.ConversationStarted(), 0) if isinstance(a, Say)]
    assert [] == core.handle(ev.ConversationStarted(), 0)
    assert [] == core.handle_timeout(0)


# -- 4: one pulled deadline


def test_nothing_is_due_before_the_start_or_after_the_end():
    """Law 4: a call that has not begun, or is over, needs no timer."""
    call = Call()
    assert call.core.deadline_ms is None

    call.connects().hangs_up()
    assert call.core.deadline_ms is None
    assert [] == call.core.handle_timeout(10**9)


def test_early_timeout_changes_nothing():
    """Law 4: a driver that wakes too early does no harm."""
    call = Call().connects_and_listens()
    assert call.core.deadline_ms is not None
    before = msgspec.json.encode(call.core.state.dialogue)

    assert [] == call.core.handle_timeout(call.core.deadline_ms - 1)
    assert before == msgspec.json.encode(call.core.state.dialogue)


def test_a_live_call_always_has_a_deadline():
    """Law 4: while a call lives something is always due in the end, so that it cannot be forgotten."""
    for snapshot in _long_call().snapshots:
        core = Conversation.restore(POLICY, snapshot)
        if core.state.phase in ("live", "closing", "transferring"):
            assert core.deadline_ms is not None


# -- 6: state is plain data


def test_restored_at_every_step():
    """Law 6: a call that moves to another process at every single step goes exactly as one that does not."""
    stays, moves = _long_call(), _long_call(moves=True)

    assert stays.log == moves.log
    assert stays.snapshots == moves.snapshots
    assert {Generate, Say, Transfer} <= {type(action) for action in stays.actions}


def test_snapshot_is_json():
    """Law 6: a snapshot is JSON and comes back equal."""
    call = _long_call()
    state = msgspec.json.decode(call.core.snapshot(), type=ConversationState)

    assert call.core.state == state
    assert msgspec.json.decode(call.core.snapshot())["phase"] == "transferred"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"phase": "asleep"}', '{"dialogue": 3}'])
def test_bad_snapshot_is_refused(text):
    """Law 6: anything but a snapshot is refused, not half believed."""
    with pytest.raises(msgspec.DecodeError):
        Conversation.restore(POLICY, text)


def test_facts_survive_json():
    """Law 6: a journal of facts replays a call exactly."""
    original = _long_call()
    journal = [(at, msgspec.json.encode(event)) for at, event in original.journal]
    core = Conversation(POLICY)
    replayed: list[AnyAction] = []
    for at, line in journal:
        event = msgspec.json.decode(line, type=ev.AnyEvent | None)
        replayed += core.handle_timeout(at) if event is None else core.handle(event, at)

    assert original.actions == replayed
    assert original.core.snapshot() == core.snapshot()


# -- 7: ids


def test_answers_to_cancelled_ids_change_nothing():
    """Law 7: whatever still comes for a cancelled generation, tool or utterance is ignored."""
    call = Call().connects_and_listens().caller_says("When do you open?")
    old = call.generation.generation_id
    call.model_writes("We open at nine. And ").agent_finishes_one().hangs_up()
    fresh = Call().connects_and_listens().caller_says("When do you open?")
    fresh.model_replies("At nine.").agent_finishes().caller_says("And on Sunday?")
    before = fresh.core.snapshot()
    for event in (
        ev.GenerationProgressed(old, "late words. "),
        ev.ToolCallRequested(old, ToolCall("late", "book", {})),
        ev.GenerationFinished(old),
        ev.GenerationFailed(old),
        ev.ToolCallFinished("never", "late"),
        ev.ToolCallFailed("never"),
        ev.PlaybackStarted(2),
        ev.PlaybackProgressed(2, 5),
        ev.PlaybackFinished(2),
        ev.SynthesisFailed(2),
    ):
        assert [] == fresh.core.handle(event, fresh.now_ms)

    assert before == fresh.core.snapshot()


def test_ids_are_never_used_twice():
    """Law 7: ids count up over the whole call, also across a change of process."""
    call = _long_call(moves=True)
    ids = [a.say_id for a in call.all(Say)] + [a.generation_id for a in call.all(Generate)]

    assert len(set(ids)) == len(ids)


# -- 8: failure is an event


@pytest.mark.parametrize(
    "failure",
    [ev.GenerationFailed(3), ev.ToolCallFailed("c1"), ev.TranscriptionFailed(), ev.SynthesisFailed(2)],
)
@pytest.mark.parametrize("times", [1, 3])
def test_failures_never_raise(failure, times):
    """Law 8: no failure of a provider, however often it is told, is an exception, and something is always due."""
    call = Call().connects()
    call.types("When do you open?")
    for _ in range(times):
        call.happens(failure)

    assert call.core.ended or call.core.state.phase == "transferred" or call.core.deadline_ms is not None


# -- 10: bounds, and everything at once

SMALL = replace(
    POLICY,
    history_max=6,
    turn_chars_max=200,
    reply_chars_max=300,
    digits_max=6,
    duration_max_ms=120_000,
)
IDS = st.integers(0, 60)
TEXTS = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            "um",
            "okay",
            "When do you open?",
            "my number is",
            "four two",
            "stop please",
            "Are you a robot?",
            "Sure. We open at nine, and we close at five. ",
            "word " * 100,
        ]
    ),
    st.text(max_size=40),
)
TOOLS = st.sampled_from(["look_up", "book", "transfer_to_human", "end_call", "unknown"])
CALL_IDS = st.sampled_from(["a", "b", "c", "d"])
EVENTS = st.one_of(
    st.builds(ev.UserSpeechStarted, st.integers(0, 1000)),
    st.builds(ev.UserSpeechEnded, st.integers(0, 10**6)),
    st.builds(ev.TranscriptUpdated, TEXTS),
    st.builds(ev.TranscriptFinalized, TEXTS, st.floats(0, 1), st.booleans()),
    st.just(ev.TranscriptionFailed()),
    st.builds(ev.DigitPressed, st.sampled_from("0123456789*#")),
    st.builds(ev.UserTurnEnded, TEXTS),
    st.builds(ev.GenerationProgressed, IDS, TEXTS),
    st.builds(ev.ToolCallRequested, IDS, st.builds(ToolCall, CALL_IDS, TOOLS, st.just({}))),
    st.builds(ev.GenerationFinished, IDS),
    st.builds(ev.GenerationFailed, IDS),
    st.builds(ev.ToolCallFinished, CALL_IDS, TEXTS, st.booleans()),
    st.builds(ev.ToolCallFailed, CALL_IDS),
    st.builds(ev.PlaybackStarted, IDS),
    st.builds(ev.PlaybackProgressed, IDS, st.integers(0, 400)),
    st.builds(ev.PlaybackFinished, IDS),
    st.builds(ev.SynthesisFailed, IDS),
    st.just(ev.ConversationStarted()),
    st.builds(ev.ConversationResumed, st.sampled_from(["", "busy"])),
    st.just(ev.UserDisconnected()),
)
AIMED = st.sampled_from("writes asks finishes fails starts heard played answers speaks".split())
STEPS = st.lists(
    st.tuples(st.one_of(EVENTS, AIMED, AIMED, st.none()), st.sampled_from([0, 0, 20, 200, 800, 3000])),
    min_size=5,
    max_size=80,
)


@settings(max_examples=250, deadline=None)
@given(steps=STEPS, transfer_available=st.booleans(), tool=TOOLS, text=TEXTS)
def test_anything_can_happen(steps, transfer_available, tool, text):
    """Whatever happens in whatever order: nothing raises, the laws hold, the state survives JSON and stays small."""
    policy = replace(SMALL, transfer_available=transfer_available)
    core = Conversation(policy)
    witness = Witness()
    witness.see(None, core.handle(ev.ConversationStarted(), 0))
    now_ms, spoken = 0, 0
    for step, wait_ms in steps:
        now_ms, orders = _wait(core, witness, now_ms, now_ms + wait_ms)
        event = _aim(core, step, tool, text, spoken) if isinstance(step, str) else step
        if event is not None:
            spoken += 1
            if isinstance(event, ev.ConversationResumed):
                witness.resumed()
            core = Conversation.restore(policy, core.snapshot())
            orders = core.handle(event, now_ms)
            witness.see(event, orders)
        _check_bounds(core, policy, len(steps))
        check_memory(core)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_every_call_ends(steps):
    """Left alone after anything at all, a call ends or hands over within its longest time."""
    core = Conversation(SMALL)
    witness = Witness()
    witness.see(None, core.handle(ev.ConversationStarted(), 0))
    now_ms = 0
    for step, wait_ms in steps:
        now_ms, _ = _wait(core, witness, now_ms, now_ms + wait_ms)
        event = _aim(core, step, "look_up", "Hello.", 0) if isinstance(step, str) else step
        if event is not None and not isinstance(event, ev.ConversationResumed):
            witness.see(event, core.handle(event, now_ms))
    limit_ms = now_ms + SMALL.duration_max_ms + 2 * SMALL.closing_max_ms
    _wait(core, witness, now_ms, limit_ms)

    assert core.state.phase in ("ended", "transferred")


def _wait(core: Conversation, witness: Witness, now_ms: int, until_ms: int) -> tuple[int, list[AnyAction]]:
    at_once = 0
    orders: list[AnyAction] = []
    while (deadline_ms := core.deadline_ms) is not None and deadline_ms <= until_ms:
        at_once = at_once + 1 if deadline_ms <= now_ms else 0
        assert at_once < TIMEOUTS_AT_ONCE_MAX, "the deadline never moves"
        now_ms = max(now_ms, deadline_ms)
        orders = core.handle_timeout(now_ms)
        witness.see(None, orders)
    return until_ms, orders


def _aim(core: Conversation, verb: str, tool: str, text: str, number: int) -> ev.AnyEvent | None:
    """A fact about what really is going on, so that random calls get anywhere."""
    dialogue = core.state.dialogue
    generation, utterances = dialogue.generation, dialogue.utterances
    if verb == "speaks":
        return ev.TranscriptFinalized(text or "When do you open?", 0.9, True)
    if verb == "answers":
        return ev.ToolCallFinished(next(iter(dialogue.tools)), text) if dialogue.tools else None
    if verb in ("writes", "asks", "finishes", "fails"):
        if generation is None:
            return None
        facts: dict[str, ev.AnyEvent] = {
            "writes": ev.GenerationProgressed(generation.id, text),
            "asks": ev.ToolCallRequested(generation.id, ToolCall(f"t{number}", tool, {})),
            "finishes": ev.GenerationFinished(generation.id),
            "fails": ev.GenerationFailed(generation.id),
        }
        return facts[verb]
    if not utterances:
        return None
    say_id = utterances[0].id
    playback: dict[str, ev.AnyEvent] = {
        "starts": ev.PlaybackStarted(say_id),
        "heard": ev.PlaybackProgressed(say_id, len(utterances[0].text) // 2),
        "played": ev.PlaybackFinished(say_id),
    }
    return playback[verb]


def _check_bounds(core: Conversation, policy: Policy, steps: int) -> None:
    turns, dialogue = core.state.turn_taking, core.state.dialogue
    per_turn = 2 * (policy.tool_rounds_max + policy.attempts_max + 3)
    assert len(dialogue.entries) <= policy.history_max + per_turn + steps
    assert all(len(e.text) <= policy.turn_chars_max for e in dialogue.entries if e.role == "user")
    assert len(turns.digits) <= policy.digits_max
    assert dialogue.generation is None or dialogue.generation.chars <= policy.reply_chars_max
    assert len(dialogue.tools) <= policy.tool_calls_max * (1 + steps)
    assert all(0 <= u.heard_chars <= len(u.text) for u in dialogue.utterances)


def check_memory(core: Conversation) -> None:
    """What was heard is well formed for a model, too."""
    if core.history:
        check_messages(core.history)


# -- A long call


class Journal(Call):
    """A scripted call that keeps its facts and snapshots, and can change process before each of them."""

    def __init__(self, *, moves: bool, begin_ms: int) -> None:
        super().__init__()
        self.now_ms = begin_ms
        self.moves = moves
        self.journal: list[tuple[int, ev.AnyEvent | None]] = []
        self.snapshots: list[str] = []

    def _apply(self, event: ev.AnyEvent | None) -> None:
        if self.moves:
            self.core = Conversation.restore(self.policy, self.core.snapshot())
        self.journal.append((self.now_ms, event))
        super()._apply(event)
        self.snapshots.append(self.core.snapshot())


def _long_call(*, moves: bool = False, begin_ms: int = 0) -> Journal:
    """A call in which nearly everything happens."""
    call = Journal(moves=moves, begin_ms=begin_ms)
    call.connects().agent_is_heard("This is")
    call.caller_says("When do you open?").model_writes("We open at nine. And ")
    call.agent_is_heard("This is Acme's")
    call.caller_starts_speaking().silence(ms=200).caller_stops_speaking().hears("")
    call.model_finishes().agent_finishes()
    call.caller_says("mumble", confidence=0.3).agent_finishes()
    call.caller_says("Where is my order?").model_asks_for("look_up").model_finishes().silence(ms=2500)
    call.agent_finishes().tool_answers("It left.")
    call.model_replies("It left yesterday. Anything else for you today?")
    call.agent_is_heard("It left").caller_says("My number is four two")
    call.model_asks_for("book", call_id="c2").model_finishes()
    call.caller_says("Are you a robot?").agent_finishes().tool_answers("Booked.", call_id="c2")
    call.silence(ms=8000).agent_finishes().presses("47").silence(ms=3000)
    call.model_fails().model_replies("Thanks.").agent_finishes().transcription_fails().agent_finishes()
    call.types("What else?").model_writes("Let me have a look, I ").voice_fails()
    call.model_finishes().agent_finishes()
    call.presses("0").agent_finishes().silence(ms=10)
    assert "transferred" == call.core.state.phase
    assert not call.all(EndConversation)
    return call


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [(node.module or "").partition(".")[0]]
    return []
