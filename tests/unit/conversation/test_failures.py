"""Slowness, failures and misunderstandings: never silence. `conversation/dialogue.py`."""

from msgspec.structs import replace

from switchboard.conversation.actions import (
    CancelGeneration,
    EndConversation,
    Generate,
    Say,
    StopPlayback,
    Transfer,
)
from switchboard.conversation.events import (
    PlaybackProgressed,
)
from switchboard.conversation.memory import CONTINUE_HINT
from switchboard.domain.calls import Disposition
from switchboard.domain.messages import Message
from tests.unit.conversation.driver import OPENING, PHRASES, POLICY, Call, kinds

# -- Slowness


def test_stall_phrase_after_two_seconds(asked):
    """Two seconds without an answer, and the caller hears that someone is working on it (R-STALL)."""
    asked.silence(until=asked.core.state.dialogue.owed_ms + POLICY.stall_after_ms - 1)
    assert [] == asked.says_now

    asked.silence(ms=1)
    assert [PHRASES.fillers[0]] == asked.says_now
    assert asked.all(Say)[-1].urgent


def test_stall_counts_from_the_end_of_speech(asked):
    """The caller's wait began when their voice stopped, not when we noticed."""
    assert asked.core.state.dialogue.owed_ms < asked.now_ms


def test_stall_again_then_give_up(asked):
    """Each further wait gets another phrase; after the last one a person takes over."""
    heard = []
    for _ in range(len(PHRASES.fillers) + 1):
        asked.silence_until_next_deadline()
        heard += asked.says_now
        asked.model_writes("")  # it lives, and says nothing
        asked.agent_finishes()
    assert [*PHRASES.fillers, PHRASES.failing, PHRASES.transfer] == heard

    asked.silence(ms=1)
    assert 1 == len(asked.all(Transfer))


def test_no_filler_while_the_answer_is_heard(asked):
    """A slow end of a reply needs no filler while its beginning is being played."""
    asked.model_writes("We open at nine, and ").agent_is_heard("We open").silence(ms=5000)

    assert [] == asked.says_now


def test_filler_in_the_middle_of_a_slow_reply(asked):
    """When what is there has been heard and more is to come, the wait counts again."""
    asked.model_writes("We open at nine, and ").agent_finishes().silence(ms=POLICY.stall_after_ms)

    assert [PHRASES.fillers[0]] == asked.says_now


def test_no_filler_over_the_caller(asked):
    """Nobody is told to wait while they speak themselves."""
    asked.caller_starts_speaking().silence(ms=POLICY.stall_after_ms + 300)

    assert [] == asked.says_now


def test_fillers_are_not_remembered(asked):
    """Stall phrases are no part of the dialogue the model reads."""
    asked.silence(ms=POLICY.stall_after_ms).agent_finishes().model_replies("At nine.").agent_finishes()

    assert [OPENING, "When do you open?", "At nine."] == [text for _, text in asked.remembered]


# -- Failures


def test_failure_is_retried(asked):
    """The first failure of a turn is not heard: the model is asked again."""
    asked.model_fails()

    assert [Generate] == kinds(asked.new)


def test_retry_continues_what_was_said(asked):
    """A reply that broke off is continued, not begun again."""
    asked.model_writes("We open at nine. And on ").model_fails()

    assert ["And on"] == asked.says_now
    assert Message("assistant", "We open at nine. And on") == asked.generation.messages[-2]
    assert Message("user", CONTINUE_HINT) == asked.generation.messages[-1]


def test_second_failure_apologises(asked):
    """When the retry fails too, the caller is asked to ask again."""
    asked.model_fails().model_fails()

    assert [PHRASES.apology] == asked.says_now


def test_third_failure_of_a_call_transfers(asked):
    """Three failures in one call, and a person takes over: announced first, then done."""
    asked.model_fails().model_fails().agent_finishes().caller_says("When do you open?").model_fails()
    assert [PHRASES.failing, PHRASES.transfer] == asked.says_now
    assert [] == asked.all(Transfer)

    asked.agent_finishes().silence(ms=1)
    assert 1 == len(asked.all(Transfer))


def test_third_failure_without_anyone_to_transfer_to():
    """With nobody to hand over to, the goodbye says so truthfully and the call ends as failed."""
    call = _no_person().caller_says("When do you open?").model_fails().model_fails().agent_finishes()
    call.caller_says("When do you open?").model_fails()
    assert [PHRASES.failing, PHRASES.failed_goodbye] == call.says_now

    call.agent_finishes().silence(ms=1)
    assert [EndConversation(Disposition.FAILED)] == call.all(EndConversation)


