"""One reference call, ended for its task at every point at which it could be: between any two events, after any single order.

The call has everything that a hand-over could break: a greeting, a tool with effects, an interruption, a key, a second question
and a goodbye. At each of its points a task is asked to let the call go, dies without warning, or loses the call without
noticing and lingers. Whatever happens, the caller gets to the end of the same conversation, and every checker holds.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from msgspec import Struct

from switchboard.conversation import events as ev
from switchboard.conversation.policy import DEFAULT_KEYS, Policy
from switchboard.domain.agents import END_CALL_TOOL
from switchboard.domain.calls import Disposition
from switchboard.domain.messages import Message, ToolCall
from tests.simulation.caller import Caller
from tests.simulation.far_end import FarEnd
from tests.simulation.observations import CallerSpoke, Released, SocketLost, ToolStarted, Violation
from tests.simulation.policies import AGENT
from tests.simulation.task import Task
from tests.simulation.world import HALF_OPEN_MS, World

KEY = "1"
LINES = (
    "can you book a technician for tomorrow morning",
    "no wait that is not what I asked",
    DEFAULT_KEYS[KEY],
    "I did not get the invoice for january",
    "that was all goodbye",
)
"""What the caller has on its mind; the third is a key."""
REPLIES = {
    LINES[
        0
    ]: "It is booked for tomorrow at nine. The technician will call you before he comes, and brings all that he needs.",
    LINES[1]: "I am sorry. What would you like to know instead?",
    LINES[2]: "Billing it is. Which invoice do you mean?",
    LINES[3]: "I see. I have sent it to you again. Is there anything else?",
}
FAREWELL = "Thank you for calling. Goodbye."
ASIDE = "Could you say that in other words?"
"""What the model makes of half a sentence."""
REDIRECT_MS = {"kill": 600, "zombie": 200}
"""From the loss to the next task; a short one leaves the former task more to do behind its back."""
REACTION_MS = 700
PATIENCE_MS = 3000
INTERRUPTS_AFTER_MS = 4500


class Ending(StrEnum):
    """What happens to the task that has the call."""

    RELEASE = "release"
    KILL = "kill"
    ZOMBIE = "zombie"


class At(Struct, frozen=True):
    """An ending and the point at which it comes."""

    ending: Ending
    point: int


class ReferenceCaller(Caller):
    """Says its lines one by one; repeats what the agent does not answer, as its own ear tells."""

    def arrive(self) -> None:
        self._line = 0
        self._said = False
        self._mumbles = 0.0

    def agent_started(self) -> None:
        self._intention += 1
        if self._line == 0 and self._said:
            self._world.at(self._world.now_ms + INTERRUPTS_AFTER_MS, self._interrupt)

    def agent_silent(self) -> None:
        if self.talking_until_ms <= self._world.now_ms:
            self._intend(REACTION_MS, self._go_on)

    def _interrupt(self) -> None:
        heard = self._line == 0 and self._answered(LINES[0])
        if heard and self._world.far_end.audible and not self.speaking():
            self._line = 1
            self._utter_line()

    def _go_on(self) -> None:
        if self._said and self._answered(LINES[self._line]):
            self._line += 1
            self._said = False
        if self._line == len(LINES):
            return
        if self._said:
            self._intend(PATIENCE_MS - REACTION_MS, self._utter_line)
        else:
            self._utter_line()

    def _wonder(self) -> None:
        self._go_on()

    def _answered(self, line: str) -> bool:
        """Whether a word of the answer to this line has sounded."""
        world = self._world
        assert world.checkers is not None
        reply = REPLIES.get(line, FAREWELL)
        return any(
            said.order.text in reply and world.far_end.heard_ms(key, world.now_ms) > 0
            for key, said in world.checkers.scene.says.items()
            if said.kind == "answer"
        )

    def _utter_line(self) -> None:
        if self.gone or self.speaking():
            return
        self._said = True
        line = LINES[self._line]
        if line == DEFAULT_KEYS[KEY]:
            self._world.feed(ev.DigitPressed(KEY))
            self._intend(PATIENCE_MS, self._go_on)
            return
        end_ms = self._utter(line, self._world.now_ms)
        self.talking_until_ms = end_ms
        self._world.note(CallerSpoke("answers", line, end_ms))
        self._intend(end_ms - self._world.now_ms + PATIENCE_MS, self._wonder)


class ReferenceWorld(World):
    """The reference call, with at most one ending in it. Draws nothing that matters."""

    def __init__(self, at: At | None = None, *, restores_each_step: bool = False) -> None:
        super().__init__(0, restores_each_step=restores_each_step)
        self.faults.rates.clear()
        self.policy = Policy(agent=AGENT)
        self.lead_ms = 0
        self.far_end = FarEnd(self)
        self.far_end.latency_ms = 40
        self.caller = ReferenceCaller(self)
        self.points = 0
        self._at = at

    def point(self) -> bool:
        task = self.task
        if task is None or not task.alive or self.finished:
            return False
        self.points += 1
        if self._at is None or self._at.point != self.points - 1:
            return False
        self._end(task, self._at.ending)
        return True

    def scripted_reply(self, messages: tuple[Message, ...]) -> tuple[str, list[ToolCall]] | None:
        asked = next(
            message.text for message in reversed(messages) if message.role == "user" and message.text
        )
        if asked.startswith("("):  # told to go on with what it was saying
            asked = [m.text for m in messages if m.role == "user" and m.text in LINES][-1]
        if asked == LINES[0] and not any(message.tool_results for message in messages):
            return "Let me see.", [ToolCall(f"call_{self.next_number()}", "book", {"reason": "asked"})]
        if asked == LINES[-1]:
            return FAREWELL, [ToolCall(f"call_{self.next_number()}", END_CALL_TOOL.name, {})]
        return REPLIES.get(asked, ASIDE), []

    def judge(self) -> None:
        """What the caller would say of the call as a whole. Raises `Violation`."""
        if self.disposition is not Disposition.COMPLETED:
            raise Violation("L5", f"the call ended as {self.disposition}")
        booked = [note.call for _, note in self.notes if isinstance(note, ToolStarted)]
        if len(booked) > 1:
            raise Violation("W4", f"the technician was booked {len(booked)} times")
        assert self.last_task is not None
        entries = self.last_task.conversation.state.dialogue.entries
        told = [entry.text for entry in entries if entry.role == "user" and entry.text]
        strange = [text for text in told if not any(text in line for line in LINES)]
        whole = list(dict.fromkeys(text for text in told if text in LINES))
        if strange or whole != list(LINES):
            raise Violation("L7", f"the memory of what the caller said is {told}")

    def _end(self, task: Task, ending: Ending) -> None:
        match ending:
            case Ending.RELEASE:
                self.note(Released(task.fence))
                self.at(self.now_ms, task.release)
            case Ending.KILL | Ending.ZOMBIE:
                half_open = ending is Ending.ZOMBIE
                self.note(SocketLost(half_open))
                task.lost = True
                self._leave(task, dies=not half_open)
                if half_open:
                    self.stale = task
                    self.at(self.now_ms + HALF_OPEN_MS, self._bury, task)
                self.at(self.now_ms + REDIRECT_MS[ending], self._redirect)


class Found(Struct, frozen=True):
    """An ending that broke a law."""

    at: At
    violation: Violation

    @property
    def replay(self) -> str:
        """The one line that shows it again."""
        return f"uv run simulate --every-await {self.at.ending}:{self.at.point}"


def points() -> int:
    """How many points the undisturbed call has. Raises `Violation` if that one breaks a law already."""
    world = ReferenceWorld()
    outcome = world.run()
    if outcome.violation:
        raise outcome.violation
    world.judge()
    return world.points


def sample(step: int = 1, *, offset: int = 0) -> Iterator[At]:
    """Every `step`-th point with every ending; consecutive endings take different points."""
    for number, ending in enumerate(Ending):
        for point in range((offset + number) % step, points(), step):
            yield At(ending, point)


def play(at: At) -> ReferenceWorld:
    """The reference call with this ending. Raises `Violation`."""
    world = ReferenceWorld(at)
    outcome = world.run()
    if outcome.violation:
        raise outcome.violation
    world.judge()
    return world


def search(endings: Iterable[At], *, stop_at: int = 1000) -> list[Found]:
    """All endings that break a law, up to `stop_at`."""
    found: list[Found] = []
    for at in endings:
        try:
            play(at)
        except Violation as violation:
            found.append(Found(at, violation))
            if len(found) >= stop_at:
                break
    return found
