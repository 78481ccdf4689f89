"""Handing over and ending. `conversation/dialogue.py`."""

import pytest
from msgspec.structs import replace

from switchboard.conversation.actions import (
    CallTool,
    CancelGeneration,
    CancelTool,
    EndConversation,
    Say,
    StopPlayback,
    Transfer,
)
from switchboard.domain.calls import Disposition
from tests.unit.conversation.driver import PHRASES, POLICY, Call, kinds

# -- Handing over


def test_zero_key_gets_a_person(call):
    """Zero is announced first; the transfer follows once that has been heard."""
    call.presses("0")
    assert [PHRASES.transfer] == call.says_now
    assert [] == call.all(Transfer)

    call.agent_finishes().silence(ms=1)
    assert 1 == len(call.all(Transfer))
    assert "transferred" == call.core.state.phase


def test_zero_key_over_an_answer(asked):
    """Zero works at any time and stops whatever the agent is doing."""
    asked.model_writes("We open at nine. And ").agent_is_heard("We open").presses("0")

    assert [StopPlayback, CancelGeneration, Say] == kinds(asked.new)
    assert [PHRASES.transfer] == asked.says_now


def test_transfer_carries_the_dialogue(asked):
    """The person who takes over learns the reason and what was said and heard."""
    asked.model_replies("At nine. On Sundays at ten.").agent_finishes_one()
    asked.agent_is_heard("On Sundays").presses("0").agent_finishes().silence(ms=1)
    (transfer,) = asked.all(Transfer)

    assert "The caller pressed zero for a person." == transfer.reason
    assert "Caller: When do you open?\nAgent: At nine. On Sundays" in transfer.summary


def test_model_asks_for_a_person(asked):
    """The model's own words come before the announcement, its reason goes along."""
    asked.model_writes("Of course.").model_asks_for("transfer_to_human", reason="Wants a refund.")
    asked.model_finishes()
    assert ["Of course.", PHRASES.transfer] == asked.says_now

    asked.agent_finishes().silence(ms=1)
    assert "Wants a refund." == asked.all(Transfer)[0].reason
    assert [] == asked.all(CallTool)


def test_nobody_to_transfer_to():
    """On a line without a person, zero is answered honestly and the call goes on."""
    call = _no_person().presses("0")
    assert [PHRASES.no_transfer] == call.says_now

    call.agent_finishes().caller_says("When do you open?")
    assert [] == call.all(Transfer)
    assert ("assistant", PHRASES.no_transfer) == call.remembered[-2]


def test_model_asks_for_a_person_nobody_is():
    """The model learns that nobody was reached, so that it does not promise anyone."""
    call = _no_person().caller_says("I want a person.").model_asks_for("transfer_to_human").model_finishes()
    assert [PHRASES.no_transfer] == call.says_now

    call.agent_finishes().caller_says("Why not?")
    results = [result for message in call.generation.messages for result in message.tool_results]
    assert [True] == [result.is_error for result in results]


def test_nothing_delays_a_transfer_for_long(call):
    """A transfer goes ahead even when its announcement is never heard."""
    call.presses("0").silence(ms=POLICY.closing_max_ms)

    assert 1 == len(call.all(Transfer))


def test_announced_transfer_is_not_taken_back(call):
    """Words over the announcement of a transfer do not stop it."""
    call.presses("0").agent_starts()
    call.caller_starts_speaking().hears("thank you very much").caller_stops_speaking()
    call.agent_finishes().silence(ms=1)

    assert 1 == len(call.all(Transfer))


def test_failed_transfer_comes_back(call):
    """When nobody takes the call, the caller is back with the agent and hears so."""
    call.presses("0").agent_finishes().silence(ms=1)
    call.crashes_and_resumes(after_ms=20_000, transfer_failed="no-answer")
    assert [PHRASES.transfer_failed] == call.says_now

    call.agent_finishes().silence(ms=200).caller_says("When do you open?").model_replies("At nine.")
    assert ["At nine."] == call.says_now


# -- Ending


def test_end_call(asked):
    """The model says goodbye in its own words; the call ends when they have been heard."""
    asked.model_writes("Bye, have a good day!").model_asks_for("end_call").model_finishes()
    assert ["Bye, have a good day!"] == asked.says_now
    assert [] == asked.all(EndConversation)

    asked.agent_finishes().silence(ms=1)
    assert [EndConversation(Disposition.COMPLETED)] == asked.all(EndConversation)
    assert asked.core.ended


def test_end_call_without_a_word(asked):
    """A model that ends the call silently does not hang up on the caller: a farewell is said."""
    asked.model_asks_for("end_call").model_finishes()

    assert [PHRASES.farewell] == asked.says_now


def test_caller_takes_the_goodbye_back(asked):
    """Whoever speaks during the goodbye is still a caller: the call goes on."""
    asked.model_writes("Bye, have a good day!").model_asks_for("end_call").model_finishes()
    asked.agent_is_heard("Bye,").caller_says("Wait, one more question please.")

    assert "Wait, one more question please." == asked.turns[-1]
    asked.model_replies("Sure.").agent_finishes().silence(ms=1000)
    assert [] == asked.all(EndConversation)


