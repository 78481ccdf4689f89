"""What every checker is: it names in `watches` what it wants to see and raises `Violation` when its law is broken."""

from typing import TYPE_CHECKING, ClassVar

from switchboard.conversation import actions as act
from tests.simulation.observations import (
    Violation,
)
from tests.simulation.scene import Scene

if TYPE_CHECKING:
    from tests.simulation.task import Task
    from tests.simulation.world import World


class Checker:
    """Base: knows the world and the scene."""

    watches: ClassVar[dict[type, str]] = {}
    on_step = False

    def __init__(self, world: "World", scene: Scene) -> None:
        self.world = world
        self.scene = scene

    def step(self, task: "Task", event: object, actions: list[act.AnyAction]) -> None:
        """Look at a whole step."""

    def poll(self) -> None:
        """Look at the time."""

    def end(self) -> None:
        """The call is over."""

    def fail(self, what: str) -> None:
        """The law is broken."""
        raise Violation(type(self).__name__, what)

    @property
    def now_ms(self) -> int:
        return self.world.now_ms
