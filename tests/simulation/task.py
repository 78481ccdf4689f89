"""One gateway task's part in a call: the real core and the real playout, driven as the gateway's session drives them.

The contract of a driver: one event, then all its actions in order, then the next event; the playback facts that
`PausePlayback` and `StopPlayback` bring to light come before any other event; a checkpoint is stored before the actions
that follow it are carried out, and whoever may not store it stops at once.
"""

from collections import deque
from typing import TYPE_CHECKING

from switchboard.conversation import actions as act
from switchboard.conversation import events as ev
from switchboard.conversation.machine import Conversation
from switchboard.domain.calls import NextStep
from switchboard.media.playout import Audio, Fact, Failed, Finished, Playout, Progressed, Started
from switchboard.ports.errors import StaleOwner
from tests.simulation.observations import Saved, SaveRefused, TimePassed, Violation
from tests.simulation.providers import Model, Tools, Voice
from tests.simulation.speech import CLIP_MS_MAX

if TYPE_CHECKING:
    from tests.simulation.world import World

NEVER = 1 << 60
COARSE_MS = 250
"""How late audio is topped up: with a second ahead the far end never runs dry, and a call needs half the wake-ups."""
SPINS_MAX = 20
"""A deadline may stay due for a few rounds (each does one thing); more than this never ends."""


class Task:
    """One owner of the call, from its claim until it ends, hands over or dies."""

    def __init__(self, world: "World", fence: int, conversation: Conversation) -> None:
        self.world = world
        self.fence = fence
        self.conversation = conversation
        self.restored_id = conversation.state.last_id
        self.playout = Playout(ahead_ms=2 * CLIP_MS_MAX, block_ms=CLIP_MS_MAX) if world.coarse else Playout()
        self.alive = True
        self.lost = False
        """Whether its socket broke: what it knew of the heard point died with it."""
        self.due_ms = NEVER
        self._core_due_ms = NEVER
        self._inbox: deque[ev.AnyEvent] = deque()
        self._handling = False
        self._spins = 0
        self._woken_ms = -1
        self.model = Model(self)
        self.voice = Voice(self)
        self.tools = Tools(self)

    def feed(self, event: ev.AnyEvent) -> None:
        """Give the core one fact, and carry out what it orders."""
        if not self.alive:
            return
        self._inbox.append(event)
        if not self._handling:
            self._work()
            self.pump()

    def wake(self) -> None:
        """Something is due: playback facts, audio to be sent, or the conversation's own deadline."""
        now_ms = self.world.now_ms
        self._spins = self._spins + 1 if now_ms == self._woken_ms else 0
        self._woken_ms = now_ms
        if self._spins > SPINS_MAX:
            raise Violation("L3", "the conversation's deadline stays due without moving on")
        self.report(self.playout.facts(now_ms))
        if self.alive and self._core_due_ms <= now_ms:
            self._handling = True
            self._step(None)
            self._work()
        self.pump()

    def report(self, facts: list[Fact]) -> None:
        """Tell the core what was heard."""
        for fact in facts:
            match fact:
                case Started():
                    event: ev.AnyEvent = ev.PlaybackStarted(fact.say_id)
                case Progressed():
                    event = ev.PlaybackProgressed(fact.say_id, fact.heard_chars)
                case Finished():
                    event = ev.PlaybackFinished(fact.say_id)
                case Failed():
                    self.world.saw("synthesis failed")
                    event = ev.SynthesisFailed(fact.say_id)
            self._inbox.append(event)
        if facts and not self._handling:
            self._work()

    def mark_echoed(self, name: str) -> None:
        """The far end played up to a mark."""
        if self.alive:
            self.report(self.playout.mark_echoed(name, self.world.now_ms))
            self._schedule()

    def pump(self) -> None:
        """Send what is due."""
        if not self.alive:
            self.due_ms = NEVER
            return
        now_ms = self.world.now_ms
        playout, far_end = self.playout, self.world.far_end
        for item in playout.pull(now_ms):
            if isinstance(item, Audio):
                far_end.receive(self.fence, item.say_id, item.payload)
            else:
                far_end.mark(self.fence, item.name)
        self._schedule()
        self.voice.work()

    def die(self) -> None:
        """The process is gone, or has learnt that the call is no longer its own."""
        self.alive = False
        self.due_ms = NEVER
        self._inbox.clear()

    def _schedule(self) -> None:
        """Note when to come back."""
        if not self.alive:
            return
        playout, now_ms = self.playout, self.world.now_ms
        playout_ms = playout.deadline_ms
        if playout_ms is not None and playout._clips[0].started:
            playout_ms += COARSE_MS
        due_ms = self._core_due_ms if playout_ms is None else min(playout_ms, self._core_due_ms)
        self.due_ms = max(due_ms + self.world.timer_lag_ms(), now_ms) if due_ms < NEVER else NEVER

    def _work(self) -> None:
        self._handling = True
        inbox = self._inbox
        while inbox and self.alive:
            self._step(inbox.popleft())
        self._handling = False
        deadline_ms = self.conversation.deadline_ms
        self._core_due_ms = NEVER if deadline_ms is None else deadline_ms
        if self.alive and self.conversation.ended:
            self.world.leave(self)

    def _step(self, event: ev.AnyEvent | None) -> None:
        """One event (or the deadline), then all its actions."""
        world = self.world
        now_ms = world.now_ms
        conversation = self.conversation
        try:
            actions = (
                conversation.handle_timeout(now_ms) if event is None else conversation.handle(event, now_ms)
            )
        except (AssertionError, LookupError, ValueError, TypeError, AttributeError) as error:
            raise Violation("Crash", f"{event}: {error!r}") from error
        if world.restores_each_step:
            self.conversation = Conversation.restore(conversation.policy, conversation.snapshot())
        world.stepped(self, TimePassed() if event is None else event, actions)
        for action in actions:
            if not self.alive:
                return
            self._perform(action)

    def _perform(self, action: act.AnyAction) -> None:
        match action:
            case act.Say():
                self.voice.say(action)
            case act.Generate():
                self.model.generate(action)
            case act.CancelGeneration():
                self.model.cancel(action.generation_id)
            case act.CallTool():
                self.tools.call(action.call)
            case act.CancelTool():
                self.tools.cancel(action.call_id)
            case act.PausePlayback():
                self._fall_silent()
                self.report(self.playout.pause(self.world.now_ms))
            case act.ResumePlayback():
                self.playout.resume(self.world.now_ms)
            case act.StopPlayback():
                self._fall_silent()
                self.voice.stop()
                self.report(self.playout.stop(self.world.now_ms))
            case act.FinalizeTranscript():
                self.world.recogniser.finalize(self.fence)
            case act.SaveCheckpoint():
                self._save(NextStep.RESUME)
            case act.Transfer():
                self._save(NextStep.TRANSFER)
                self.world.leave(self)
            case act.EndConversation():
                self._save(NextStep.HANG_UP)

    def _fall_silent(self) -> None:
        if self.playout.audible:
            self.world.far_end.clear(self.fence)

    def _save(self, next_step: NextStep) -> None:
        snapshot = self.conversation.snapshot()
        try:
            self.world.store.save(self.fence, snapshot, next_step, self.conversation.state.disposition)
        except StaleOwner:
            self.world.saw("stale owner's save refused")
            self.world.note(SaveRefused(self.fence))
            self.die()
        else:
            self.world.note(Saved(self.fence, snapshot))
