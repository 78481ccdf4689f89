"""One call in virtual time: one process, one thread, one seed.

A heap of events and every task's pulled deadline, whichever is first. The real conversation core and the real playout
run inside; caller, line, recogniser, model, voice, tools and checkpoint store are fakes that fail on purpose.
"""

import hashlib
import heapq
from collections.abc import Callable
from random import Random
from typing import Any

import msgspec

from switchboard.conversation import actions as act
from switchboard.conversation import events as ev
from switchboard.conversation.machine import Conversation
from switchboard.domain.calls import Disposition, NextStep
from tests.simulation.caller import Caller
from tests.simulation.checkers import Checkers
from tests.simulation.far_end import FarEnd, Key
from tests.simulation.faults import Faults
from tests.simulation.observations import (
    CallFinished,
    Claimed,
    Observation,
    SocketLost,
    ToolStarted,
    Violation,
)
from tests.simulation.policies import draw_policy
from tests.simulation.recogniser import Recogniser
from tests.simulation.store import Store
from tests.simulation.task import NEVER, Task

RESUME_WITHIN_MS = (300, 1000, 2600)
"""Socket lost -> next task connected: Twilio's redirect, our webhook, a new socket (L5 allows 3 s)."""
HALF_OPEN_MS = 6000
GRACE_MS = 60_000
"""A call may be open this long beyond its maximum duration (L3)."""
STEPS_MAX = 60_000

Step = tuple[int, int, Any, list[act.AnyAction]]


class Outcome(msgspec.Struct, frozen=True):
    """What one simulated call came to."""

    seed: int
    trace_hash: str
    disposition: Disposition | None
    duration_ms: int
    sometimes: frozenset[str]
    violation: Violation | None
    tallies: dict[str, tuple[int, int]]


