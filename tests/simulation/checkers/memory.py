"""What is remembered and handed on: M6, M10, one generation at a time, JSON, a history that models accept.

One class each, named for its id in the specification; the docstring is the law.
"""

from typing import TYPE_CHECKING, ClassVar

import msgspec

from switchboard.conversation import actions as act
from switchboard.conversation import events as ev
from switchboard.conversation.state import ConversationState
from tests.simulation.checkers.base import Checker
from tests.simulation.far_end import Key
from tests.simulation.observations import (
    Claimed,
    Saved,
)
from tests.simulation.scene import Said, Scene

if TYPE_CHECKING:
    from tests.simulation.task import Task
    from tests.simulation.world import World


class M6(Checker):
    """The memory holds what the caller's ear heard, to within one word where speech was cut."""

    def end(self) -> None:
        task = self.world.last_task
        if task is None or task.lost:
            return
        entries = {entry.id: entry for entry in task.conversation.state.dialogue.entries}
        texts = _remembered(task)
        for entry_id, entry in entries.items():
            said = [
                (key, s)
                for key, s in self.scene.says.items()
                if s.entry_id == entry_id and key[0] == task.fence
            ]
            if said and entry_id > task.restored_id and entry.role == "assistant":
                self._compare(texts[entry_id].split(), said)

    def _compare(self, remembered: list[str], said: list[tuple[Key, Said]]) -> None:
        far_end = self.world.far_end
        slack = 4 if self.world.faults.active("mark late") else 1
        ends = {0}
        heard_words: list[str] = []
        for key, s in said:
            words = s.order.text.split()
            heard = far_end.heard_words(key, s.order.text)
            heard_words += words[:heard]
            cut = s.stopped or not far_end.heard_whole(key, s.order.text)
            counts = range(max(0, heard - slack), min(len(words), heard + slack) + 1) if cut else (heard,)
            ends = {end + n for end in ends for n in counts if remembered[end : end + n] == words[:n]}
        if len(remembered) not in ends:
            self.fail(f"memory {' '.join(remembered)!r}, ear {' '.join(heard_words)!r}")


class M10(Checker):
    """Nothing grows beyond its bound."""

    watches: ClassVar = {Saved: "saved"}
    AUDIO_BYTES_MAX = 2 << 20
    SNAPSHOT_BYTES_MAX = 256 << 10
    ITEMS_MAX = 200
    ENTRIES_OVER_MAX = 12
    """Entries of the running turn on top of the history's bound: tool rounds, a disclosure, an answer."""

    def saved(self, saved: Saved, _task: object) -> None:
        if len(saved.snapshot) > self.SNAPSHOT_BYTES_MAX:
            self.fail(f"a snapshot of {len(saved.snapshot)} bytes")

    def poll(self) -> None:
        task = self.world.task
        if task is None:
            return
        dialogue, turns = task.conversation.state.dialogue, task.conversation.state.turn_taking
        if task.playout.buffered_bytes > self.AUDIO_BYTES_MAX:
            self.fail(f"{task.playout.buffered_bytes} bytes of audio wait")
        if len(dialogue.entries) > task.conversation.policy.history_max + self.ENTRIES_OVER_MAX:
            self.fail(f"{len(dialogue.entries)} entries are remembered")
        longest = max(len(dialogue.utterances), len(turns.finals), len(dialogue.tools), len(turns.digits))
        if longest > self.ITEMS_MAX:
            self.fail(f"{longest} items are kept")


class One(Checker):
    """One generation at a time."""

    watches: ClassVar = {
        act.Generate: "generate",
        act.CancelGeneration: "cancel",
        ev.GenerationFinished: "over",
        ev.GenerationFailed: "over",
        Claimed: "claimed",
    }

    def __init__(self, world: "World", scene: Scene) -> None:
        super().__init__(world, scene)
        self._running: dict[int, act.Generate] = {}

    def generate(self, order: act.Generate, task: "Task") -> None:
        if task is not self.world.task:
            return
        if self._running:
            self.fail(f"generation {order.generation_id} begins while {list(self._running)} run")
        self._running[order.generation_id] = order

    def cancel(self, order: act.CancelGeneration, _task: object) -> None:
        cancelled = self._running.pop(order.generation_id, None)
        if cancelled and cancelled.speculative:
            self.world.saw("speculation cancelled")

    def over(self, event: ev.GenerationFinished | ev.GenerationFailed, _task: object) -> None:
        self._running.pop(event.generation_id, None)

    def claimed(self, _claimed: Claimed, _task: object) -> None:
        self._running.clear()


class Json(Checker):
    """The state survives JSON."""

    watches: ClassVar = {Saved: "saved"}

    def saved(self, saved: Saved, task: "Task | None") -> None:
        owner = self.world.task
        if owner is None or owner.fence != saved.fence:
            return
        if msgspec.json.decode(saved.snapshot, type=ConversationState) != owner.conversation.state:
            self.fail("a restored state differs from the stored one")


class History(Checker):
    """What the model is given is valid: tool calls are answered right after, once, and ids are unique."""

    watches: ClassVar = {act.Generate: "generate"}

    def generate(self, order: act.Generate, _task: object) -> None:
        messages = order.messages
        seen: set[str] = set()
        for index, message in enumerate(messages):
            calls = [call.id for call in message.tool_calls]
            following = messages[index + 1].tool_results if index + 1 < len(messages) else ()
            if calls != [result.call_id for result in following]:
                self.fail(f"the calls {calls} are followed by {[r.call_id for r in following]}")
            if message.tool_results and not (index and messages[index - 1].tool_calls):
                self.fail("results without calls")
            if seen.intersection(calls) or len(set(calls)) != len(calls):
                self.fail(f"the ids {calls} are not unique")
            seen.update(calls)


def _remembered(task: "Task") -> dict[int, str]:
    """The memory's text by entry, the utterances in progress included."""
    dialogue = task.conversation.state.dialogue
    texts = {entry.id: entry.text for entry in dialogue.entries}
    for utterance in dialogue.utterances:
        if utterance.entry_id in texts:
            heard = utterance.text[: utterance.heard_chars].strip()
            texts[utterance.entry_id] = f"{texts[utterance.entry_id]} {heard}".strip()
    return texts
