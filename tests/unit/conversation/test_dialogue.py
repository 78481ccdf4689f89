"""What is said and remembered. `conversation/dialogue.py`, `memory.py`."""

import pytest
from msgspec.structs import replace

from switchboard.conversation.actions import (
    Generate,
    SaveCheckpoint,
    Say,
    StopPlayback,
)
from switchboard.conversation.events import (
    GenerationFailed,
    GenerationFinished,
    PlaybackFinished,
    PlaybackProgressed,
    UserTurnEnded,
)
from switchboard.conversation.memory import CONTINUE_HINT
from switchboard.domain.messages import Message
from tests.unit.conversation.driver import AGENT, OPENING, PHRASES, POLICY, Call, kinds

# -- Opening and disclosure


def test_opening():
    """A call opens by saying that a machine speaks, then greets; a checkpoint lets another task go on from here."""
    call = Call().connects()

    assert [OPENING] == call.said
    assert call.all(Say)[0].fixed
    assert [Say, SaveCheckpoint] == [type(action) for action in call.new]


def test_disclosure_heard_is_not_repeated(asked):
    """After a heard opening the first answer is just the answer."""
    asked.model_replies("At nine.")

    assert ["At nine."] == asked.says_now


def test_cut_opening_is_made_up_for():
    """When the caller talked over the disclosure, it comes before the first answer (C7)."""
    call = Call().connects().agent_is_heard("This is")
    call.caller_says("When do you open?").model_replies("At nine.")

    assert [AGENT.disclosure, "At nine."] == call.says_now


def test_cut_greeting_needs_no_disclosure():
    """Talking over the greeting alone does not repeat the disclosure that was heard."""
    call = Call().connects().agent_is_heard("AI assistant.")
    call.caller_says("When do you open?").model_replies("At nine.")

    assert ["At nine."] == call.says_now


def test_disclosure_cut_again_comes_again():
    """The disclosure is owed until it has been heard."""
    call = Call().connects().agent_is_heard("This is")
    call.caller_says("When do you open?").model_replies("At nine.").agent_is_heard("This")
    call.caller_says("On Sundays I mean.").model_replies("Never.")

    assert [AGENT.disclosure, "Never."] == call.says_now


def test_disclosure_is_said_once():
    """One reply holds the disclosure once, before its first clause."""
    call = Call().connects().agent_is_heard("This is")
    call.caller_says("When do you open?").model_writes("We open at nine. ").model_replies("We close at five.")

    assert 1 == call.said.count(AGENT.disclosure)


@pytest.mark.parametrize("question", ["Are you a human?", "Am I talking to a robot?"])
def test_are_you_a_human(call, question):
    """The question is answered truthfully in the next turn, without asking any model."""
    call.caller_says(question)

    assert [PHRASES.identity] == call.says_now
    assert call.core._dialogue.state.generation is None


def test_are_you_a_human_and_more(call):
    """With another request in the same turn, the truth comes first and the model answers the rest."""
    call.caller_says("Before I begin, are you a human, and when do you open on Sunday mornings?")
    assert [PHRASES.identity] == call.says_now
    assert Generate in kinds(call.actions)

    call.model_replies("At nine.")
    assert ["At nine."] == call.says_now
    assert [PHRASES.identity, "At nine."] == call.said[-2:]


def test_identity_is_known_to_the_model(call):
    """What was said about identity reaches the model as the agent's own words, on which it goes on."""
    call.types("Before I begin, are you a human, and when do you open on Sunday mornings?")

    assert Message("assistant", PHRASES.identity) == call.generation.messages[-2]
    assert Message("user", CONTINUE_HINT) == call.generation.messages[-1]


# -- Answering


def test_clauses_are_spoken_in_order(asked):
    """A reply is spoken clause by clause while it is written, each word once and in order."""
    for piece in ("We open at ", "nine. We clo", "se at five, Monday", " to Friday. Bye"):
        asked.model_writes(piece)
    asked.model_finishes()

    assert ["We open at nine.", "We close at five, Monday to Friday.", "Bye"] == asked.said[1:]


def test_first_clause_is_spoken_before_the_reply_is_complete(asked):
    """Speech starts with the first clause."""
    asked.model_writes("We open at nine, and we ")

    assert ["We open at nine,"] == asked.says_now


def test_markup_alone_is_not_spoken(asked):
    """A clause without a letter or digit makes no sound."""
    asked.model_writes("** \n").model_replies("At nine.")

    assert ["At nine."] == asked.said[1:]


def test_model_reads_what_was_heard(asked):
    """The model is given the instructions, the dialogue as it was heard, and the tools."""
    assert AGENT.instructions == asked.generation.system
    assert (Message("assistant", OPENING), Message("user", "When do you open?")) == asked.generation.messages
    assert ["look_up", "book", "transfer_to_human", "end_call"] == [t.name for t in asked.generation.tools]


def test_answer_in_progress_is_remembered_as_heard(asked):
    """The memory holds an answer only as far as it has been heard."""
    asked.model_replies("We open at nine. We close at five.")
    assert [OPENING, "When do you open?"] == [text for _, text in asked.remembered]

    asked.agent_finishes_one()
    assert ("assistant", "We open at nine.") == asked.remembered[-1]
    asked.agent_finishes_one()
    assert ("assistant", "We open at nine. We close at five.") == asked.remembered[-1]


