"""What is said: turn -> generate -> tools -> say -> hand over or end. The same for every channel.

Laws: one generation at a time; the memory holds only what was heard; nothing is said after the end; whatever
fails ends at a person or a truthful goodbye, never in silence.
"""

from msgspec.structs import replace

from switchboard.conversation import actions as act
from switchboard.conversation import memory
from switchboard.conversation.clauses import take_clauses
from switchboard.conversation.policy import Policy
from switchboard.conversation.state import (
    ConversationState,
    DueTurn,
    Entry,
    Generation,
    PendingTool,
    Utterance,
    UtteranceKind,
)
from switchboard.domain.agents import CALL_CONTROL_TOOLS, END_CALL_TOOL, TRANSFER_TOOL
from switchboard.domain.calls import Disposition
from switchboard.domain.disclosure import asks_if_human
from switchboard.domain.messages import Message, ToolCall, ToolResult
from switchboard.domain.spoken import for_the_ear

IDENTITY_ONLY_WORDS_MAX = 9
"""A question about who is speaking, this short, holds no other request."""


class Dialogue:
    """The machine. All it knows is in `state`; what it wants done collects in `actions`."""

    def __init__(self, policy: Policy, state: ConversationState) -> None:
        self.policy = policy
        self.whole = state
        self.state = state.dialogue
        self.actions: list[act.AnyAction] = []

    # -- The caller -------------------------------------------------------------------------------

    def open(self) -> None:
        """Say who is speaking, and greet."""
        self._say(self.policy.opening, "opening", fixed=True, entry=self._entry("assistant"))
        self.actions.append(act.SaveCheckpoint())

    def user_turn(self, turn: DueTurn, now_ms: int) -> None:
        """Answer a complete turn."""
        self._settle()
        state = self.state
        state.prompts = 0
        if turn.confidence < self.policy.confidence_min:
            self.ask_again(now_ms)
            return
        state.unclear = 0
        state.turns += 1
        state.fillers = state.tool_rounds = 0
        state.replied = False
        state.owed_ms = max(turn.ended_ms, now_ms - self.policy.stall_after_ms // 2)
        speculation = state.generation
        if speculation and (not speculation.speculative or speculation.user_text != turn.text):
            self._cancel_generation()
            speculation = None
        memory.trim(state, self.policy.history_max)
        self._entry("user", turn.text)
        self.actions.append(act.SaveCheckpoint())
        if asks_if_human(turn.text):
            self._say(self.policy.phrases.identity, "disclosure", fixed=True, entry=self._entry("assistant"))
            if len(turn.text.split()) <= IDENTITY_ONLY_WORDS_MAX:
                self._cancel_generation()
                return
        if speculation:
            self._promote(speculation, now_ms)
        else:
            self._generate(turn.text, now_ms)

    def take_due_turn(self, now_ms: int) -> None:
        """Answer the turn that waited for the heard point, if one did."""
        turn, self.state.turn_due = self.state.turn_due, None
        if turn:
            self.user_turn(turn, now_ms)

    def ask_again(self, now_ms: int) -> None:
        """Something was said and not understood: never act on a guess, never pass over it (R-CLAR)."""
        self._cancel_generation()
        self.state.unclear += 1
        phrases = self.policy.phrases.unclear
        if self.state.unclear > len(phrases):
            self.state.unclear = 0
            self.hand_over("The caller could not be understood.", now_ms)
        else:
            self._say(phrases[self.state.unclear - 1], "prompt", fixed=True)

    def speculate(self, text: str, now_ms: int) -> None:
        """Begin to answer before the turn is certain; nothing is said and no tool runs yet."""
        generation = self.state.generation
        if generation and generation.speculative and generation.user_text == text:
            return
        self.cancel_speculation()
        if self.state.generation is None:
            self._settle()
            self._generate(text, now_ms, speculative=True)

    def cancel_speculation(self) -> None:
        """The caller goes on speaking."""
        if self.state.generation and self.state.generation.speculative:
            self._cancel_generation()

    def interrupt(self) -> None:
        """The caller has taken the floor: stop everything that can still be stopped."""
        self.actions.append(act.StopPlayback())
        self._cancel_generation()
        for utterance in self.state.utterances:
            utterance.cut = True
        for pending in list(self.state.tools.values()):
            if pending.has_effects:
                pending.abandoned = True
            else:
                self.actions.append(act.CancelTool(pending.call.id))
                self._tool_answered(pending, "Cancelled: the caller interrupted.", is_error=True)
        self.state.owed_ms = None
        if self.whole.phase == "closing":
            self.whole.phase = "live"
            self.whole.closing_as = self.whole.closing_ms = None

    def caller_is_there(self) -> None:
        """A key is a sign of life even when it says nothing: the silence begins anew."""
        self.state.prompts = 0
        self.state.idle_ms = None

    def prompt_no_input(self, now_ms: int) -> None:
        """Nobody has said anything for a while: ask, ask again, say goodbye."""
        prompts = self.policy.phrases.no_input
        self.state.prompts += 1
        if self.state.prompts <= len(prompts):
            self._say(prompts[self.state.prompts - 1], "prompt", fixed=True)
        else:
            self.close(Disposition.NO_INPUT, self.policy.phrases.no_input_goodbye, now_ms)

    def not_hearing(self, now_ms: int) -> None:
        """Recognition is gone: the keypad still works."""
        if self.state.hearing:
            self.state.hearing = False
            self._say(self.policy.phrases.not_hearing, "prompt", fixed=True)
        else:
            self.give_up("The caller could not be heard.", now_ms)

    # -- The model --------------------------------------------------------------------------------

    def generation_progressed(self, generation_id: int, text: str, now_ms: int) -> None:
        """Collect text; speak it clause by clause unless the turn is still open."""
        generation = self._running(generation_id)
        if generation:
            generation.progress_ms = now_ms
            text = text[: self.policy.reply_chars_max - generation.chars]
            generation.chars += len(text)
            generation.buffer += text
            if not generation.speculative:
                self._speak_buffer(generation, final=False)

    def tool_call_requested(self, generation_id: int, call: ToolCall) -> None:
        """Note the call; it runs when the reply is complete and the turn certain."""
        generation = self._running(generation_id)
        if generation is None or len(generation.tool_calls) >= self.policy.tool_calls_max:
            return
        if all(call.id != other.id for other in generation.tool_calls):
            generation.tool_calls.append(call)

    def generation_finished(self, generation_id: int, now_ms: int) -> None:
        """Speak the rest, then run the tools or leave the floor to the caller."""
        generation = self._running(generation_id)
        if generation:
            generation.finished = True
            if not generation.speculative:
                self._complete(generation, now_ms)

    def generation_failed(self, generation_id: int, now_ms: int) -> None:
        """Try once more, then apologise; too often in one call, and a person takes over."""
        generation = self._running(generation_id)
        if generation is None:
            return
        self.state.generation = None
        if generation.speculative:
            return
        self._fail_generation(generation, now_ms)

    # -- Tools ------------------------------------------------------------------------------------

    def tool_finished(self, call_id: str, content: str, now_ms: int, *, is_error: bool) -> None:
        """Note the answer; when it was the last one awaited, let the model go on."""
        pending = self.state.tools.get(call_id)
        if pending is None:
            return
        self._tool_answered(pending, content, is_error=is_error)
        awaited = any(not other.abandoned for other in self.state.tools.values())
        if awaited or pending.abandoned or self.whole.phase != "live" or self.state.generation:
            return
        if not self._sounding():
            self.state.owed_ms = self.state.owed_ms or now_ms
        self._generate("", now_ms)

    # -- Playback ---------------------------------------------------------------------------------

    def playback_started(self, say_id: int) -> None:
        """The caller hears us: nothing is owed for the moment."""
        utterance = self._utterance(say_id)
        if utterance and not utterance.cut:
            utterance.started = True
            self.state.owed_ms = None

    def playback_progressed(self, say_id: int, heard_chars: int) -> None:
        """More of an utterance was heard."""
        utterance = self._utterance(say_id)
        if utterance:
            utterance.heard_chars = max(utterance.heard_chars, min(heard_chars, len(utterance.text)))
            self._note_disclosure(utterance)

    def playback_finished(self, say_id: int, now_ms: int) -> None:
        """An utterance was heard to its end."""
        utterance = self._utterance(say_id)
        if utterance is None:
            return
        utterance.heard_chars = len(utterance.text)
        self._note_disclosure(utterance)
        if not utterance.cut:
            self._utterance_over(utterance, now_ms)

    def synthesis_failed(self, say_id: int, now_ms: int) -> None:
        """Nobody can speak this. Once is bad luck; twice, and the carrier's own voice must take over."""
        utterance = self._utterance(say_id)
        if utterance is None or utterance.cut:
            return
        self.state.synthesis_failures += 1
        self._utterance_over(utterance, now_ms)
        if self.state.synthesis_failures >= 2 and self.whole.phase == "live":
            self.interrupt()
            self._leave("The agent's voice failed.", now_ms, announce=False)

    # -- Handing over and ending ------------------------------------------------------------------

    def hand_over(self, reason: str, now_ms: int) -> None:
        """Announce the transfer; it happens when the announcement has been heard."""
        self._cancel_generation()
        if not self.policy.transfer_available:
            self._say(self.policy.phrases.no_transfer, "answer", fixed=True, entry=self._entry("assistant"))
            return
        self._leave(reason, now_ms, announce=True)

    def give_up(self, reason: str, now_ms: int) -> None:
        """We cannot go on: a person, or a truthful goodbye. It is not kept waiting behind a long reply."""
        self.interrupt()
        self._say(self.policy.phrases.failing, "closing", fixed=True)
        self._leave(reason, now_ms, announce=True)

    def close(self, disposition: Disposition, text: str, now_ms: int) -> None:
        """Say goodbye; the call ends when it has been heard."""
        self._cancel_generation()
        self.whole.phase = "closing"
        self.whole.closing_as = disposition
        self.whole.closing_ms = now_ms + self.policy.closing_max_ms
        if text:
            self._say(text, "closing", fixed=True)
        self._leave_when_said(now_ms)

    def conclude(self) -> None:
        """Carry out the transfer or the end that was announced."""
        if self.whole.phase == "transferring":
            self.whole.phase = "transferred"
            self.actions.append(act.Transfer(self.whole.transfer_reason, self.summary()))
        elif self.whole.phase == "closing":
            self.whole.phase = "ended"
            self.whole.disposition = self.whole.closing_as or Disposition.COMPLETED
            self.actions.append(act.EndConversation(self.whole.disposition))

    def resume(self, transfer_failed: str, now_ms: int) -> None:
        """Go on in another task, or after a transfer that nobody took: no greeting, no lost turn, no lost word."""
        state = self.state
        unanswered, unheard = self._lost_work()
        if self.whole.phase == "transferred" or (self.whole.phase == "transferring" and transfer_failed):
            self.whole.phase = "live"
            self._say(
                self.policy.phrases.transfer_failed, "answer", fixed=True, entry=self._entry("assistant")
            )
            self.actions.append(act.SaveCheckpoint())  # or the next lost socket would be taken for that transfer
            return
        if self.whole.phase != "live":
            state.turn_due = None
            self.whole.closing_ms = now_ms
            return
        state.owed_ms = now_ms
        if unheard and unheard[0].kind == "opening" and unheard[0].heard_chars == 0:
            self.open()
            return
        self._say(self.policy.phrases.resumed, "prompt", fixed=True)
        for utterance in unheard:
            rest = utterance.text[utterance.heard_chars :].strip()
            if rest:
                entry = memory.find(state, utterance.entry_id)
                self._say(rest, utterance.kind, fixed=rest in self.policy.fixed_texts(), entry=entry)
        if unanswered:
            self._generate("", now_ms)

    def summary(self) -> str:
        """The dialogue so far, for whoever takes over: one line a turn, the newest last."""
        lines = [
            f"{'Caller' if message.role == 'user' else 'Agent'}: {message.text}"
            for message in memory.history(self.state)
            if message.text
        ]
        return "\n".join(lines[-20:])

    # -- Time -------------------------------------------------------------------------------------

    def deadline_ms(self, *, user_active: bool) -> int | None:
        """When `handle_timeout` is next due."""
        state, policy = self.state, self.policy
        times = [pending.deadline_ms for pending in state.tools.values()]
        if state.turn_due:
            return self.whole.now_ms
        if self.whole.closing_ms is not None:
            times.append(self.whole.closing_ms)
        if state.generation and not state.generation.finished:
            times.append(state.generation.progress_ms + policy.generation_max_ms)
        if self._stall_ms() is not None and not user_active:
            times.append(self._stall_ms() or 0)
        if state.idle_ms is not None and self.whole.phase == "live":
            times.append(state.idle_ms + policy.no_input_ms)
        return min(times, default=None)

    def handle_timeout(self, now_ms: int, *, user_active: bool) -> None:
        """Act on what is due."""
        state, policy = self.state, self.policy
        if self.whole.closing_ms is not None and now_ms >= self.whole.closing_ms:
            self.whole.closing_ms = None
            self.conclude()
            return
        for pending in [p for p in state.tools.values() if now_ms >= p.deadline_ms]:
            if not pending.has_effects:
                self.actions.append(act.CancelTool(pending.call.id))
            self.tool_finished(
                pending.call.id, "No answer in time; the outcome is unknown.", now_ms, is_error=True
            )
        generation = state.generation
        if (
            generation
            and not generation.finished
            and now_ms >= generation.progress_ms + policy.generation_max_ms
        ):
            self.actions.append(act.CancelGeneration(generation.id))
            self.generation_failed(generation.id, now_ms)
        stall_ms = self._stall_ms()
        if stall_ms is not None and now_ms >= stall_ms and not user_active:
            self._fill(now_ms)
        if (
            state.idle_ms is not None
            and now_ms >= state.idle_ms + policy.no_input_ms
            and self.whole.phase == "live"
        ):
            state.idle_ms = None
            self.prompt_no_input(now_ms)

    @property
    def busy(self) -> bool:
        """Whether we are writing or saying something, or owe it."""
        state = self.state
        generating = state.generation is not None and not state.generation.speculative
        waiting = any(not pending.abandoned for pending in state.tools.values())
        return generating or waiting or any(not u.cut for u in state.utterances)

    @property
    def unsaid_chars(self) -> int:
        """How much of the present reply is still to come."""
        more = 1000 if self.state.generation or self.state.tools else 0
        return more + sum(len(u.text) - u.heard_chars for u in self.state.utterances if not u.cut)

    def last_said(self) -> str:
        """The agent's latest words, planned and interrupted ones included: a key answers a question before its end."""
        planned = [u.text for u in self.state.utterances if u.kind != "filler"]
        if planned:
            return planned[-1]
        return next((e.text for e in reversed(self.state.entries) if e.role == "assistant" and e.text), "")

    # -- Inside -----------------------------------------------------------------------------------

    def _generate(self, user_text: str, now_ms: int, *, speculative: bool = False, attempt: int = 1) -> None:
        state = self.state
        generation = Generation(self._next_id(), user_text, now_ms, speculative=speculative, attempt=attempt)
        state.generation = generation
        messages = memory.messages(state, user_text=user_text if speculative else "", keep_planned=True)
        if messages and messages[-1].role == "assistant":
            messages = (*messages, Message("user", memory.CONTINUE_HINT))
        agent = self.policy.agent
        tools = (*agent.tools, *CALL_CONTROL_TOOLS)
        self.actions.append(act.Generate(generation.id, agent.instructions, messages, tools, speculative))

    def _promote(self, generation: Generation, now_ms: int) -> None:
        generation.speculative = False
        self._speak_buffer(generation, final=generation.finished)
        if generation.finished:
            self._complete(generation, now_ms)

    def _speak_buffer(self, generation: Generation, *, final: bool) -> None:
        first = not any(u.entry_id == generation.entry_id for u in self.state.utterances if u.entry_id)
        clauses, generation.buffer = take_clauses(generation.buffer, first=first, final=final)
        for clause in clauses:
            spoken = for_the_ear(clause)
            if any(char.isalnum() for char in spoken):
                self._disclose_first()
                self._say(spoken, "answer", entry=self._reply_entry(generation))
                self.state.replied = True

    def _disclose_first(self) -> None:
        """The first substantive words of a call come after the disclosure, even if the opening was cut (C7)."""
        state = self.state
        if not state.disclosed and not any(
            u.kind in ("opening", "disclosure") and not u.cut for u in state.utterances
        ):
            self._say(self.policy.agent.disclosure, "disclosure", fixed=True, entry=self._entry("assistant"))

    def _complete(self, generation: Generation, now_ms: int) -> None:
        self._speak_buffer(generation, final=True)
        self.state.generation = None
        if generation.tool_calls:
            self._run_tools(generation, now_ms)
        elif not self.state.replied:
            self._fail_generation(generation, now_ms)  # an empty reply is none
        elif not any(not u.cut for u in self.state.utterances):
            self._reply_over()

    def _run_tools(self, generation: Generation, now_ms: int) -> None:
        entry = self._reply_entry(generation)
        generation.tool_calls = [self._with_fresh_id(call) for call in generation.tool_calls]
        specs = {spec.name: spec for spec in self.policy.agent.tools}
        control = next(
            (c for c in generation.tool_calls if c.name in (TRANSFER_TOOL.name, END_CALL_TOOL.name)), None
        )
        entry.tool_calls = list(generation.tool_calls)
        results = self._entry("user")
        results.tool_results = [ToolResult(c.id, "Not run.", is_error=True) for c in generation.tool_calls]
        if control:
            self._run_control(control, results, now_ms)
            return
        self.state.tool_rounds += 1
        if self.state.tool_rounds > self.policy.tool_rounds_max:
            self._fail_generation(generation, now_ms)
            return
        self.state.owed_ms = self.state.owed_ms or (None if self._sounding() else now_ms)
        # Stored first: a stale owner is fenced off before it runs a tool, a successor knows that one may have run (L6).
        self.actions.append(act.SaveCheckpoint())
        for call in generation.tool_calls:
            spec = specs.get(call.name)
            pending = PendingTool(
                call,
                now_ms + self.policy.tool_max_ms,
                results.id,
                has_effects=spec is not None and spec.has_effects,
            )
            self.state.tools[call.id] = pending
            memory.set_result(self.state, results.id, ToolResult(call.id, "Still running."))
            self.actions.append(act.CallTool(call))

    def _with_fresh_id(self, call: ToolCall) -> ToolCall:
        """Some models number their calls anew in every reply; in the memory an id answers one call only."""
        used = call.id in self.state.tools or memory.has_call(self.state, call.id)
        return replace(call, id=f"{call.id}_{self._next_id()}") if used else call

    def _run_control(self, control: ToolCall, results: Entry, now_ms: int) -> None:
        nobody = control.name == TRANSFER_TOOL.name and not self.policy.transfer_available
        outcome = "Nobody can take calls on this line." if nobody else "Done."
        memory.set_result(self.state, results.id, ToolResult(control.id, outcome, is_error=nobody))
        if control.name == TRANSFER_TOOL.name:
            self.hand_over(
                str(control.arguments.get("reason", "")) or "The caller asked for a person.", now_ms
            )
        else:
            said = any(u.kind == "answer" and not u.cut for u in self.state.utterances)
            self.close(Disposition.COMPLETED, "" if said else self.policy.phrases.farewell, now_ms)

    def _fail_generation(self, generation: Generation, now_ms: int) -> None:
        state = self.state
        state.failures += 1
        state.generation = None
        self._speak_buffer(generation, final=True)
        if state.failures >= self.policy.failures_max:
            self.give_up("The agent could not answer.", now_ms)
        elif generation.attempt < self.policy.attempts_max:
            self._generate(generation.user_text, now_ms, attempt=generation.attempt + 1)
        else:
            self._say(self.policy.phrases.apology, "prompt", fixed=True)

    def _fill(self, now_ms: int) -> None:
        state = self.state
        fillers = self.policy.phrases.fillers
        state.owed_ms = now_ms
        if state.fillers < len(fillers):
            self._say(fillers[state.fillers], "filler", fixed=True)
            state.fillers += 1
        elif state.fillers == len(fillers):
            state.fillers += 1
            self.give_up("The agent took too long to answer.", now_ms)

    def _stall_ms(self) -> int | None:
        state = self.state
        if state.owed_ms is None or self.whole.phase != "live" or self._sounding() or not self.busy:
            return None
        return state.owed_ms + (self.policy.stall_repeat_ms if state.fillers else self.policy.stall_after_ms)

    def _sounding(self) -> bool:
        return any(u.started and not u.cut for u in self.state.utterances)

    def _leave(self, reason: str, now_ms: int, *, announce: bool) -> None:
        whole, phrases = self.whole, self.policy.phrases
        if self.policy.transfer_available:
            whole.phase = "transferring"
            whole.transfer_reason = reason
            whole.closing_ms = now_ms + self.policy.closing_max_ms
            if announce:
                self._say(phrases.transfer, "closing", fixed=True)
            self._leave_when_said(now_ms)
        else:
            self.close(Disposition.FAILED, phrases.failed_goodbye if announce else "", now_ms)

    def _leave_when_said(self, now_ms: int) -> None:
        if not any(not u.cut for u in self.state.utterances):
            self.whole.closing_ms = now_ms

    def _utterance_over(self, utterance: Utterance, now_ms: int) -> None:
        memory.commit(self.state, utterance)
        state = self.state
        if any(not u.cut for u in state.utterances):
            if not self._sounding():
                state.owed_ms = state.owed_ms or now_ms  # one that failed unheard leaves the caller waiting since before
            return
        if self.whole.phase in ("transferring", "closing"):
            self.whole.closing_ms = now_ms
        elif self.busy:
            state.owed_ms = state.owed_ms or now_ms
        else:
            self._reply_over()

    def _reply_over(self) -> None:
        self.state.owed_ms = None
        self.actions.append(act.SaveCheckpoint())

    def _lost_work(self) -> tuple[bool, list[Utterance]]:
        """Settle what the former task had in hand: is a turn unanswered, and which utterances went unheard?"""
        state = self.state
        unheard = [u for u in state.utterances if not u.cut and u.kind in ("opening", "disclosure", "answer")]
        for utterance in list(state.utterances):
            memory.commit(state, utterance)
        for pending in list(state.tools.values()):
            self._tool_answered(pending, "The line broke; the outcome is unknown.", is_error=True)
        generation, state.generation = state.generation, None
        last = state.entries[-1] if state.entries else None
        unanswered = (generation is not None and not generation.speculative) or (
            last is not None and last.role == "user"
        )
        state.idle_ms = None
        return unanswered, unheard

    def _settle(self) -> None:
        for utterance in [u for u in self.state.utterances if u.cut]:
            memory.commit(self.state, utterance)

    def _cancel_generation(self) -> None:
        generation, self.state.generation = self.state.generation, None
        if generation and not generation.finished:
            self.actions.append(act.CancelGeneration(generation.id))

    def _tool_answered(self, pending: PendingTool, content: str, *, is_error: bool) -> None:
        del self.state.tools[pending.call.id]
        memory.set_result(self.state, pending.entry_id, ToolResult(pending.call.id, content, is_error))

    def _note_disclosure(self, utterance: Utterance) -> None:
        needed_chars = len(utterance.text)
        if utterance.kind == "opening":
            # A resumed call owes only the rest of an opening, which may be shorter than the disclosure.
            needed_chars = min(needed_chars, len(self.policy.agent.disclosure))
        if utterance.kind in ("opening", "disclosure") and utterance.heard_chars >= needed_chars:
            self.state.disclosed = True

    def _reply_entry(self, generation: Generation) -> Entry:
        entry = memory.find(self.state, generation.entry_id)
        if entry is None:
            entry = self._entry("assistant")
            generation.entry_id = entry.id
        return entry

    def _entry(self, role: str, text: str = "") -> Entry:
        entry = Entry(self._next_id(), "user" if role == "user" else "assistant", text)
        self.state.entries.append(entry)
        return entry

    def _say(
        self, text: str, kind: UtteranceKind, *, fixed: bool = False, entry: Entry | None = None
    ) -> None:
        assert self.whole.phase != "ended", "nothing is said after the end"
        utterance = Utterance(self._next_id(), text, kind, entry.id if entry else None)
        self.state.utterances.append(utterance)
        self.actions.append(act.Say(utterance.id, text, fixed, urgent=kind == "filler"))

    def _running(self, generation_id: int) -> Generation | None:
        generation = self.state.generation
        return (
            generation if generation and generation.id == generation_id and not generation.finished else None
        )

    def _utterance(self, say_id: int) -> Utterance | None:
        return next((u for u in self.state.utterances if u.id == say_id), None)

    def _next_id(self) -> int:
        self.whole.last_id += 1
        return self.whole.last_id
