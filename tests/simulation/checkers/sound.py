"""What reaches the caller's ear, and when: M1, M2, M5, M7.

One class each, named for its id in the specification; the docstring is the law.
"""

from typing import TYPE_CHECKING, ClassVar

from switchboard.conversation import actions as act
from switchboard.conversation import events as ev
from tests.simulation import speech
from tests.simulation.checkers.base import Checker
from tests.simulation.far_end import Key
from tests.simulation.observations import (
    CallerSpoke,
    Cleared,
    SocketLost,
    Sounded,
)
from tests.simulation.scene import Scene

if TYPE_CHECKING:
    from tests.simulation.task import Task
    from tests.simulation.world import World


class M1(Checker):
    """The caller's voice over ours silences us in the same instant, and we stay silent until it is judged."""

    watches: ClassVar = {Sounded: "sounded"}
    on_step = True

    def __init__(self, world: "World", scene: Scene) -> None:
        super().__init__(world, scene)
        self._paused: Task | None = None

    def step(self, task: "Task", event: object, actions: list[act.AnyAction]) -> None:
        if not actions and not isinstance(event, ev.UserSpeechStarted):
            return
        orders = {type(action) for action in actions}
        if isinstance(event, ev.UserSpeechStarted) and task is self.world.task:
            silenced = act.PausePlayback in orders or act.StopPlayback in orders or task.playout.paused
            if self.world.far_end.audible and not silenced and not self.scene.protected(task):
                self.fail("the agent talks on although the caller speaks")
        if act.PausePlayback in orders:
            self._paused = task
        if self._paused and act.ResumePlayback in orders:
            self.world.saw("interruption rejected and resumed")
        if act.StopPlayback in orders and isinstance(event, ev.TranscriptUpdated | ev.TranscriptFinalized):
            self._tell_interruption(task)
        if orders & {act.ResumePlayback, act.StopPlayback}:
            self._paused = None

    def _tell_interruption(self, task: "Task") -> None:
        self.world.saw("interruption confirmed")
        if not task.conversation.state.dialogue.disclosed:
            self.world.saw("barge-in during the disclosure")

    def sounded(self, sounded: Sounded, _task: object) -> None:
        if self._paused and self._paused is self.world.task:
            self.fail("the agent sounds while it should wait for the caller")


class M2(Checker):
    """A murmur does not cut the agent (in 95 of 100 cases); a real interruption always does."""

    watches: ClassVar = {
        CallerSpoke: "spoke",
        act.StopPlayback: "stopped",
        SocketLost: "disturbed",
        ev.DigitPressed: "disturbed",
        ev.UserTurnEnded: "disturbed",
        ev.UserDisconnected: "disturbed",
    }
    JUDGED_AFTER_MS = 5000
    SLACK_CHARS = 15
    """Near its end a murmur answers the agent, whose heard point is true to within a word."""

    def __init__(self, world: "World", scene: Scene) -> None:
        super().__init__(world, scene)
        self.murmurs_kept = self.murmurs_all = 0
        self._stopped_ms = -1
        self._disturbed_ms = -1
        self._spoke_ms = -1

    def spoke(self, spoke: CallerSpoke, _task: object) -> None:
        world = self.world
        alone = self._spoke_ms < self.now_ms - 3000
        self._spoke_ms = spoke.end_ms
        if not world.far_end.audible or world.task is None or self.scene.protected(world.task):
            return
        if spoke.manner == "murmurs" and alone and not world.faults.active("interim revised", "final late"):
            if self._unheard_chars() > world.policy.nearly_said_chars + self.SLACK_CHARS:
                world.at(spoke.end_ms + 1000, self._judge_murmur, self.now_ms, spoke.end_ms)
        elif spoke.manner == "interrupts" and not world.recogniser.dead:
            world.at(spoke.end_ms + self.JUDGED_AFTER_MS, self._judge_interruption, self.now_ms)

    def stopped(self, _stop: act.StopPlayback, _task: object) -> None:
        self._stopped_ms = self.now_ms

    def disturbed(self, _what: object, _task: object) -> None:
        """Something else stops the agent: nothing can be said about the caller's voice."""
        self._disturbed_ms = self.now_ms

    def _unheard_chars(self) -> float:
        """How much of what the agent is saying the caller has still to hear."""
        heard_ms, says = self.world.far_end.heard_ms, self.scene.says
        return sum(
            len(says[key].order.text) - heard_ms(key, self.now_ms) / speech.CHAR_MS
            for key in self.scene.open_says
        )

    def _judge_murmur(self, since_ms: int, end_ms: int) -> None:
        if self._disturbed_ms >= since_ms or self._spoke_ms > end_ms:
            return
        self.murmurs_all += 1
        if self._stopped_ms < since_ms:
            self.murmurs_kept += 1
            self.world.saw("back-channel ignored")

    def _judge_interruption(self, since_ms: int) -> None:
        task = self.world.task
        if (
            task is None
            or self._disturbed_ms >= since_ms
            or self.world.recogniser.dead
            or self.scene.protected(task)
        ):
            return
        if self._stopped_ms < since_ms and self.scene.turn_ms < since_ms and self.world.far_end.audible:
            self.fail("an interruption went by unheard")


