"""Faulty providers: a language model, a voice and tools that answer late, wrongly, twice or never."""

from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from switchboard.conversation import actions as act
from switchboard.conversation import events as ev
from switchboard.domain.agents import END_CALL_TOOL, TRANSFER_TOOL
from switchboard.domain.messages import Message, ToolCall
from tests.simulation import speech
from tests.simulation.observations import ToolStarted

if TYPE_CHECKING:
    from tests.simulation.task import Task

REPLIES: Final = (
    "Sure, I can help you with that.",
    "Your balance is $45.10 and the next payment is due on 2026-03-04.",
    "The router should show a steady green light, and if it does not, please restart it and wait two minutes.",
    "Could you tell me your six digit account number?",
    "That plan costs 20 dollars a month. It includes 10 GB of data, unlimited calls, and roaming in Europe.",
    "I have noted that. Is there anything else?",
    "You can reach the office between 9:00 and 17:30, Monday to Friday, or write to help@example.com at any time.",
    "Yes.",
    "I see two invoices here. The first one is from January, the second one from February. Which one do you mean?",
    "Let me explain. The fee is charged once, when the line is activated; after that you only pay for what you use",
)
MARKUP: Final = (
    "## Options\n\n* **Basic** is [here](https://example.com/basic?x=1)\n* `Pro` is better\n\n1. Choose one."
)
LONG: Final = " ".join(REPLIES[1:6]) + " "
FIRST_TOKEN_MS = (150, 700)
CHUNK_GAP_MS = (30, 160)
AUDIO_MS = (60, 300)
AUDIO_DEADLINE_MS = 1500
"""The voice adapters' own deadline: a provider that stays silent this long has failed."""
BUFFERED_BYTES_MAX = 30 * 8000
"""Synthesis pauses while this much speech waits, as in the gateway."""
CHARS_A_CHUNK = 60


class Model:
    """The language model as one task sees it."""

    def __init__(self, task: "Task") -> None:
        self._task = task
        self._world = task.world
        self._open: set[int] = set()

    def generate(self, order: act.Generate) -> None:
        """Begin to stream a reply."""
        self._open.add(order.generation_id)
        rng, faults = self._world.rng, self._world.faults
        delay_ms = rng.randint(*FIRST_TOKEN_MS)
        if faults.strikes("llm slow"):
            delay_ms = int(min(16_000, delay_ms * rng.paretovariate(0.7)))
        at_ms = self._world.now_ms + delay_ms
        if faults.strikes("llm fails before"):
            self._later(at_ms, ev.GenerationFailed(order.generation_id))
            return
        if faults.strikes("socket lost while the model writes"):
            self._world.lose_socket_soon()
        text, calls = self._reply(order.messages)
        pieces = (text,) if self._world.coarse and text else _pieces(text)
        stops_after = len(pieces)
        fails = faults.strikes("llm fails midway")
        stalls = not fails and faults.strikes("llm stalls")
        if fails or stalls:
            stops_after = rng.randint(0, len(pieces))
        for piece in pieces[:stops_after]:
            self._later(at_ms, ev.GenerationProgressed(order.generation_id, piece))
            at_ms += rng.randint(*CHUNK_GAP_MS)
        if fails:
            self._later(at_ms, ev.GenerationFailed(order.generation_id))
        elif not stalls:
            for call in calls:
                self._later(at_ms, ev.ToolCallRequested(order.generation_id, call))
            self._later(at_ms, ev.GenerationFinished(order.generation_id))

    def cancel(self, generation_id: int) -> None:
        """Stop; a few tokens may still be under way."""
        self._open.discard(generation_id)

    def _later(self, at_ms: int, event: ev.AnyEvent) -> None:
        self._world.at(at_ms, self._arrive, event)

    def _arrive(self, event: ev.GenerationProgressed) -> None:
        generation_id = event.generation_id
        if generation_id not in self._open:
            if not self._world.faults.strikes("llm talks after cancel"):
                return
            self._world.saw("tokens after cancel")
        if isinstance(event, ev.GenerationFinished | ev.GenerationFailed):
            self._open.discard(generation_id)
        self._task.feed(event)

    def _reply(self, messages: tuple[Message, ...]) -> tuple[str, list[ToolCall]]:
        rng, faults = self._world.rng, self._world.faults
        last = messages[-1]
        if faults.strikes("llm says nothing"):
            return rng.choice(("", " ", "\n\n", "...")), []
        if "person" in last.text:
            return rng.choice(("", "Of course.")), [self._call(TRANSFER_TOOL.name)]
        if "goodbye" in last.text:
            return rng.choice(("", "Thank you for calling. Goodbye.")), [self._call(END_CALL_TOOL.name)]
        if faults.strikes("llm never stops"):
            return LONG * 12, []
        if faults.strikes("llm invents tools"):
            self._world.saw("unknown tool")
            return "", [self._call("read_minds")]
        wants_tool = rng.random() < (0.1 if last.tool_results else 0.3)
        text = " ".join(rng.choices(REPLIES, k=rng.choice((1, 1, 1, 2))))
        if faults.strikes("llm writes markup"):
            text = MARKUP
        if not wants_tool:
            return text, []
        names = rng.choices(("look_up", "book"), k=rng.choice((1, 1, 1, 2)))
        return rng.choice(("", "Let me look.")), [self._call(name) for name in names]

    def _call(self, name: str) -> ToolCall:
        if self._world.faults.strikes("llm repeats ids"):
            self._world.saw("repeated tool id")
            return ToolCall("call_again", name, {})
        return ToolCall(f"call_{self._world.next_number()}", name, {"reason": "asked"})


