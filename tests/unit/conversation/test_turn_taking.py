"""Who has the floor: endpointing, interruptions. `conversation/turn_taking.py`."""

import pytest

from switchboard.conversation.actions import (
    CallTool,
    CancelGeneration,
    FinalizeTranscript,
    Generate,
    PausePlayback,
    ResumePlayback,
    Say,
    StopPlayback,
    Transfer,
)
from switchboard.conversation.turn_taking import STALE_TRANSCRIPT_MS
from tests.unit.conversation.driver import AGENT, ANSWER, PHRASES, POLICY, Call, asking, kinds


@pytest.fixture
def call():
    """The opening has been heard; the caller has the floor."""
    return Call().connects_and_listens().silence(ms=500)


# -- The end of a turn


@pytest.mark.parametrize(
    ("words", "pause_ms"),
    [
        ("When do you open tomorrow?", POLICY.endpoint_complete_ms),
        ("Yes.", POLICY.endpoint_complete_ms),
        ("my dishwasher leaks", POLICY.endpoint_neutral_ms),
        ("I would like to book a", POLICY.endpoint_unfinished_ms),
        ("I was wondering um", POLICY.endpoint_unfinished_ms),
        ("my number is", POLICY.endpoint_unfinished_ms),
        ("eight five oh", POLICY.endpoint_digits_ms),
    ],
)
def test_pause_before_turn_ends(call, words, pause_ms):
    """A turn ends after a silence as long as its words need."""
    call.caller_starts_speaking(at=1000).hears_so_far(words, at=1800).caller_stops_speaking(at=2000)
    call.hears(words, at=2100)

    call.silence(until=2000 + pause_ms - 1)
    assert [] == call.turns

    call.silence(until=2000 + pause_ms)
    assert [words] == call.turns


def test_pause_counts_from_end_of_speech(call):
    """What the detector and recognition took to notice the end of speech is no part of the pause."""
    call.caller_starts_speaking(at=1000).silence(until=2200)
    call.caller_stops_speaking(at=2200)
    speech_ended_ms = call.core.state.turn_taking.speech_ended_ms
    call.hears("When do you open?", at=2500)
    call.silence(until=speech_ended_ms + POLICY.endpoint_complete_ms)

    assert ["When do you open?"] == call.turns


def test_silence_asks_recognition_to_catch_up(call):
    """As soon as the voice stops, recognition is asked for its final words."""
    call.caller_starts_speaking(at=1000).caller_stops_speaking(at=1500)

    assert [FinalizeTranscript] == kinds(call.new)


def test_number_with_breaths_is_not_cut_off(call):
    """Breaths between "my number is", "eight five oh" and "six eight seven" do not end the turn."""
    for start_ms, words in ((1000, "my number is"), (3200, "eight five oh"), (5000, "six eight seven")):
        call.caller_starts_speaking(at=start_ms).hears_so_far(words, at=start_ms + 600)
        call.caller_stops_speaking(at=start_ms + 800).hears(words, at=start_ms + 950)
    assert [] == call.turns

    call.silence(ms=POLICY.endpoint_digits_ms)
    assert ["my number is eight five oh six eight seven"] == call.turns


def test_expected_digits_end_the_turn_early():
    """Once as many digits have been spoken as were asked for, there is nothing to wait for."""
    call = asking("Could you tell me your 4-digit code?")
    start_ms = call.now_ms
    call.caller_starts_speaking().silence(ms=1000)
    call.caller_stops_speaking().hears("one two three four")
    call.silence(ms=POLICY.endpoint_complete_ms)

    assert "one two three four" == call.turns[-1]
    assert start_ms + 1000 + POLICY.endpoint_complete_ms == call.now_ms


def test_too_few_digits_wait():
    """A digit string shorter than what was asked for is unfinished, even with a full stop behind it."""
    call = asking("Could you tell me your 4-digit code?")
    call.caller_starts_speaking().silence(ms=1000).caller_stops_speaking().hears("1, 2, 3.")
    call.silence(ms=POLICY.endpoint_digits_ms - 1)
    assert 1 == len(call.turns)

    call.silence(ms=1)
    assert "1, 2, 3." == call.turns[-1]