class M5(Checker):
    """The agent never talks over itself: once the next utterance sounds, the former one is over."""

    watches: ClassVar = {Sounded: "sounded", Cleared: "cleared"}

    def __init__(self, world: "World", scene: Scene) -> None:
        super().__init__(world, scene)
        self._order: list[tuple[int, Key]] = []

    def sounded(self, sounded: Sounded, _task: object) -> None:
        key = (sounded.fence, sounded.say_id)
        if self._order and self._order[-1][1] == key:
            return
        if any(former == key for _, former in self._order):
            self.fail(f"utterance {key} sounds again after {self._order[-1][1]} has begun")
        self._order.append((sounded.start_ms, key))

    def cleared(self, cleared: Cleared, _task: object) -> None:
        # What began within the line's delays of the cut may be unknown to the agent, which then says it again.
        unsure_ms = 3 * self.world.far_end.latency_ms + (
            1000 if self.world.faults.active("mark late") else 100
        )
        while self._order and self._order[-1][0] >= cleared.cut_ms - unsure_ms:
            self._order.pop()


class M7(Checker):
    """Each utterance sounds once, from its beginning, in order and without a gap; none after it was stopped."""

    watches: ClassVar = {Sounded: "sounded", Cleared: "cleared", act.ResumePlayback: "resumed"}
    on_step = True
    WORD_MS = 1500
    """The longest word of any text here, twice over: how far a resumed utterance may go back."""

    def __init__(self, world: "World", scene: Scene) -> None:
        super().__init__(world, scene)
        self._next_ms: dict[Key, int] = {}
        self._resumable: set[Key] = set()

    def sounded(self, sounded: Sounded, _task: object) -> None:
        key = (sounded.fence, sounded.say_id)
        said = self.scene.says.get(key)
        if said is None or said.stopped:
            self.fail(f"utterance {key} sounds although it was stopped")
        expected_ms = self._next_ms.get(key, 0)
        if key in self._resumable:
            self._resumable.discard(key)
            slack_ms = 300 + (1000 if self.world.faults.active("mark late") else 0)
            if not expected_ms - self.WORD_MS - slack_ms <= sounded.position_ms <= expected_ms + 120:
                self.fail(
                    f"utterance {key} goes on at {sounded.position_ms} ms, was heard to {expected_ms} ms"
                )
        elif sounded.position_ms != expected_ms:
            self.fail(f"utterance {key} jumps to {sounded.position_ms} ms instead of {expected_ms} ms")
        self._next_ms[key] = sounded.position_ms + sounded.length_ms

    def cleared(self, cleared: Cleared, _task: object) -> None:
        far_end = self.world.far_end
        for key in self._next_ms:
            said = self.scene.says[key]
            if not said.stopped:
                lead_ms = 0 if key in self.world.fixed_keys else self.world.lead_ms
                self._next_ms[key] = max(0, far_end.heard_ms(key, cleared.cut_ms) + lead_ms)
                self._resumable.add(key)

    def resumed(self, _order: act.ResumePlayback, _task: object) -> None:
        """All that was out may have been played before the pause: then nothing was cleared."""
        self._resumable.update(key for key in self._next_ms if not self.scene.says[key].stopped)

    def step(self, task: "Task", event: object, actions: list[act.AnyAction]) -> None:
        """Tokens of a cancelled reply are never spoken."""
        if not isinstance(event, ev.GenerationProgressed) or event.generation_id in self.scene.generations:
            return
        if any(isinstance(action, act.Say) and not action.fixed for action in actions):
            self.fail("a cancelled reply is spoken")