def test_cough_does_not_take_the_goodbye_back(asked):
    """A cough over the goodbye only delays it."""
    asked.model_writes("Bye, have a good day!").model_asks_for("end_call").model_finishes()
    asked.agent_is_heard("Bye,").caller_starts_speaking().silence(ms=200).caller_stops_speaking().hears("")
    asked.agent_finishes().silence(ms=1)

    assert 1 == len(asked.all(EndConversation))


def test_no_input(call):
    """Silence: asked after 7 s, again after 7 s, then a goodbye (M8)."""
    call.silence(ms=POLICY.no_input_ms - 1)
    assert [] == call.says_now
    call.silence(ms=1)
    assert [PHRASES.no_input[0]] == call.says_now
    call.agent_finishes().silence(ms=POLICY.no_input_ms)
    assert [PHRASES.no_input[1]] == call.says_now
    call.agent_finishes().silence(ms=POLICY.no_input_ms)
    assert [PHRASES.no_input_goodbye] == call.says_now

    call.agent_finishes().silence(ms=1)
    assert [EndConversation(Disposition.NO_INPUT)] == call.all(EndConversation)


def test_silence_counts_from_the_end_of_our_speech(call):
    """The caller's silence begins when the agent has been heard, not when it has been written."""
    call.caller_says("When do you open?").model_replies("At nine.").agent_starts()
    call.silence(ms=POLICY.no_input_ms)
    assert [] == call.says_now

    call.agent_finishes().silence(ms=POLICY.no_input_ms)
    assert [PHRASES.no_input[0]] == call.says_now


@pytest.mark.parametrize("sign_of_life", ["voice", "key"])
def test_sign_of_life_resets_silence(call, sign_of_life):
    """Any voice or key starts the silence anew."""
    call.silence(ms=POLICY.no_input_ms - 500)
    if sign_of_life == "voice":
        call.caller_starts_speaking().silence(ms=100).caller_stops_speaking().hears("")
    else:
        call.presses("#")
    call.silence(ms=POLICY.no_input_ms - 1)

    assert [] == call.said[1:]


def test_answering_resets_the_prompts(call):
    """After a turn the prompts begin again with the first."""
    call.silence(ms=POLICY.no_input_ms).agent_finishes()
    call.caller_says("When do you open?").model_replies("At nine.").agent_finishes()
    call.silence(ms=POLICY.no_input_ms)

    assert [PHRASES.no_input[0]] == call.says_now


def test_caller_speaks_during_the_no_input_goodbye(call):
    """A caller who wakes up during the goodbye keeps the call."""
    for _ in range(3):
        call.silence(ms=POLICY.no_input_ms)
        if call.said[-1] != PHRASES.no_input_goodbye:
            call.agent_finishes()
    call.agent_is_heard("I'll end")
    call.caller_says("Sorry, I am here.")

    assert ["Sorry, I am here."] == call.turns
    assert "live" == call.core.state.phase


def test_longest_call(asked):
    """A call that reaches its longest duration is closed with an announcement, whatever is going on."""
    asked.model_replies("At nine.").agent_finishes()
    limit_ms = asked.core.state.started_ms + POLICY.duration_max_ms
    while asked.now_ms < limit_ms - 6000:
        asked.silence(ms=5000).presses("#")
    asked.types("One more thing, please.").model_writes("Well, that is a long story. And ")
    asked.agent_is_heard("Well,").silence(until=limit_ms)
    assert PHRASES.duration_goodbye == asked.says_now[-1]

    asked.agent_starts().caller_starts_speaking().hears("no wait I am not finished").caller_stops_speaking()
    asked.presses("1").types("No!")
    asked.agent_finishes().silence(ms=1)
    assert [EndConversation(Disposition.DURATION_LIMIT)] == asked.all(EndConversation)


def test_caller_hangs_up(asked):
    """When the caller is gone, everything stops and nothing is said any more."""
    asked.model_writes("We open at nine. And ").agent_is_heard("We open").hangs_up()
    assert [StopPlayback, CancelGeneration] == kinds(asked.new)
    assert Disposition.CALLER_HUNG_UP == asked.core.state.disposition

    asked.model_writes("on Sundays. ").types("Hello?").presses("0").silence(ms=60_000)
    assert [] == asked.says_now
    assert asked.core.deadline_ms is None
    assert "ended" == asked.core.activity


def test_hanging_up_during_the_goodbye_is_a_completed_call(asked):
    """A caller who hangs up while hearing the goodbye completed the call."""
    asked.model_writes("Bye, have a good day!").model_asks_for("end_call").model_finishes().hangs_up()

    assert Disposition.COMPLETED == asked.core.state.disposition


def test_hanging_up_after_the_transfer(call):
    """A call that was handed over counts as transferred, and nothing is stopped in it any more."""
    call.presses("0").agent_finishes().silence(ms=1).hangs_up()

    assert Disposition.TRANSFERRED == call.core.state.disposition
    assert [] == call.new


def test_hanging_up_cancels_what_has_no_effects(asked):
    """Look-ups are cancelled, bookings under way are not."""
    asked.model_asks_for("look_up", call_id="a").model_asks_for("book", call_id="b").model_finishes()
    asked.hangs_up()

    assert ["a"] == [order.call_id for order in asked.all(CancelTool)]


def _no_person() -> Call:
    return Call(replace(POLICY, transfer_available=False)).connects_and_listens()