def test_speaking_on_joins_the_turn(call):
    """Speech within the pause continues the turn."""
    call.caller_starts_speaking(at=1000).caller_stops_speaking(at=2000).hears("I want to book", at=2100)
    call.caller_starts_speaking(at=2400).silence(until=4000)
    call.caller_stops_speaking(at=4000).hears("a table for two please", at=4100)
    call.silence(ms=POLICY.endpoint_complete_ms)

    assert ["I want to book a table for two please"] == call.turns


def test_final_after_the_pause_gets_a_turn(call):
    """Words that are recognised only after the pause, with no interim before them, are still answered."""
    call.caller_starts_speaking(at=1000).caller_stops_speaking(at=1600)
    call.silence(until=5000)
    assert [] == call.turns

    call.hears("When do you open?", at=5000, flushed=False)
    call.silence(ms=POLICY.endpoint_complete_ms)
    assert ["When do you open?"] == call.turns


def test_interim_words_serve_when_no_final_comes(call):
    """When recognition never finishes, its interim words end the turn after a bounded wait."""
    call.caller_starts_speaking(at=1000).hears_so_far("when do you open", at=1500)
    call.caller_stops_speaking(at=1600)

    call.silence(until=1600 + POLICY.transcript_wait_ms - 1)
    assert [] == call.turns
    call.silence(until=1600 + POLICY.transcript_wait_ms)
    assert ["when do you open"] == call.turns


def test_late_final_is_not_answered_twice(call):
    """The final result of words that were already used as interim words starts no second turn."""
    call.caller_starts_speaking(at=1000).hears_so_far("when do you open", at=1500)
    call.caller_stops_speaking(at=1600).silence(until=4000)
    call.model_replies("At nine.").agent_finishes()
    call.hears("When do you open?", at=4500)
    call.silence(ms=3000)

    assert ["when do you open"] == call.turns
    assert 1 == len(call.all(Generate))


def test_late_final_with_more_words_is_answered(call):
    """What the late final result holds beyond the words already used becomes a turn of its own."""
    call.caller_starts_speaking(at=1000).hears_so_far("when do you open", at=1500)
    call.caller_stops_speaking(at=1600).silence(until=4000)
    call.model_replies("At nine.").agent_finishes()
    call.hears("When do you open on Sundays?", at=4500)
    call.silence(ms=2000)

    assert ["when do you open", "on Sundays?"] == call.turns


def test_words_without_voice_activity_get_a_turn(call):
    """Recognised words count even when the voice detector missed them."""
    call.hears_so_far("when do you", at=1000).hears("when do you open today", at=1400, flushed=False)
    call.silence(ms=POLICY.endpoint_neutral_ms)

    assert ["when do you open today"] == call.turns


def test_voice_without_words_is_no_turn(call):
    """Noise that nothing is recognised in ends without a turn."""
    call.caller_starts_speaking(at=1000).caller_stops_speaking(at=1500).hears("", at=1600)

    assert not call.core._turns.pending
    assert [] == call.turns


def test_stuck_voice_activity_ends(call):
    """A detector held up by background noise cannot keep the turn open: the words' own silence ends it."""
    call.caller_starts_speaking(at=1000).hears("when do you open", at=2000, flushed=False)
    call.silence(until=2000 + STALE_TRANSCRIPT_MS)

    assert ["when do you open"] == call.turns


def test_endless_noise_is_given_up(call):
    """Voice activity without any words is disregarded after its longest time; silence prompts go on."""
    call.caller_starts_speaking(at=1000).silence(until=1000 + POLICY.speech_max_ms)
    assert not call.core._turns.pending

    call.silence(ms=POLICY.no_input_ms)
    assert [PHRASES.no_input[0]] == call.says_now


def test_monologue_is_a_turn(call):
    """Whoever never pauses is answered at the longest turn's end."""
    call.caller_starts_speaking(at=1000)
    for second in range(2, 44):
        call.hears(f"word{second}", at=second * 1000, flushed=False)
    call.silence(until=1000 + POLICY.speech_max_ms + 10)

    assert 42 == len(call.turns[0].split())


