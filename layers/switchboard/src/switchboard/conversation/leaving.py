"""Giving up the floor: to an interruption, to a prompt, to a person, or for good. Whatever fails ends truthfully."""

from switchboard.conversation import actions as act
from switchboard.conversation import memory
from switchboard.conversation.saying import Saying
from switchboard.conversation.state import PendingTool, Utterance
from switchboard.domain.calls import Disposition
from switchboard.domain.messages import ToolResult


class Leaving(Saying):
    """What stops the agent's own talk, and how a conversation comes to its end."""

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

    def playback_finished(self, say_id: int, now_ms: int) -> None:
        """An utterance was heard to its end."""
        utterance = self._utterance(say_id)
        if utterance is None:
            return
        utterance.heard_chars = len(utterance.text)
        self._note_disclosure(utterance)
        if not utterance.cut:
            self._utterance_over(utterance, now_ms)
            self.keep()

    def interrupt(self) -> None:
        """The caller has taken the floor: stop everything that can still be stopped."""
        self._settle()
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
                # One that failed unheard leaves the caller waiting since before.
                state.owed_ms = state.owed_ms or now_ms
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

    def _tool_answered(self, pending: PendingTool, content: str, *, is_error: bool) -> None:
        del self.state.tools[pending.call.id]
        memory.set_result(self.state, pending.entry_id, ToolResult(pending.call.id, content, is_error))
