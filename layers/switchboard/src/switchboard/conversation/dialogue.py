"""What is said: turn -> generate -> tools -> say -> hand over or end. The same for every channel.

Laws: one generation at a time; the memory holds only what was heard; nothing is said after the end; whatever
fails ends at a person or a truthful goodbye, never in silence.
"""

from msgspec.structs import replace

from switchboard.conversation import actions as act
from switchboard.conversation import memory
from switchboard.conversation.clauses import take_clauses
from switchboard.conversation.leaving import Leaving
from switchboard.conversation.state import (
    DueTurn,
    Entry,
    Generation,
    PendingTool,
    Utterance,
)
from switchboard.domain.agents import CALL_CONTROL_TOOLS, END_CALL_TOOL, TRANSFER_TOOL
from switchboard.domain.calls import Disposition
from switchboard.domain.disclosure import asks_if_human
from switchboard.domain.messages import Message, ToolCall, ToolResult
from switchboard.domain.spoken import for_the_ear

IDENTITY_ONLY_WORDS_MAX = 9
"""A question about who is speaking, this short, holds no other request."""


class Dialogue(Leaving):
    """The machine: turns in; generations, tools and utterances out."""

    # -- The caller --------------------------------------------------------------------------------

    def open(self, entry: Entry | None = None) -> None:
        """Say who is speaking, and greet; again in the same `entry` if nothing of it was heard."""
        self._say(self.policy.opening, "opening", fixed=True, entry=entry or self._entry("assistant"))
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

    def caller_is_there(self) -> None:
        """A key is a sign of life even when it says nothing: the silence begins anew."""
        self.state.prompts = 0
        self.state.idle_ms = None

    # -- The model ---------------------------------------------------------------------------------

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

    # -- Tools -------------------------------------------------------------------------------------

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

    # -- What breaks -------------------------------------------------------------------------------

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
        elif self.whole.phase == "live" and not self.busy:
            self._say(self.policy.phrases.apology, "prompt", fixed=True)  # the reply ended with what was lost

    def resume(self, transfer_failed: str, now_ms: int) -> None:
        """Go on in another task, or after a transfer that nobody took: no greeting, no lost turn, no lost word.

        What was handed over between two moves goes on as if nothing had been; after a break the caller is told.
        """
        state = self.state
        released_ms, self.whole.released_ms = self.whole.released_ms, None
        unnoticed = released_ms is not None and now_ms - released_ms <= self.policy.unnoticed_break_ms
        idle_ms = state.idle_ms
        unanswered, unheard = self._lost_work(unnoticed=unnoticed)
        if self.whole.phase == "transferred" or (self.whole.phase == "transferring" and transfer_failed):
            self.whole.phase = "live"
            self._say(
                self.policy.phrases.transfer_failed, "answer", fixed=True, entry=self._entry("assistant")
            )
            # Or the next lost socket would be taken for that transfer.
            self.actions.append(act.SaveCheckpoint())
            return
        if self.whole.phase != "live":
            state.turn_due = None
            self.whole.closing_ms = now_ms
            return
        if unheard and unheard[0].text == self.policy.opening and unheard[0].heard_chars == 0:
            state.owed_ms = now_ms
            self.open(memory.find(state, unheard[0].entry_id))
            return
        if unnoticed and not unheard and not unanswered:
            state.owed_ms = None
            state.idle_ms = idle_ms
            return
        state.owed_ms = now_ms
        if not unnoticed:
            phrases = self.policy.phrases
            owing = unheard or unanswered
            self._say(phrases.resumed if owing else phrases.resumed_listening, "prompt", fixed=True)
        for utterance in unheard:
            rest = utterance.text[utterance.heard_chars :].strip()
            if rest:
                entry = memory.find(state, utterance.entry_id)
                self._say(rest, utterance.kind, fixed=rest in self.policy.fixed_texts(), entry=entry)
        if unanswered:
            self._generate("", now_ms)

    # -- Time --------------------------------------------------------------------------------------

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

    # -- Inside ------------------------------------------------------------------------------------

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

    def _lost_work(self, *, unnoticed: bool) -> tuple[bool, list[Utterance]]:
        """Settle what the former task had in hand: is a turn unanswered, and which utterances went unheard?"""
        state = self.state
        kinds = (
            ("opening", "disclosure", "answer", "prompt")
            if unnoticed
            else ("opening", "disclosure", "answer")
        )
        unheard = [u for u in state.utterances if not u.cut and u.kind in kinds]
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