def test_turn_is_bounded(call):
    """A turn keeps at most `turn_chars_max` characters."""
    call.hears("word " * 2000, flushed=False).silence(ms=3000)

    assert POLICY.turn_chars_max == len(call.turns[0])


# -- Speculation


def test_speculation_starts_before_the_turn_is_certain(call):
    """Words that sound complete are answered in advance, during the pause; nothing is said yet."""
    call.caller_starts_speaking(at=1000).caller_stops_speaking(at=2000).hears("When do you open?", at=2050)
    assert [Generate] == kinds(call.new)
    assert call.generation.speculative
    assert "When do you open?" == call.generation.messages[-1].text
    assert [] == call.turns

    call.model_writes("At nine in the morning. ", at=2300)
    assert [] == call.says_now


def test_speculation_is_adopted(call):
    """When the turn ends with the words foreseen, the reply that is already there is spoken at once."""
    call.caller_starts_speaking(at=1000).caller_stops_speaking(at=2000).hears("When do you open?", at=2050)
    call.model_writes("At nine in the morning. ", at=2300)
    call.silence(until=2450)

    assert ["At nine in the morning."] == call.says_now
    assert 1 == len(call.all(Generate))


def test_finished_speculation_is_adopted(call):
    """A reply that was complete before the turn ended is spoken in full."""
    call.caller_starts_speaking(at=1000).caller_stops_speaking(at=2000).hears("When do you open?", at=2050)
    call.model_replies("At nine").silence(until=2450)

    assert ["At nine"] == call.says_now
    call.agent_finishes().silence(ms=POLICY.no_input_ms)
    assert [PHRASES.no_input[0]] == call.says_now


def test_speaking_on_cancels_speculation(call):
    """A caller who goes on speaking has not finished: the early reply is dropped, a new one covers all words."""
    call.caller_starts_speaking(at=1000).caller_stops_speaking(at=2000).hears("I need help.", at=2050)
    call.caller_starts_speaking(at=2300)
    assert [CancelGeneration] == kinds(call.new)

    call.caller_stops_speaking(at=3000).hears("With my bill please.", at=3100).silence(ms=500)
    assert ["I need help. With my bill please."] == call.turns
    assert "I need help. With my bill please." == call.generation.messages[-1].text


def test_late_words_cancel_speculation(call):
    """More recognised words also cancel it, with or without voice activity."""
    call.caller_starts_speaking(at=1000).caller_stops_speaking(at=2000).hears("I need help.", at=2050)
    call.hears_so_far("now", at=2200)

    assert [CancelGeneration] == kinds(call.new)


@pytest.mark.parametrize("words", ["I would like a", "my number is eight five", "my dishwasher leaks"])
def test_no_speculation_on_unfinished_words(call, words):
    """Nothing is generated for words that will probably go on."""
    call.caller_starts_speaking(at=1000).caller_stops_speaking(at=2000).hears(words, at=2050)

    assert [] == kinds(call.new)


def test_no_speculation_on_a_guess(call):
    """Nothing is generated for words recognised with low confidence."""
    call.caller_starts_speaking(at=1000).caller_stops_speaking(at=2000)
    call.hears("When do you open?", at=2050, confidence=0.3)

    assert [] == kinds(call.new)


def test_speculation_runs_no_tools(call):
    """What a speculative reply asks for is carried out only when the turn is certain."""
    call.caller_starts_speaking(at=1000).caller_stops_speaking(at=2000).hears("Book a table please.", at=2050)
    call.model_asks_for("book").model_finishes()
    assert [] == call.all(CallTool)

    call.silence(until=2450)
    assert ["book"] == [order.call.name for order in call.all(CallTool)]


def test_cancelled_speculation_runs_no_tools(call):
    """A speculative booking whose turn went on is never made."""
    call.caller_starts_speaking(at=1000).caller_stops_speaking(at=2000).hears("Book a table please.", at=2050)
    call.model_asks_for("book").model_finishes()
    call.caller_starts_speaking(at=2300).caller_stops_speaking(at=2600).hears("No wait.", at=2650)
    call.silence(ms=1000)

    assert [] == call.all(CallTool)


