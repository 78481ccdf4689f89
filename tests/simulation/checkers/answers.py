"""What the agent owes the caller: C7, M3, M4, M8, M9 and a turn for every recognised word.

One class each, named for its id in the specification; the docstring is the law.
"""

from collections import Counter
from typing import TYPE_CHECKING, ClassVar

from switchboard.conversation import actions as act
from switchboard.conversation import events as ev
from switchboard.conversation.backchannels import is_backchannel
from switchboard.domain.disclosure import asks_if_human
from tests.simulation import speech
from tests.simulation.checkers.base import Checker
from tests.simulation.observations import (
    Claimed,
    SocketLost,
    Sounded,
)
from tests.simulation.scene import Scene

if TYPE_CHECKING:
    from tests.simulation.task import Task
    from tests.simulation.world import World


DISCLOSING = ("opening", "disclosure")


class C7(Checker):
    """The caller has heard that a machine speaks before its first substantive words; a question about it is answered at once."""

    watches: ClassVar = {Sounded: "sounded"}
    on_step = True

    def __init__(self, world: "World", scene: Scene) -> None:
        super().__init__(world, scene)
        self._disclosed = False
        self._turns = 0

    def sounded(self, sounded: Sounded, _task: object) -> None:
        said = self.scene.says[sounded.fence, sounded.say_id]
        if said.order.fixed or self._disclosed or said.kind in DISCLOSING:
            return
        far_end = self.world.far_end
        disclosures = [
            (key, self._needed_ms(other.order.text))
            for key, other in self.scene.says.items()
            if other.kind in DISCLOSING
        ]
        if not any(far_end.heard_ms(key, sounded.start_ms) >= needed_ms for key, needed_ms in disclosures):
            self.fail(f"{said.order.text!r} sounds before the disclosure was heard")
        self._disclosed = any(
            far_end.heard_ms(key, self.now_ms) >= needed_ms for key, needed_ms in disclosures
        )

    def _needed_ms(self, text: str) -> float:
        """How far a disclosing utterance must be heard, give or take its last word."""
        policy = self.world.policy
        if policy.opening.endswith(text):  # whole, or what a former task had left of it
            text = text[: max(0, len(policy.agent.disclosure) - len(policy.opening) + len(text))]
        return speech.render(text).middles_ms[-2:][0] if text else 0.0

    def step(self, task: "Task", event: object, actions: list[act.AnyAction]) -> None:
        if isinstance(event, ev.ConversationResumed | ev.ConversationStarted):
            self._turns = task.conversation.state.dialogue.turns
            return
        if self.scene.turns == self._turns:
            return
        self._turns = self.scene.turns
        entries = task.conversation.state.dialogue.entries
        asked = next((e.text for e in reversed(entries) if e.role == "user" and e.text), "")
        if not asks_if_human(asked):
            return
        self.world.saw("asked whether it is human")
        first = next((a.text for a in actions if isinstance(a, act.Say)), None)
        if first != self.world.policy.phrases.identity:
            self.fail(f"{asked!r} was answered by {first!r}")


class M3(Checker):
    """After the caller's turn something is heard within 2.5 s, whatever the providers do."""

    on_step = True
    WITHIN_MS = 2500

    def __init__(self, world: "World", scene: Scene) -> None:
        super().__init__(world, scene)
        self._turn_ms = -1
        self.fast = self.all = 0

    def step(self, task: "Task", event: object, actions: list[act.AnyAction]) -> None:
        if self.scene.turn_ms == self.now_ms != self._turn_ms:
            self._turn_ms = self.now_ms
            slack_ms = self.world.far_end.latency_ms + (60 if self.world.faults.active("timer late") else 0)
            self.world.at(self.now_ms + self.WITHIN_MS + slack_ms, self._judge, self.now_ms, task, slack_ms)

    def _judge(self, turn_ms: int, task: "Task", slack_ms: int) -> None:
        scene, world = self.scene, self.world
        superseded = scene.turn_ms != turn_ms or scene.voice_ms > turn_ms or world.task is not task
        if superseded or task.conversation.state.phase != "live":
            return
        heard = scene.agent_sound_ms > turn_ms or world.far_end.play_end_ms > turn_ms + slack_ms
        if not heard:
            self.fail(f"nothing was heard within {self.WITHIN_MS} ms of the turn at {turn_ms} ms")