class World:
    """One call. `run()` plays it to its end."""

    def __init__(
        self, seed: int, *, restores_each_step: bool = False, checked: bool = True, coarse: bool = False
    ) -> None:
        self.seed = seed
        self.coarse = coarse
        """One event an utterance: no interim results, a reply in one piece, a clip in one block with one mark."""
        self.rng = Random(seed)
        self.restores_each_step = restores_each_step
        self.now_ms = 0
        self.faults = Faults(self.rng)
        self.policy = draw_policy(self)
        self.lead_ms = self.rng.choice((0, 0, 80, 200))
        self.fixed_keys: set[Key] = set()
        self.store = Store()
        self.far_end = FarEnd(self)
        self.recogniser = Recogniser(self)
        self.caller = Caller(self)
        self.task: Task | None = None
        self.stale: Task | None = None
        self.last_task: Task | None = None
        self.finished = False
        self.disposition: Disposition | None = None
        self.trace: list[Step] = []
        self.notes: list[tuple[int, Observation]] = []
        self.sometimes: set[str] = set()
        self.checkers = Checkers(self) if checked else None
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._sequence = 0
        self._numbers = 0

    def run(self) -> Outcome:
        """Play the call; never raises for a violated invariant, reports it."""
        violation = None
        try:
            self._play()
        except Violation as found:
            violation = found
        return Outcome(
            self.seed,
            self.trace_hash(),
            self.disposition,
            self.now_ms,
            frozenset(self.sometimes),
            violation,
            self.checkers.tallies() if self.checkers else {},
        )

    def trace_hash(self) -> str:
        """Sixteen hex digits over everything that happened."""
        return hashlib.blake2b(msgspec.json.encode(self.trace), digest_size=8).hexdigest()

    # -- What the parts of the world use -----------------------------------------------------------

    def at(self, at_ms: int, what: Callable[..., None], *arguments: Any) -> None:
        """Do something later."""
        self._sequence += 1
        heapq.heappush(self._heap, (max(at_ms, self.now_ms), self._sequence, what, arguments))

    def feed(self, event: ev.AnyEvent) -> None:
        """Tell the present owner of the call; without one, nobody hears it."""
        if self.task:
            self.task.feed(event)

    def note(self, observation: Observation) -> None:
        """Something visible happened."""
        self.notes.append((self.now_ms, observation))
        if self.checkers:
            self.checkers.tell(observation)
        if isinstance(observation, ToolStarted) and self.faults.strikes("socket lost while a tool runs"):
            self.lose_socket_soon()

    def saw(self, what: str) -> None:
        """A hard case was reached."""
        self.sometimes.add(what)

    def next_number(self) -> int:
        """A number never given before in this call."""
        self._numbers += 1
        return self._numbers

    def timer_lag_ms(self) -> int:
        """How late a timer fires."""
        return self.rng.randint(1, 60) if self.faults.strikes("timer late") else 0

    def stepped(self, task: Task, event: object, actions: list[act.AnyAction]) -> None:
        """The core took one event; `actions` are about to be carried out."""
        self.trace.append((self.now_ms, task.fence, event, actions))
        if self.checkers:
            self.checkers.step(task, event, actions)

    def lose_socket_soon(self) -> None:
        """The media socket breaks within the next moments."""
        self.at(self.now_ms + self.rng.randint(0, 800), self._lose_socket)

    def leave(self, task: Task) -> None:
        """A task is done with the call: its socket closes, and the carrier asks what comes next."""
        if task is self.task:
            self._leave(task)
            if task.conversation.ended:
                self._finish(self._ended_as(task))
            else:
                self._redirect()
        task.die()

    def caller_left(self) -> None:
        """The caller hung up."""
        self.far_end.lose()
        if self.task:
            self.task.feed(ev.UserDisconnected())
        if not self.finished:  # nobody was there to hear of it
            self._finish(Disposition.CALLER_HUNG_UP)

    # -- Inside -----------------------------------------------------------------------------------

    def _play(self) -> None:
        self.at(0, self._connect, "")
        self._plan_losses()
        self.caller.arrive()
        if self.checkers:
            self.checkers.begin()
        limit_ms = self.policy.duration_max_ms + GRACE_MS
        heap = self._heap
        for _ in range(STEPS_MAX):
            if self.finished:
                break
            task = self._next_task()
            due_ms = task.due_ms if task else NEVER
            event_ms = heap[0][0] if heap else NEVER
            self.now_ms = min(due_ms, event_ms)
            if self.now_ms > limit_ms:
                raise Violation("L3", "the call is open beyond its longest duration")
            if task and due_ms < event_ms:
                task.wake()
            else:
                _, _, what, arguments = heapq.heappop(heap)
                what(*arguments)
        else:
            raise Violation("L3", "the call takes more steps than any call needs")
        if self.checkers:
            self.checkers.end()

    def _next_task(self) -> Task | None:
        task, stale = self.task, self.stale
        if stale is None:
            return task
        return stale if task is None or stale.due_ms < task.due_ms else task

    def _connect(self, transfer_failed: str) -> None:
        if self.finished or self.caller.gone:
            return
        fence, snapshot = self.store.claim()
        resumed = bool(snapshot)
        conversation = Conversation.restore(self.policy, snapshot) if resumed else Conversation(self.policy)
        self.task = self.last_task = Task(self, fence, conversation)
        self.far_end.stream = fence
        self.recogniser.reconnect(fence)
        self.note(Claimed(fence, resumed))
        self.caller.heard_anew()
        if resumed:
            self.task.feed(ev.ConversationResumed(transfer_failed))
        else:
            self.task.feed(ev.ConversationStarted())

    def _ended_as(self, task: Task) -> Disposition:
        disposition = task.conversation.state.disposition
        if disposition is None:
            raise Violation("L1", "the conversation ended without a disposition")
        return disposition

    def _redirect(self) -> None:
        """The carrier's webhook after a closed stream: it does what the last checkpoint says."""
        if self.finished or self.caller.gone or self.task:
            return
        if self.store.next_step is NextStep.HANG_UP:
            self._finish(self.store.disposition or Disposition.FAILED)
        elif self.store.next_step is NextStep.RESUME:
            self._connect("")
        elif self.faults.strikes("transfer fails"):
            self.saw("transfer failed")
            self.at(self.now_ms + self.rng.randint(1500, 9000), self._connect, "busy")
        else:
            self.at(self.now_ms + self.rng.randint(1500, 9000), self._finish, Disposition.TRANSFERRED)

    def _plan_losses(self) -> None:
        while self.faults.strikes("socket lost"):
            self.at(self.rng.randint(0, self.rng.choice((4000, 30_000, 90_000))), self._lose_socket)

    def _lose_socket(self) -> None:
        task = self.task
        if task is None or self.caller.gone:
            return
        self._tell_loss(task)
        half_open = self.faults.strikes("old socket half open")
        self.note(SocketLost(half_open))
        task.lost = True
        self._leave(task, dies=not half_open)
        if half_open:
            self.stale = task
            self.at(self.now_ms + HALF_OPEN_MS, self._bury, task)
        self.at(self.now_ms + self.rng.randint(150, self.rng.choice(RESUME_WITHIN_MS)), self._redirect)

    def _tell_loss(self, task: Task) -> None:
        self.saw("socket lost")
        if task.tools.running:
            self.saw("crash while a tool runs")
        if not task.conversation.state.dialogue.disclosed:
            self.saw("crash before the disclosure was heard")
        if task.conversation.state.phase in ("transferring", "closing"):
            self.saw("crash while saying goodbye")

    def _leave(self, task: Task, *, dies: bool = True) -> None:
        if dies:
            task.die()
        if self.task is task:
            self.task = None
        self.far_end.lose()
        self.recogniser.reconnect(0)

    def _bury(self, task: Task) -> None:
        task.die()
        if self.stale is task:
            self.stale = None

    def _finish(self, disposition: Disposition) -> None:
        if self.finished:
            raise Violation("L1", f"a second disposition, {disposition}, after {self.disposition}")
        self.finished = True
        self.disposition = disposition
        if self.task:
            self._leave(self.task)
        self.note(CallFinished(disposition))


def simulate(seed: int, *, restores_each_step: bool = False, coarse: bool = False) -> Outcome:
    """Play the call of one seed."""
    return World(seed, restores_each_step=restores_each_step, coarse=coarse).run()