# -- Interruptions


def test_voice_over_speech_is_a_candidate(answering):
    """A caller's voice over the agent's silences it at once, but takes nothing back yet."""
    answering.caller_starts_speaking()

    assert [PausePlayback] == kinds(answering.new)


def test_words_confirm(answering):
    """Words that are no back-channel make it an interruption: speech and writing stop, the rest is forgotten."""
    answering.caller_starts_speaking().hears_so_far("what about")
    assert [StopPlayback] == kinds(answering.new)

    answering.silence(ms=500).caller_stops_speaking().hears("what about Sundays then")
    answering.silence(ms=POLICY.endpoint_complete_ms)
    assert "what about Sundays then" == answering.turns[-1]
    assert ("assistant", "We are open") in answering.remembered


def test_interruption_stops_a_reply_in_progress(call):
    """The reply that is still being written is cancelled with it."""
    call.caller_says("When are you open?").model_writes(ANSWER).agent_is_heard("We are open")
    call.caller_starts_speaking().hears_so_far("stop please")

    assert [StopPlayback, CancelGeneration] == kinds(call.new)


def test_interruption_while_thinking(call):
    """Before the agent has said a word, further words replace the reply that is being written."""
    call.caller_says("When are you open?").caller_starts_speaking().hears_so_far("on Sunday I mean")
    call.silence(ms=300).caller_stops_speaking().hears("on Sunday I mean really")
    call.silence(ms=1500)

    assert ["When are you open?", "on Sunday I mean really"] == call.turns
    assert 2 == len(call.all(Generate))


@pytest.mark.parametrize("sound", ["yeah", "mm-hm", "okay right"])
def test_length_confirms(answering, sound):
    """Sounds of listening that go on for long are an interruption after all."""
    answering.caller_starts_speaking()
    answering.hears_so_far(sound, at=answering.now_ms + POLICY.interruption_speech_ms)

    assert [StopPlayback] == kinds(answering.new)


def test_silence_rejects(answering):
    """A candidate that ends without words was nothing: the agent goes on within half a second."""
    answering.caller_starts_speaking().silence(ms=200).caller_stops_speaking()
    answering.silence(ms=POLICY.interruption_reject_ms)

    assert [ResumePlayback] == kinds(answering.new)
    assert ANSWER.startswith(answering.unheard[0].text)


def test_recognition_rejects_early(answering):
    """Once recognition has caught up and found no words, there is nothing to wait for."""
    answering.caller_starts_speaking().silence(ms=200).caller_stops_speaking().hears("")

    assert [ResumePlayback] == kinds(answering.new)


def test_cough_loses_nothing(answering):
    """After a cough the agent says everything it had planned, and nobody has had a turn."""
    answering.caller_starts_speaking().silence(ms=250).caller_stops_speaking().hears("", at=answering.now_ms)
    answering.silence(ms=100).agent_finishes()

    assert ["When are you open?"] == answering.turns
    assert ("assistant", ANSWER) == answering.remembered[-1]
    assert [] == answering.all(StopPlayback)


@pytest.mark.parametrize("sound", ["mm-hm", "Okay.", "I see", "yeah, right", "uh-huh"])
def test_backchannel_does_not_interrupt(answering, sound):
    """Sounds of listening neither end the agent's turn nor become one of the caller's."""
    answering.caller_starts_speaking().hears_so_far(sound).silence(ms=300).caller_stops_speaking()
    answering.hears(sound)
    assert [ResumePlayback] == kinds(answering.new)

    answering.agent_finishes().silence(ms=3000)
    assert ["When are you open?"] == answering.turns


def test_late_final_of_a_backchannel(answering):
    """A back-channel's final result that comes after its rejection is dropped too."""
    answering.caller_starts_speaking().hears_so_far("mm-hm").silence(ms=300).caller_stops_speaking()
    answering.silence(ms=700)
    assert 1 == len(answering.all(ResumePlayback))

    answering.hears("Mm-hm.").agent_finishes().silence(ms=3000)
    assert ["When are you open?"] == answering.turns


