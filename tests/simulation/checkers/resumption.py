"""What another task must know and must not do again: L7.

The docstring is the law.
"""

from typing import TYPE_CHECKING, ClassVar

from switchboard.conversation import actions as act
from switchboard.conversation import events as ev
from tests.simulation import speech
from tests.simulation.checkers.base import Checker
from tests.simulation.observations import Claimed
from tests.simulation.scene import Scene

if TYPE_CHECKING:
    from tests.simulation.task import Task
    from tests.simulation.world import World


class L7(Checker):
    """Another task knows every turn that was taken and every clause that was heard, and does not greet again.

    What the very last event changed may be lost with the task: it died before it could store it.
    """

    watches: ClassVar = {Claimed: "claimed", act.Say: "say"}
    on_step = True
    GREETED_MS = 3000
    """An opening of which so much was heard is gone on with; of less, nobody knows for sure that it was heard at all."""

    def __init__(self, world: "World", scene: Scene) -> None:
        super().__init__(world, scene)
        self._resumed = False
        self._turns: dict[int, str] = {}
        self._heard: dict[int, str] = {}
        self._latest: tuple[dict[int, str], dict[int, str]] = ({}, {})
        self._last_id = -1

    def step(self, task: "Task", event: object, actions: list[act.AnyAction]) -> None:
        self._turns, self._heard = self._latest
        entries = task.conversation.state.dialogue.entries
        if not entries:
            return
        if entries[-1].id != self._last_id or isinstance(event, ev.ConversationResumed):
            self._last_id = entries[-1].id
            turns = {entry.id: entry.text for entry in entries if entry.role == "user" and entry.text}
            self._latest = (turns, self._latest[1])
        if isinstance(event, ev.PlaybackFinished):
            heard = {entry.id: entry.text for entry in entries if entry.role == "assistant"}
            self._latest = (self._latest[0], heard)

    def claimed(self, claimed: Claimed, _task: object) -> None:
        self._resumed = claimed.resumed
        task = self.world.task
        if not claimed.resumed or task is None:
            return
        known = {entry.id: entry.text for entry in task.conversation.state.dialogue.entries}
        oldest = min(known, default=0)
        for entry_id, text in self._turns.items():
            if entry_id >= oldest and known.get(entry_id) != text:
                self.fail(f"the next task does not know that the caller said {text!r}")
        for entry_id, text in self._heard.items():
            if entry_id >= oldest and not known.get(entry_id, "").startswith(text):
                self.fail(f"the next task does not know that {text!r} was heard")

    def say(self, say: act.Say, _task: object) -> None:
        if not self._resumed or say.text != self.world.policy.opening:
            return
        sure = not self.world.coarse and not self.world.faults.active("mark late", "mark lost", "timer late")
        enough_ms = self.GREETED_MS if sure else speech.render(say.text).words[-1][0]
        heard_ms = max(
            self.world.far_end.heard_ms(key, self.now_ms)
            for key, said in self.scene.says.items()
            if said.order.text == say.text
        )
        if heard_ms >= enough_ms:
            self.fail(f"the caller is greeted again, {heard_ms} ms of the greeting having been heard")
