"""Going on in another task after a crash. `conversation/dialogue.py`, `machine.py`."""

from switchboard.conversation.actions import (
    CallTool,
    EndConversation,
    Generate,
    Transfer,
)
from switchboard.conversation.events import (
    PlaybackProgressed,
    UserTurnEnded,
)
from switchboard.conversation.memory import CONTINUE_HINT
from switchboard.domain.calls import Disposition
from switchboard.domain.messages import Message
from tests.unit.conversation.driver import OPENING, PHRASES, Call, kinds


def test_resume_does_not_greet_again(call):
    """The caller hears that there was a break and has the floor; no second greeting."""
    call.crashes_and_resumes()

    assert [PHRASES.resumed_listening] == call.says_now


def test_resume_before_a_word_was_heard():
    """A call that broke before anything was heard opens as if new."""
    call = Call().connects().crashes_and_resumes()

    assert [OPENING] == call.says_now


def test_resume_in_the_opening():
    """What was left of the opening is said, and then counts as disclosure."""
    call = Call().connects().agent_starts()
    call.happens(PlaybackProgressed(call.unheard[0].say_id, len("This is Acme's AI"))).crashes_and_resumes()
    assert [PHRASES.resumed, "assistant. How can I help?"] == call.says_now

    call.agent_finishes().silence(ms=200).caller_says("When do you open?").model_replies("At nine.")
    assert ["At nine."] == call.says_now


def test_resume_at_the_very_end_of_the_opening():
    """An opening that was heard to its last word leaves nothing to be said again."""
    call = Call().connects().agent_starts()
    call.happens(PlaybackProgressed(call.unheard[0].say_id, len(OPENING))).crashes_and_resumes()

    assert [PHRASES.resumed] == call.says_now


def test_resume_twice_in_the_opening():
    """What was left of the opening is still only that after a second break."""
    call = Call().connects().agent_starts()
    call.happens(PlaybackProgressed(call.unheard[0].say_id, len("This is Acme's AI"))).crashes_and_resumes()
    call.crashes_and_resumes()

    assert [PHRASES.resumed, "assistant. How can I help?"] == call.says_now


def test_resume_while_thinking(asked):
    """A turn that was not answered yet is answered, without asking again."""
    asked.crashes_and_resumes()

    assert [PHRASES.resumed] == asked.says_now
    assert "When do you open?" == asked.generation.messages[-1].text


def test_resume_in_the_middle_of_an_answer(asked):
    """An answer goes on from the heard word; nothing heard is repeated, nothing unheard lost."""
    asked.model_replies("We open at nine. We close at five.").agent_is_heard("We open")
    asked.happens(PlaybackProgressed(asked.unheard[0].say_id, len("We open"))).crashes_and_resumes()
    assert [PHRASES.resumed, "at nine.", "We close at five."] == asked.says_now
    assert 1 == len(asked.all(Generate))

    asked.agent_finishes()
    assert ("assistant", "We open at nine. We close at five.") == asked.remembered[-1]


def test_resume_while_the_model_was_writing(asked):
    """A reply that was still being written is finished by the model, told to go on from its words."""
    asked.model_writes("We open at nine. And on ").agent_finishes().crashes_and_resumes()

    assert Message("user", CONTINUE_HINT) == asked.generation.messages[-1]
    assert Message("assistant", "We open at nine.") == asked.generation.messages[-2]


def test_resume_while_a_tool_ran(asked):
    """The outcome of a tool that ran meanwhile is unknown, and the model is told so instead of running it again."""
    asked.model_asks_for("book").model_finishes().crashes_and_resumes()

    assert 1 == len(asked.all(CallTool))
    assert "unknown" in asked.generation.messages[-1].tool_results[0].content


def test_resume_during_the_answer_to_who_speaks(call):
    """The truthful answer about identity survives a crash."""
    call.caller_says("Are you a human?").crashes_and_resumes()

    assert [PHRASES.resumed, PHRASES.identity] == call.says_now


def test_resume_during_a_transfer(call):
    """A transfer that had been announced goes ahead."""
    call.presses("0").crashes_and_resumes()

    assert [Transfer] == kinds(call.new)


def test_resume_during_the_goodbye(asked):
    """A call that was ending ends."""
    asked.model_writes("Bye.").model_asks_for("end_call").model_finishes().crashes_and_resumes().silence(ms=1)

    assert [EndConversation(Disposition.COMPLETED)] == asked.all(EndConversation)


def test_resume_after_the_end(asked):
    """A call that has ended stays ended."""
    asked.hangs_up().crashes_and_resumes().silence(ms=10_000)

    assert [] == asked.new


def test_resume_before_the_start():
    """A call whose first task died before it began is opened by the next."""
    call = Call().crashes_and_resumes()

    assert [OPENING] == call.says_now