def test_backchannel_at_the_end_of_a_question_is_an_answer():
    """An "okay" over the last words of a question answers it."""
    call = Call().connects_and_listens()
    call.caller_says("I need a table for tonight.").model_replies("Shall I book it for you at eight tonight?")
    call.agent_finishes_one() if len(call.unheard) > 1 else None
    call.agent_is_heard("for you at eight").caller_starts_speaking()
    call.hears_so_far("okay").silence(ms=200).caller_stops_speaking().hears("Okay.")
    call.silence(ms=POLICY.endpoint_complete_ms)

    assert "Okay." == call.turns[-1]


def test_backchannel_after_speech_is_an_answer():
    """An "okay" in silence is a turn like any other."""
    call = asking("Shall I book it?")
    call.caller_says("okay")

    assert "okay" == call.turns[-1]


def test_word_with_a_number_is_no_backchannel(answering):
    """A "right, 850" holds information and interrupts."""
    answering.caller_starts_speaking().hears_so_far("right 850")

    assert [StopPlayback] == kinds(answering.new)


def test_noise_without_words_holds_only_so_long(answering):
    """Noise that goes on without words keeps the agent silent for a bounded time."""
    start_ms = answering.now_ms
    answering.caller_starts_speaking().silence(ms=POLICY.interruption_hold_max_ms)

    assert [ResumePlayback] == kinds(answering.new)
    assert start_ms + POLICY.interruption_hold_max_ms == answering.now_ms


def test_words_after_rejection_still_interrupt(answering):
    """Words recognised after the candidate was rejected confirm it late, and get their turn."""
    answering.caller_starts_speaking().silence(ms=300).caller_stops_speaking().silence(ms=600)
    assert 1 == len(answering.all(ResumePlayback))

    answering.hears("And on Sundays?")
    assert [StopPlayback, Generate] == kinds(answering.new)
    assert "And on Sundays?" == answering.turns[-1]


def test_new_words_arriving_while_the_agent_waits_to_speak(answering):
    """What the model writes during a candidate waits behind it and is said once it is rejected."""
    answering.caller_starts_speaking().silence(ms=200)
    assert answering.paused

    answering.caller_stops_speaking().hears("")
    assert not answering.paused


def test_candidate_at_the_last_word(answering):
    """When the candidate began just as the last word had been heard, the pause is lifted: nothing is left to hold."""
    answering.caller_starts_speaking()
    answering.agent_finishes()

    assert not answering.paused
    answering.hears_so_far("and on Sunday").silence(ms=400).caller_stops_speaking().hears("And on Sunday?")
    answering.silence(ms=500)
    assert "And on Sunday?" == answering.turns[-1]


def test_candidate_is_lifted_before_a_protected_announcement(call):
    """A pause never holds up the announcement of a transfer."""
    call.caller_says("I want a person please.").model_writes("Sure. Let me see. ")
    call.caller_starts_speaking()
    assert call.paused

    call.model_asks_for("transfer_to_human").model_finishes()
    assert not call.paused
    call.agent_finishes().silence(ms=1)
    assert 1 == len(call.all(Transfer))


# -- Both at once


def test_agent_says_nothing_twice(answering):
    """A rejected candidate leads to no second order to speak."""
    before = len(answering.all(Say))
    answering.caller_starts_speaking().silence(ms=200).caller_stops_speaking().hears("")

    assert before == len(answering.all(Say))


def test_disclosure_survives_a_cough():
    """A cough over the opening does not repeat it, and the disclosure counts once it has been heard."""
    call = Call().connects().agent_is_heard("This is")
    call.caller_starts_speaking().silence(ms=200).caller_stops_speaking().hears("")
    call.agent_finishes().caller_says("When do you open?").model_replies("At nine.")

    assert ["At nine."] == call.says_now
    assert 1 == len([text for text in call.said if AGENT.disclosure in text])