class M4(Checker):
    """No silence of more than 4 s while the next move is ours."""

    LONGEST_MS = 4000

    def poll(self) -> None:
        task, scene = self.world.task, self.scene
        if task is None or not scene.owes or task.conversation.state.phase == "new":
            return
        silent_ms = min(scene.quiet_ms(), self.now_ms - scene.owed_ms)
        if silent_ms > self.LONGEST_MS + self.world.far_end.latency_ms:
            self.fail(f"dead air for {silent_ms} ms while the agent owes an answer")


class M8(Checker):
    """A silent caller is asked after 6-10 s, again after 6-10 s, and then the call ends politely."""

    watches: ClassVar = {act.Say: "say", Claimed: "claimed"}
    EARLIEST_MS = 6000
    LATEST_MS = 10_000

    def __init__(self, world: "World", scene: Scene) -> None:
        super().__init__(world, scene)
        phrases = world.policy.phrases
        self._script = (*phrases.no_input, phrases.no_input_goodbye)
        self._asked = 0
        self._asked_ms = -1
        self._resumed = False

    def say(self, say: act.Say, _task: object) -> None:
        if say.text not in self._script:
            return
        scene = self.scene
        quiet_ms = scene.unnoticed_ms()
        if quiet_ms < self.EARLIEST_MS - 2 * self.world.far_end.latency_ms and not self.world.recogniser.dead:
            self.fail(f"{say.text!r} after only {quiet_ms} ms of silence")
        place = self._script.index(say.text)
        if scene.voice_ms < self._asked_ms and place != self._asked and not self._resumed:
            self.fail(f"{say.text!r} comes out of turn")
        self._resumed = False
        self._asked, self._asked_ms = place + 1, self.now_ms
        self.world.saw(("first silence prompt", "second silence prompt", "silent caller's goodbye")[place])

    def claimed(self, _claimed: Claimed, _task: object) -> None:
        """A checkpoint may be older than the last prompt."""
        self._resumed = True

    def poll(self) -> None:
        task, scene = self.world.task, self.scene
        if task is None or scene.owes or task.conversation.state.phase != "live":
            return
        if scene.unnoticed_ms() > self.LATEST_MS:
            self.fail(f"{scene.unnoticed_ms()} ms of silence without a word from the agent")


class M9(Checker):
    """A key silences us at once and reaches the dialogue within its gap, whatever the caller says meanwhile."""

    watches: ClassVar = {ev.DigitPressed: "pressed", act.Say: "say", Claimed: "claimed"}
    on_step = True

    def __init__(self, world: "World", scene: Scene) -> None:
        super().__init__(world, scene)
        self._pending = ""
        self._pressed_ms = 0
        self._turn_ms = -1

    def pressed(self, pressed: ev.DigitPressed, task: "Task") -> None:
        self._pressed_ms = self.now_ms
        if not self.scene.protected(task) and pressed.digit != "#":
            self._pending += pressed.digit

    def step(self, task: "Task", event: object, actions: list[act.AnyAction]) -> None:
        if (
            isinstance(event, ev.DigitPressed)
            and self.world.far_end.audible
            and not self.scene.protected(task)
        ):
            self.world.saw("key over the agent's speech")
            if not task.playout.paused and not any(isinstance(a, act.StopPlayback) for a in actions):
                self.fail("the agent talks on although a key was pressed")
        if self.scene.turn_ms != self._turn_ms:
            self._turn_ms = self.scene.turn_ms
            self._settle()
        if isinstance(event, ev.UserTurnEnded):
            self._settle()

    def say(self, say: act.Say, _task: object) -> None:
        phrases = self.world.policy.phrases
        if say.text in (phrases.transfer, phrases.no_transfer, phrases.duration_goodbye):
            self._settle()

    def claimed(self, _claimed: Claimed, _task: object) -> None:
        self._settle()

    def poll(self) -> None:
        waited_ms = self.now_ms - self._pressed_ms
        if self._pending and self.world.task and waited_ms > self.world.policy.digit_gap_ms + 300:
            self.fail(f"the keys {self._pending!r} were lost")

    def _settle(self) -> None:
        if len(self._pending) > 1:
            self.world.saw("digits collected")
        self._pending = ""