def test_silent_model_fails(asked):
    """A model that sends nothing for its longest time is cancelled and asked again."""
    start_ms = asked.generation and asked.now_ms
    while not asked.all(CancelGeneration):
        asked.silence_until_next_deadline().agent_finishes()

    assert asked.now_ms <= start_ms + POLICY.generation_max_ms
    assert 2 == len(asked.all(Generate))


def test_runaway_reply_is_cut(asked):
    """A reply is spoken up to `reply_chars_max` characters; that it goes on is no failure."""
    for _ in range(30):
        asked.model_writes("Again and again the same sentence. " * 10).agent_finishes().silence(ms=1000)
    asked.model_finishes().agent_finishes()

    spoken = [text for text in asked.said[1:] if text not in PHRASES.fillers]
    assert sum(len(text) for text in spoken) <= POLICY.reply_chars_max
    assert 1 == len(asked.all(Generate))


# -- Not understanding


def test_low_confidence_asks_again(call):
    """A guess is never acted on: the caller is asked to repeat (R-CLAR)."""
    call.caller_says("cancel my contract", confidence=0.4)

    assert [PHRASES.unclear[0]] == call.says_now
    assert [] == call.turns
    assert [] == call.all(Generate)


def test_third_time_unclear_gets_a_person(call):
    """After two requests to repeat, a person takes over."""
    for _ in range(2):
        call.caller_says("mumble mumble", confidence=0.4).agent_finishes()
    assert [OPENING, *PHRASES.unclear] == call.said

    call.caller_says("mumble mumble", confidence=0.4)
    assert [PHRASES.transfer] == call.says_now
    call.agent_finishes().silence(ms=1)
    assert 1 == len(call.all(Transfer))


def test_understanding_resets_the_count(call):
    """Misunderstandings count in a row."""
    for _ in range(4):
        call.caller_says("mumble mumble", confidence=0.4).agent_finishes()
        call.caller_says("When do you open?").model_replies("At nine.").agent_finishes()

    assert [] == call.all(Transfer)


def test_confidence_is_weighed_by_words(call):
    """One unclear word does not spoil a clear sentence."""
    call.caller_starts_speaking().hears("I want to change my booking for", flushed=False, confidence=0.9)
    call.caller_stops_speaking().hears("tomorrow.", confidence=0.2).silence(ms=500)

    assert ["I want to change my booking for tomorrow."] == call.turns


def test_recognition_gone(call):
    """When nobody can hear the caller any more, they are told that keys work; the second time, a person takes over."""
    call.transcription_fails()
    assert [PHRASES.not_hearing] == call.says_now

    call.agent_finishes().transcription_fails()
    assert [PHRASES.failing, PHRASES.transfer] == call.says_now


# -- The voice fails


def test_one_failed_clause_does_not_end_a_call(asked):
    """One clause that could not be spoken is bad luck: it does not count as heard, and the call goes on."""
    asked.model_replies("We open at nine. We close at five.").voice_fails().agent_finishes()

    assert ("assistant", "We close at five.") == asked.remembered[-1]
    assert "live" == asked.core.state.phase


def test_voice_failing_twice_transfers_without_announcement(asked):
    """An agent that cannot speak hands over silently: the carrier's own voice announces it."""
    asked.model_replies("We open at nine. We close at five, or earlier. Bye.").voice_fails().voice_fails()

    assert [] == asked.says_now
    assert [StopPlayback, Transfer] == kinds(asked.new)


def test_voice_failing_twice_without_anyone_to_transfer_to():
    """Without a person to hand over to, the call ends as failed."""
    call = _no_person().caller_says("When do you open?").model_replies("We open at nine. Bye.")
    call.voice_fails().voice_fails().silence(ms=1)

    assert [EndConversation(Disposition.FAILED)] == call.all(EndConversation)


def test_voice_failing_keeps_what_was_heard(asked):
    """The words heard before the voice was lost reach the person who takes over."""
    asked.model_replies("We open at nine. We close at five, or earlier. Bye.").agent_finishes_one()
    asked.voice_fails().agent_is_heard("Bye")
    asked.happens(PlaybackProgressed(asked.unheard[0].say_id, 4)).voice_fails().silence(ms=1)

    assert "Agent: We open at nine. Bye." in asked.all(Transfer)[0].summary


def test_transfer_whose_announcement_cannot_be_spoken(call):
    """A transfer that cannot be announced still happens."""
    call.presses("0").voice_fails().silence(ms=1)

    assert 1 == len(call.all(Transfer))


def _no_person() -> Call:
    return Call(replace(POLICY, transfer_available=False)).connects_and_listens()
