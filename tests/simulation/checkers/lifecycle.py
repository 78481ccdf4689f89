"""How a call lives, moves to another task and ends: L1, L2, L3, L5, L6, nothing after the end.

One class each, named for its id in the specification; the docstring is the law.
"""

from typing import TYPE_CHECKING, ClassVar

from switchboard.conversation import actions as act
from switchboard.domain.calls import Disposition
from tests.simulation.checkers.base import Checker
from tests.simulation.observations import (
    CallFinished,
    Claimed,
    Saved,
    Sounded,
    ToolStarted,
)
from tests.simulation.scene import Scene

if TYPE_CHECKING:
    from tests.simulation.task import Task
    from tests.simulation.world import World


class L1(Checker):
    """A call ends in exactly one disposition, which never changes."""

    watches: ClassVar = {CallFinished: "finished"}
    on_step = True

    def __init__(self, world: "World", scene: Scene) -> None:
        super().__init__(world, scene)
        self._first: Disposition | None = None

    def step(self, task: "Task", event: object, actions: list[act.AnyAction]) -> None:
        disposition = task.conversation.state.disposition
        if disposition is self._first or task is not self.world.task:
            return
        if self._first is not None:
            self.fail(f"{self._first} became {disposition}")
        self._first = disposition

    def finished(self, finished: CallFinished, _task: object) -> None:
        if self._first not in (None, finished.disposition):
            self.fail(f"the conversation ended {self._first}, the call {finished.disposition}")

    def end(self) -> None:
        if self.world.disposition is None:
            self.fail("the call has no disposition")


class L2(Checker):
    """A conversation moves along declared edges only; its end is final. (After a transfer that failed a new task takes it up.)"""

    on_step = True
    EDGES: ClassVar = {
        "new": {"live", "ended"},
        "live": {"transferring", "closing", "ended"},
        "closing": {"live", "ended", "transferring"},
        "transferring": {"transferred", "ended"},
        "transferred": {"ended"},
        "ended": set(),
    }

    def __init__(self, world: "World", scene: Scene) -> None:
        super().__init__(world, scene)
        self._phases: dict[int, str] = {}

    def step(self, task: "Task", event: object, actions: list[act.AnyAction]) -> None:
        phase = task.conversation.state.phase
        former = self._phases.get(task.fence)
        self._phases[task.fence] = phase
        if former is None or former == phase:
            return
        if phase not in self.EDGES[former]:
            self.fail(f"{former} -> {phase}")
        if former == "closing" and phase == "live":
            self.world.saw("goodbye taken back by the caller")


class L3(Checker):
    """Every call ends within its longest duration and a minute (checked by the world's own clock)."""

    def end(self) -> None:
        if self.world.disposition is Disposition.DURATION_LIMIT:
            self.world.saw("longest duration reached")


class L5(Checker):
    """After a lost socket the caller hears us again on another task, or the call ends as it was about to.

    A call that was handed over unnoticed owes a sound only where it owed one before.
    """

    watches: ClassVar = {Claimed: "claimed"}
    WITHIN_MS = 2000

    def claimed(self, claimed: Claimed, _task: object) -> None:
        if claimed.unnoticed and not self.scene.unanswered:
            return
        self.world.at(self.now_ms + self.WITHIN_MS, self._judge, self.now_ms, claimed.fence)

    def _judge(self, since_ms: int, fence: int) -> None:
        task = self.world.task
        if (
            task
            and task.fence == fence
            and self.scene.agent_sound_ms < since_ms
            and self.scene.voice_ms < since_ms
        ):
            self.fail(f"silence since the resumption at {since_ms} ms")


class L6(Checker):
    """Only the newest owner is heard, runs tools and says what is remembered."""

    watches: ClassVar = {Sounded: "sounded", ToolStarted: "tool_started", Saved: "saved"}

    def saved(self, saved: Saved, _task: object) -> None:
        if saved.fence != self.world.store.fence:
            self.fail(f"owner {saved.fence} saves, owner {self.world.store.fence} has the call")

    def sounded(self, sounded: Sounded, _task: object) -> None:
        if sounded.fence != self.world.store.fence:
            self.fail(f"owner {sounded.fence} sounds, owner {self.world.store.fence} has the call")

    def tool_started(self, started: ToolStarted, _task: object) -> None:
        if started.fence != self.world.store.fence:
            self.fail(
                f"owner {started.fence} runs {started.call.name}, owner {self.world.store.fence} has the call"
            )


class End(Checker):
    """Nothing is said, asked or run after the end."""

    on_step = True

    def __init__(self, world: "World", scene: Scene) -> None:
        super().__init__(world, scene)
        self._over: set[int] = set()

    def step(self, task: "Task", event: object, actions: list[act.AnyAction]) -> None:
        for action in actions:
            if task.fence in self._over and isinstance(action, act.Say | act.Generate | act.CallTool):
                self.fail(f"{action} after the end")
            if isinstance(action, act.EndConversation | act.Transfer):
                self._over.add(task.fence)
        if task.conversation.ended:
            self._over.add(task.fence)
