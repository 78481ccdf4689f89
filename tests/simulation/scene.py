"""What an observer knows of a call so far: who said what when, what is owed, who last made a sound."""

from typing import TYPE_CHECKING

from msgspec import Struct

from switchboard.conversation import actions as act
from switchboard.conversation import events as ev
from switchboard.conversation.machine import PROTECTED_CLOSINGS
from tests.simulation.far_end import Key
from tests.simulation.observations import CallerSpoke, Claimed, Observation, Sounded

if TYPE_CHECKING:
    from tests.simulation.task import Task
    from tests.simulation.world import World


class Said(Struct):
    """One utterance."""

    order: act.Say
    said_ms: int
    entry_id: int | None
    kind: str
    stopped: bool = False


class Scene:
    """Kept up to date by every step and observation, before the checkers look."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.says: dict[Key, Said] = {}
        self.open_says: set[Key] = set()
        self.generations: set[int] = set()
        self.speculations: set[int] = set()
        self.tools: set[str] = set()
        self.turns = 0
        self.turn_ms = -1
        """When the last turn ended, or was taken back to the caller as unclear."""
        self.unanswered = True
        """Whether the caller has not heard a sound since the last turn (or the start)."""
        self.agent_sound_ms = 0
        """Start of the latest sound of the agent."""
        self.caller_sound_ms = 0
        """Until when the caller really makes a sound."""
        self.owed_ms = 0
        """Since when we owe something, as far as an observer can tell."""
        self.voice_on = False
        self.voice_ms = -1
        """The latest fact about the caller's voice or words that the core was told."""

    def step(self, task: "Task", event: object, actions: list[act.AnyAction]) -> None:
        """The present owner took one event."""
        now_ms = self._world.now_ms
        self._note_event(task, event, now_ms)
        owed = self.owes
        for action in actions:
            self._note_action(task, action, now_ms)
        turns = task.conversation.state.dialogue.turns
        if turns > self.turns:
            self.turns = turns
            self._turn(now_ms)
            if self.speculations:
                self._world.saw("speculation used")
                self.generations |= self.speculations
                self.speculations.clear()
        if self.owes and not owed:
            self.owed_ms = now_ms

    def tell(self, observation: Observation) -> None:
        """Something was seen."""
        now_ms = self._world.now_ms
        match observation:
            case Sounded():
                self.unanswered = False
                self.agent_sound_ms = max(self.agent_sound_ms, observation.start_ms)
            case CallerSpoke():
                self.caller_sound_ms = max(self.caller_sound_ms, observation.end_ms)
            case Claimed():
                self.voice_on = False
                self.generations.clear()
                self.speculations.clear()
                self.tools.clear()
                self.open_says.clear()
                self.turns = self._world.task.conversation.state.dialogue.turns if self._world.task else 0
                self.owed_ms = now_ms
                self.unanswered = self.unanswered or not observation.unnoticed

    @property
    def owes(self) -> bool:
        """Whether the next move is ours."""
        if self.unanswered or self.generations or self.tools:
            return True
        return bool(self.open_says)

    def quiet_ms(self) -> int:
        """How long neither party has made a sound."""
        return self.unnoticed_ms() if self.caller_sound_ms < self._world.now_ms else 0

    def unnoticed_ms(self) -> int:
        """How long neither party has made a sound that the agent could know of."""
        world = self._world
        if self.voice_on:
            return 0
        return world.now_ms - max(min(world.far_end.play_end_ms, world.now_ms), self.voice_ms)

    def protected(self, task: "Task") -> bool:
        """Whether a goodbye or announcement is under way that words do not take back."""
        state = task.conversation.state
        closing = state.phase == "closing" and state.closing_as in PROTECTED_CLOSINGS
        return closing or state.phase not in ("live", "closing")

    def _note_event(self, task: "Task", event: object, now_ms: int) -> None:
        match event:
            case ev.PlaybackFinished() | ev.SynthesisFailed():
                self.open_says.discard((task.fence, event.say_id))
            case ev.GenerationFinished() | ev.GenerationFailed():
                self.generations.discard(event.generation_id)
                self.speculations.discard(event.generation_id)
            case ev.ToolCallFinished() | ev.ToolCallFailed():
                self.tools.discard(event.call_id)
            case (
                ev.UserSpeechStarted()
                | ev.UserSpeechEnded()
                | ev.TranscriptUpdated()
                | ev.DigitPressed()
                | ev.UserTurnEnded()
            ):
                self.voice_ms = now_ms
                self.voice_on = (
                    isinstance(event, ev.UserSpeechStarted)
                    if isinstance(event, ev.UserSpeechStarted | ev.UserSpeechEnded)
                    else self.voice_on
                )
            case ev.TranscriptFinalized():
                if event.text:
                    self.voice_ms = now_ms

    def _note_action(self, task: "Task", action: act.AnyAction, now_ms: int) -> None:
        match action:
            case act.Say():
                utterance = next(
                    (u for u in task.conversation.state.dialogue.utterances if u.id == action.say_id), None
                )
                key = (task.fence, action.say_id)
                self.says[key] = Said(
                    action,
                    now_ms,
                    utterance.entry_id if utterance else None,
                    utterance.kind if utterance else "",
                )
                self.open_says.add(key)
                phrases = self._world.policy.phrases
                if action.text in (*phrases.unclear, phrases.transfer, phrases.no_transfer):
                    self._turn(now_ms)
            case act.Generate():
                self.tools.clear()  # the core goes on only when it awaits none
                (self.speculations if action.speculative else self.generations).add(action.generation_id)
            case act.CancelGeneration():
                self.generations.discard(action.generation_id)
                self.speculations.discard(action.generation_id)
            case act.CallTool():
                self.tools.add(action.call.id)
            case act.CancelTool():
                self.tools.discard(action.call_id)
            case act.StopPlayback():
                self.unanswered = False
                self.tools.clear()
                for key in self.open_says:
                    self.says[key].stopped = True
                self.open_says.clear()

    def _turn(self, now_ms: int) -> None:
        self.turn_ms = self.owed_ms = now_ms
        self.unanswered = True
