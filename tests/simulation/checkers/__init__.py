"""Every invariant, watched from outside while a call is played.

Events, actions and observations are handed to whoever watches their type; `poll` runs twice a virtual second, `end` once.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from switchboard.conversation import actions as act
from tests.simulation.checkers.answers import C7, M3, M4, M8, M9, Words
from tests.simulation.checkers.base import Checker
from tests.simulation.checkers.lifecycle import L1, L2, L3, L5, L6, End
from tests.simulation.checkers.memory import M6, M10, History, Json, One
from tests.simulation.checkers.sound import M1, M2, M5, M7
from tests.simulation.observations import Observation
from tests.simulation.scene import Scene

if TYPE_CHECKING:
    from tests.simulation.task import Task
    from tests.simulation.world import World


POLL_MS = 500
COARSE_POLL_MS = 1000
ALL = (C7, M1, M2, M3, M4, M5, M6, M7, M8, M9, M10, L1, L2, L3, L5, L6, Words, One, End, Json, History)
_STEPPERS = [index for index, checker in enumerate(ALL) if checker.on_step]
_POLLERS = [index for index, checker in enumerate(ALL) if checker.poll is not Checker.poll]


class Checkers:
    """All invariants over one world."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._poll_ms = COARSE_POLL_MS if world.coarse else POLL_MS
        self.scene = Scene(world)
        self._all = [checker(world, self.scene) for checker in ALL]
        self._steps = [self._all[index].step for index in _STEPPERS]
        self._polls = [self._all[index].poll for index in _POLLERS]
        self._watchers: dict[type, list[Callable[..., None]]] = {}
        for checker in self._all:
            for watched, method in checker.watches.items():
                self._watchers.setdefault(watched, []).append(getattr(checker, method))

    def begin(self) -> None:
        """Start to look at the time."""
        self._world.at(self._world.now_ms + self._poll_ms, self._poll)

    def step(self, task: "Task", event: object, actions: list[act.AnyAction]) -> None:
        """The core took one event; its actions are about to be carried out."""
        live = task is self._world.task
        if live:
            self.scene.step(task, event, actions)
            self._dispatch(event, task)
            for watch in self._steps:
                watch(task, event, actions)
            for action in actions:
                self._dispatch(action, task)

    def tell(self, observation: Observation) -> None:
        """Something was seen."""
        self.scene.tell(observation)
        self._dispatch(observation, None)

    def end(self) -> None:
        """The call is over."""
        for checker in self._all:
            checker.end()

    def tallies(self) -> dict[str, tuple[int, int]]:
        """Figures that only make sense over many calls: how often it went well, and of how many."""
        m2 = next(checker for checker in self._all if isinstance(checker, M2))
        return {"M2 murmurs that did not cut the agent": (m2.murmurs_kept, m2.murmurs_all)}

    def _dispatch(self, item: object, task: "Task | None") -> None:
        for watcher in self._watchers.get(type(item), ()):
            watcher(item, task)

    def _poll(self) -> None:
        for poll in self._polls:
            poll()
        self._world.at(self._world.now_ms + self._poll_ms, self._poll)