def test_empty_reply_is_a_failure(asked):
    """A model that answers nothing is asked once more."""
    asked.model_finishes()

    assert [Generate] == kinds(asked.new)


def test_typed_turn_needs_no_waiting(call):
    """A channel that decides itself hands a turn in at once."""
    call.types("  When do you open?  ")

    assert ["When do you open?"] == call.turns
    assert [Generate] == kinds(call.new)


def test_typed_turn_interrupts(asked):
    """Typing while the agent speaks takes the floor; the memory keeps what was heard."""
    asked.model_replies("We open at nine. We close at five.").agent_is_heard("We open")
    asked.types("And on Sundays?")

    assert [StopPlayback, Generate] == kinds(asked.new)
    assert ("assistant", "We open") == asked.remembered[-2]


def test_two_typed_turns_at_once_both_count(asked):
    """A second turn that comes before the first was taken up loses neither."""
    asked.model_replies("We open at nine. We close at five.").agent_is_heard("We open")
    twin = asked.core
    asked.new = []
    twin.handle(_typed("First."), asked.now_ms)
    twin.handle(_typed("Second."), asked.now_ms)
    twin.handle_timeout(asked.now_ms)

    assert ["When do you open?", "First.", "Second."] == asked.turns


def test_blank_typed_turn_is_none(call):
    """Blank input is ignored."""
    call.types("  \n ")

    assert [] == kinds(call.new)


def test_checkpoints(asked):
    """Kept at the opening and its end, with the caller's words and their turn, and with each clause that was heard."""
    assert 4 == len(asked.all(SaveCheckpoint))

    asked.model_replies("We open at nine. We close at five.").agent_finishes_one()
    assert 5 == len(asked.all(SaveCheckpoint))
    asked.happens(PlaybackProgressed(asked.unheard[0].say_id, len("We close")))
    assert 6 == len(asked.all(SaveCheckpoint))
    asked.agent_finishes()
    assert [SaveCheckpoint] == [type(action) for action in asked.new]


# -- Memory and interruptions


def test_interruption_trims_memory_to_heard_words(asked):
    """After an interruption the model knows only what the caller heard (M6)."""
    asked.model_replies("We open at nine. We close at five, Monday to Friday.")
    asked.agent_finishes_one()
    asked.agent_is_heard("We close at")
    asked.caller_says("What about Sunday?")

    assert Message("assistant", "We open at nine. We close at") == asked.generation.messages[-2]


def test_clause_heard_to_its_end_at_the_interruption(asked):
    """A clause whose end was reached just as playback stopped counts in full."""
    asked.model_replies("We open at nine. We close at five.").agent_starts()
    first = asked.unheard[0].say_id
    asked.caller_starts_speaking().hears_so_far("hold on a second")
    asked.happens(PlaybackFinished(first))

    assert ("assistant", "We open at nine.") == asked.remembered[-1]


def test_unheard_answer_leaves_no_trace(asked):
    """An answer interrupted before its first word was never said."""
    asked.model_replies("We open at nine.")
    asked.caller_says("What about Sunday?")

    assert ("When do you open?", "What about Sunday?") == tuple(m.text for m in asked.generation.messages[1:])


def test_heard_point_never_goes_back(asked):
    """Progress reports out of order do not take words back."""
    asked.model_replies("We open at nine.").agent_starts()
    say_id = asked.unheard[0].say_id
    asked.happens(PlaybackProgressed(say_id, 7)).happens(PlaybackProgressed(say_id, 2))

    assert ("assistant", "We open") == asked.remembered[-1]


def test_heard_point_is_bounded(asked):
    """A report beyond the end of an utterance counts as its end."""
    asked.model_replies("At nine.").agent_starts().happens(
        PlaybackProgressed(asked.unheard[0].say_id, 10_000)
    )

    assert ("assistant", "At nine.") == asked.remembered[-1]


def test_history_is_bounded():
    """The oldest turns are forgotten whole."""
    policy = replace(POLICY, history_max=10)
    call = Call(policy).connects_and_listens()
    for number in range(30):
        call.types(f"Question {number}?").model_replies(f"Answer {number}.").agent_finishes()

    assert len(call.core.history) <= policy.history_max + 2
    assert Message("user", "Question 29?") == call.core.history[-2]
    assert "user" == call.core.history[0].role


def test_trimming_keeps_tool_calls_with_their_results():
    """No result outlives its call, no call its result."""
    policy = replace(POLICY, history_max=5)
    call = Call(policy).connects_and_listens()
    for number in range(12):
        call.types(f"Order {number}?").model_asks_for("look_up", call_id=f"c{number}").model_finishes()
        call.tool_answers("Sent.", call_id=f"c{number}").model_replies("Sent.").agent_finishes()

    assert call.core.history[0].text.startswith("Order")


# -- Ids


def test_words_of_a_cancelled_reply_are_never_spoken(asked):
    """Whatever a cancelled generation still says is ignored (law 7, M7)."""
    old = asked.generation.generation_id
    asked.model_writes("We open at nine. And ").agent_is_heard("We open")
    asked.caller_says("What about Sunday?")
    said = len(asked.said)
    asked.model_writes("on weekdays at eight. ", generation_id=old)
    asked.happens(GenerationFinished(old)).happens(GenerationFailed(old))

    assert said == len(asked.said)
    assert asked.core.state.dialogue.generation.id != old


def _typed(text: str) -> UserTurnEnded:
    return UserTurnEnded(text)