class Words(Checker):
    """Recognised words always get a turn; back-channels under our speech and words in a protected goodbye excepted."""

    watches: ClassVar = {
        ev.TranscriptFinalized: "finalized",
        ev.TranscriptUpdated: "updated",
        ev.DigitPressed: "moved_on",
        ev.UserTurnEnded: "moved_on",
        Claimed: "moved_on",
        act.Say: "say",
        act.Transfer: "moved_on",
        SocketLost: "moved_on",
    }
    on_step = True
    LATEST_MS = 6500
    """Endpointing at its longest, a recogniser that stays away at its longest, and the interruption that may precede."""

    def __init__(self, world: "World", scene: Scene) -> None:
        super().__init__(world, scene)
        self._pending: list[str] = []
        self._since_ms = 0
        self._interim: list[str] = []
        self._ahead: Counter[str] = Counter()
        """Words that a turn took from interim results, before their final result."""
        self._entry_id = 0

    def finalized(self, final: ev.TranscriptFinalized, task: "Task") -> None:
        words = final.text.split()
        self._interim = []
        if self._ahead and self.world.faults.active("interim revised", "final twice"):
            self._ahead.clear()  # which of these words a turn has already used cannot be told
            return
        if not words or self.scene.protected(task) or (is_backchannel(final.text) and self._agent_busy(task)):
            return
        fresh = []
        for word in words:
            if self._ahead[word]:
                self._ahead[word] -= 1
            else:
                fresh.append(word)
        if len(fresh) < len(words):
            self.world.saw("final after the end of the turn")
        if not fresh:
            return
        if not self._pending:
            self._since_ms = self.now_ms
        self._pending += fresh

    def updated(self, updated: ev.TranscriptUpdated, _task: object) -> None:
        self._since_ms = self.now_ms
        self._interim = updated.text.split()

    def step(self, task: "Task", event: object, actions: list[act.AnyAction]) -> None:
        entries = task.conversation.state.dialogue.entries
        if not entries or entries[-1].id <= self._entry_id:
            return
        for entry in entries:
            if entry.id > self._entry_id and entry.role == "user" and entry.text:
                self._turn(entry.text.split())
        self._entry_id = entries[-1].id

    def say(self, say: act.Say, task: "Task") -> None:
        phrases = self.world.policy.phrases
        if say.text in (
            *phrases.unclear,
            phrases.transfer,
            phrases.no_transfer,
            phrases.duration_goodbye,
            phrases.failing,
        ):
            self._pending.clear()
            self._ahead = Counter(self._interim)
        if say.text in phrases.unclear:
            self.world.saw("unclear words asked again")
        if say.text == phrases.apology:
            self.world.saw("apology for a dead model")

    def moved_on(self, what: object, _task: object) -> None:
        """The caller has moved on by another way: a key or typed words replace what was spoken so far."""
        self._pending.clear()
        self._ahead = Counter(self._interim)
        if isinstance(what, Claimed):
            self._ahead.clear()
            self._entry_id = self.world.task.conversation.state.last_id if self.world.task else 0

    def poll(self) -> None:
        task = self.world.task
        if not self._pending or task is None:
            return
        if self.scene.protected(task) or is_backchannel(" ".join(self._pending)):
            self._pending.clear()
        elif (
            self.now_ms > max(self._since_ms, self.scene.voice_ms) + self.LATEST_MS
            and not self.scene.voice_on
        ):
            self.fail(f"no turn for {' '.join(self._pending)!r}")

    def _agent_busy(self, task: "Task") -> bool:
        return self.scene.owes or self.world.far_end.play_end_ms > self.now_ms - 500

    def _turn(self, words: list[str]) -> None:
        for word in words:
            if word in self._pending:
                self._pending.remove(word)
            else:
                self._ahead[word] += 1
        unsure = self.world.faults.active("interim revised", "final twice")
        if unsure or is_backchannel(" ".join(self._pending)):
            self._pending.clear()