def test_resume_while_the_caller_was_speaking(call):
    """Words that were recognised but not yet a turn are answered by the next task."""
    call.caller_starts_speaking().hears_so_far("when do you open").crashes_and_resumes()

    assert ["when do you open"] == call.turns
    assert "when do you open" == call.generation.messages[-1].text


def test_new_recogniser_starts_afresh(call):
    """Interim words that the former recogniser left behind swallow none of the new one's."""
    call.caller_starts_speaking().hears_so_far("when do you open").crashes_and_resumes()
    call.agent_finishes().silence(ms=200).model_replies("At nine.").agent_finishes()
    call.caller_says("And on Sunday please?")

    assert "And on Sunday please?" == call.turns[-1]


def test_resume_of_a_turn_that_waited_for_the_heard_point(asked):
    """A turn that had ended but was not taken up yet is answered by the next task."""
    asked.model_replies("We open at nine.").agent_is_heard("We open")
    asked.core.handle(_typed("And on Sundays?"), asked.now_ms)
    asked.crashes_and_resumes()

    assert "And on Sundays?" == asked.turns[-1]
    assert "And on Sundays?" == asked.generation.messages[-1].text


def test_half_a_sentence_is_asked_about(call):
    """A voice that was there when the new task began to listen has lost its first words: nothing is done upon the rest."""
    call.crashes_and_resumes().agent_finishes()
    call.caller_says("to four nine dollars please")

    assert [] == call.turns
    assert PHRASES.unclear[0] == call.says_now[-1]

    call.agent_finishes().silence(ms=200).caller_says("Transfer four nine dollars please")
    assert ["Transfer four nine dollars please"] == call.turns


def test_what_comes_after_half_a_sentence_is_whole(call):
    """A voice at the beginning of which nothing was recognised says nothing of the next sentence."""
    call.crashes_and_resumes()
    call.caller_starts_speaking().silence(ms=400).caller_stops_speaking().hears("")
    call.silence(ms=3000).agent_finishes().silence(ms=200).caller_says("When do you open?")

    assert ["When do you open?"] == call.turns


# -- Handed over on purpose


def test_a_handed_over_listener_goes_on_listening(call):
    """A call that was silent when it was handed over stays so: nobody need notice."""
    call.is_handed_over()
    assert [] == call.new

    call.silence(ms=200).caller_says("When do you open?").model_replies("At nine.")
    assert ["At nine."] == call.says_now


def test_a_hand_over_does_not_lengthen_a_silence(call):
    """The silent caller is asked when it was due, whoever has the call."""
    due_ms = call.core.deadline_ms
    call.silence(ms=3000).is_handed_over()

    assert due_ms == call.core.deadline_ms


def test_the_next_clause_comes_from_the_next_task(asked):
    """Handed over between two clauses: the second follows, without a word about it."""
    asked.model_replies("We open at nine. We close at five.").agent_finishes_one().is_handed_over()
    assert ["We close at five."] == asked.says_now

    asked.agent_finishes()
    assert ("assistant", "We open at nine. We close at five.") == asked.remembered[-1]


def test_a_prompt_that_went_unheard_is_handed_over(call):
    """What is no part of the memory is owed all the same."""
    call.caller_says("mumble", confidence=0.1).is_handed_over()

    assert [PHRASES.unclear[0]] == call.says_now


def test_a_hand_over_that_took_long_is_a_break(call):
    """Nobody came for a while: the caller is told."""
    call.is_handed_over(after_ms=5000)

    assert [PHRASES.resumed_listening] == call.says_now


def test_a_crash_after_a_hand_over_is_a_break(asked):
    """A hand-over excuses the one break that it made."""
    asked.is_handed_over().model_replies("At nine.").agent_finishes().crashes_and_resumes()

    assert [PHRASES.resumed_listening] == asked.says_now


def test_between_moves(call):
    """A call can be handed over unnoticed while it listens and between clauses; not in a word, a thought or a deed."""

    def can() -> bool:
        return bool(call.core.between_moves)

    assert can()
    call.caller_starts_speaking()
    assert not can()
    call.caller_stops_speaking()
    assert not can()
    call.hears("book a table")
    assert not can()
    call.silence(ms=2500)
    assert not can()
    call.model_writes("One moment. ").model_asks_for("book").model_finishes()
    assert not can()
    call.tool_answers("done").model_replies("It is done. Anything else?")
    assert can()
    call.agent_starts()
    assert not can()
    call.agent_finishes_one()
    assert can()
    call.agent_finishes().presses("0")
    assert not can()


def _typed(text: str) -> UserTurnEnded:
    return UserTurnEnded(text)
