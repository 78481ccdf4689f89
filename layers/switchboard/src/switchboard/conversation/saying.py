"""What is being said, and what the caller has heard of it: the ground that the dialogue stands on."""

from switchboard.conversation import actions as act
from switchboard.conversation import memory
from switchboard.conversation.policy import Policy
from switchboard.conversation.state import ConversationState, Entry, Generation, Utterance, UtteranceKind


class Saying:
    """Utterances on their way to the caller. All it knows is in `state`; what it wants done collects in `actions`."""

    def __init__(self, policy: Policy, state: ConversationState) -> None:
        self.policy = policy
        self.whole = state
        self.state = state.dialogue
        self.actions: list[act.AnyAction] = []

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

    @property
    def busy(self) -> bool:
        """Whether we are writing or saying something, or owe it."""
        state = self.state
        return (
            (state.generation is not None and not state.generation.speculative)
            or any(not u.cut for u in state.utterances)
            or any(not pending.abandoned for pending in state.tools.values())
        )

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

    def summary(self) -> str:
        """The dialogue so far, for whoever takes over: one line a turn, the newest last."""
        lines = [
            f"{'Caller' if message.role == 'user' else 'Agent'}: {message.text}"
            for message in memory.history(self.state)
            if message.text
        ]
        return "\n".join(lines[-20:])

    def _say(
        self, text: str, kind: UtteranceKind, *, fixed: bool = False, entry: Entry | None = None
    ) -> None:
        assert self.whole.phase != "ended", "nothing is said after the end"
        utterance = Utterance(self._next_id(), text, kind, entry.id if entry else None)
        self.state.utterances.append(utterance)
        self.actions.append(act.Say(utterance.id, text, fixed, urgent=kind == "filler"))

    def _entry(self, role: str, text: str = "") -> Entry:
        entry = Entry(self._next_id(), "user" if role == "user" else "assistant", text)
        self.state.entries.append(entry)
        return entry

    def _reply_entry(self, generation: Generation) -> Entry:
        entry = memory.find(self.state, generation.entry_id)
        if entry is None:
            entry = self._entry("assistant")
            generation.entry_id = entry.id
        return entry

    def _disclose_first(self) -> None:
        """The first substantive words of a call come after the disclosure, even if the opening was cut (C7)."""
        state = self.state
        if not state.disclosed and not any(
            u.kind in ("opening", "disclosure") and not u.cut for u in state.utterances
        ):
            self._say(self.policy.agent.disclosure, "disclosure", fixed=True, entry=self._entry("assistant"))

    def _note_disclosure(self, utterance: Utterance) -> None:
        needed_chars = len(utterance.text)
        if utterance.kind == "opening":
            # A resumed call owes only the rest of an opening, which may be shorter than the disclosure.
            needed_chars = min(needed_chars, len(self.policy.agent.disclosure))
        if utterance.kind in ("opening", "disclosure") and utterance.heard_chars >= needed_chars:
            self.state.disclosed = True

    def _utterance(self, say_id: int) -> Utterance | None:
        return next((u for u in self.state.utterances if u.id == say_id), None)

    def _sounding(self) -> bool:
        return any(u.started and not u.cut for u in self.state.utterances)

    def _settle(self) -> None:
        for utterance in [u for u in self.state.utterances if u.cut]:
            memory.commit(self.state, utterance)

    def _running(self, generation_id: int) -> Generation | None:
        generation = self.state.generation
        return (
            generation if generation and generation.id == generation_id and not generation.finished else None
        )

    def _cancel_generation(self) -> None:
        generation, self.state.generation = self.state.generation, None
        if generation and not generation.finished:
            self.actions.append(act.CancelGeneration(generation.id))

    def _next_id(self) -> int:
        self.whole.last_id += 1
        return self.whole.last_id