class Tools:
    """The toolbox as one task sees it."""

    def __init__(self, task: "Task") -> None:
        self._task = task
        self._world = task.world
        self._open: dict[str, str] = {}

    def call(self, call: ToolCall) -> None:
        """Run a tool."""
        world = self._world
        self._open[call.id] = call.name
        world.note(ToolStarted(self._task.fence, call))
        delay_ms = world.rng.randint(80, 900)
        if world.faults.strikes("tool slow"):
            delay_ms = world.rng.randint(2000, 25_000)
        if world.faults.strikes("tool silent"):
            world.at(world.now_ms + world.policy.tool_max_ms - 1, self._tell_silence, call.id)
            return
        event: ev.AnyEvent = ev.ToolCallFinished(call.id, '{"status": "ok"}')
        if call.name not in ("look_up", "book") or world.faults.strikes("tool errs"):
            event = ev.ToolCallFinished(call.id, "No such thing.", is_error=True)
        if world.faults.active("tool errs") and world.rng.random() < 0.3:
            event = ev.ToolCallFailed(call.id)
        world.at(world.now_ms + delay_ms, self._arrive, event)

    def cancel(self, call_id: str) -> None:
        """Stop waiting; the answer may still come."""
        self._open.pop(call_id, None)

    def _tell_silence(self, call_id: str) -> None:
        if call_id in self._open and self._task.alive:
            self._world.saw("tool timed out")

    @property
    def running(self) -> bool:
        """Whether any tool has not answered."""
        return bool(self._open)

    def _arrive(self, event: ev.ToolCallFinished | ev.ToolCallFailed) -> None:
        if self._open.pop(event.call_id, None) is None:
            if not self._world.faults.strikes("tool answers late"):
                return
            self._world.saw("tool answer after cancel")
        self._task.feed(event)


class Voice:
    """The synthesizer as one task sees it: one clause at a time, fixed phrases from the cache."""

    def __init__(self, task: "Task") -> None:
        self._task = task
        self._world = task.world
        self._waiting: deque[act.Say] = deque()
        self._current: int | None = None

    def say(self, order: act.Say) -> None:
        """Take one utterance."""
        playout = self._task.playout
        playout.begin(order.say_id, order.text, urgent=order.urgent)
        if order.fixed:
            self._world.fixed_keys.add((self._task.fence, order.say_id))
            rendition = speech.render(order.text)
            playout.feed(order.say_id, rendition.audio, rendition.words)
            playout.complete(order.say_id)
        else:
            self._waiting.append(order)

    def stop(self) -> None:
        """Nothing of what was planned is spoken."""
        self._waiting.clear()
        self._current = None

    def work(self) -> None:
        """Begin the next clause when the synthesizer is free."""
        if self._current is not None or not self._waiting:
            return
        if self._task.playout.buffered_bytes >= BUFFERED_BYTES_MAX:
            return
        order = self._waiting.popleft()
        self._current = order.say_id
        world, faults = self._world, self._world.faults
        delay_ms = world.rng.randint(*AUDIO_MS)
        if faults.strikes("tts slow"):
            delay_ms = min(AUDIO_DEADLINE_MS, int(delay_ms * world.rng.paretovariate(1.0)))
        if faults.strikes("tts fails") or faults.strikes("tts stalls"):
            world.at(world.now_ms + AUDIO_DEADLINE_MS, self._fail, order.say_id)
            return
        world.at(world.now_ms + delay_ms, self._arrive, order)

    def _arrive(self, order: act.Say) -> None:
        if self._current != order.say_id or not self._task.alive:
            return
        world, playout = self._world, self._task.playout
        rendition = speech.render(order.text, world.lead_ms)
        audio = rendition.audio
        words = () if world.faults.active("tts without timings") else rendition.words
        if world.faults.strikes("tts fails midway"):
            half = len(audio) // 16 * 8
            heard = tuple((ms, char) for ms, char in words if ms * 8 <= half)
            playout.feed(order.say_id, audio[:half], heard)
            world.at(world.now_ms + AUDIO_DEADLINE_MS, self._fail, order.say_id)
        else:
            playout.feed(order.say_id, audio, words)
            playout.complete(order.say_id)
            self._current = None
        self._task.pump()

    def _fail(self, say_id: int) -> None:
        if self._current == say_id and self._task.alive:
            self._current = None
            self._task.playout.fail(say_id)
            self._task.report(self._task.playout.facts(self._world.now_ms))
            self._task.pump()


@lru_cache(maxsize=512)
def _pieces(text: str) -> tuple[str, ...]:
    return tuple(text[at : at + CHARS_A_CHUNK] for at in range(0, len(text), CHARS_A_CHUNK))
