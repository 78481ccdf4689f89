"""Keys: menus, numbers, and that they win over speech. `conversation/turn_taking.py`."""

import pytest
from msgspec.structs import replace

from switchboard.conversation.actions import StopPlayback
from tests.unit.conversation.driver import POLICY, Call, asking, kinds


@pytest.fixture
def call():
    """The opening has been heard; the caller has the floor."""
    return Call().connects_and_listens().silence(ms=500)


def test_menu_key_speaks_for_the_caller(call):
    """A menu key stands for its sentence."""
    call.presses("2")

    assert [POLICY.keys["2"]] == call.turns


def test_key_interrupts(answering):
    """A key over the agent's speech takes the floor at once."""
    answering.presses("1")

    assert StopPlayback in kinds(answering.new)
    assert POLICY.keys["1"] == answering.turns[-1]


def test_keys_win_over_speech(call):
    """Words spoken around a key press do not become a turn beside it."""
    call.caller_starts_speaking(at=1000).hears_so_far("technical", at=1500).presses("2", at=1600)
    call.caller_stops_speaking(at=1700).hears("technical", at=1800)
    call.silence(ms=2000)

    assert [POLICY.keys["2"]] == call.turns


def test_digits_end_with_a_gap():
    """Digits are collected until none has come for a while."""
    call = asking("What is your order number?")
    call.presses("4711")
    call.silence(ms=POLICY.digit_gap_ms - 1)
    assert 1 == len(call.turns)

    call.silence(ms=1)
    assert "4711" == call.turns[-1]


def test_digits_end_with_the_pound_key():
    """`#` ends the digits at once and is no part of them."""
    call = asking("What is your order number?")
    call.presses("47#")

    assert "47" == call.turns[-1]


def test_pound_key_alone_says_nothing(call):
    """`#` without digits is no turn."""
    call.presses("#").silence(ms=POLICY.digit_gap_ms)

    assert [] == call.turns


def test_digits_end_at_the_expected_length():
    """The last expected digit ends the collection."""
    call = asking("Please key in your 4-digit code.")
    call.presses("123")
    assert 1 == len(call.turns)

    call.presses("4")
    assert "1234" == call.turns[-1]


def test_digits_pressed_over_the_question_end_at_the_expected_length():
    """The length asked for counts even when the first digit cut the question short."""
    call = Call().connects_and_listens()
    call.caller_says("I have a question about my bill.")
    call.model_replies("Please key in your 4-digit code.").agent_is_heard("Please key")
    call.presses("1234")

    assert "1234" == call.turns[-1]


def test_unasked_digits_are_collected(call):
    """A digit that is no menu key starts a number even when none was asked for."""
    call.presses("98").silence(ms=POLICY.digit_gap_ms)

    assert ["98"] == call.turns


def test_digits_are_bounded():
    """A stuck key ends the collection at `digits_max`."""
    call = asking("What is your order number?")
    call.presses("9" * (POLICY.digits_max + 3))

    assert "9" * POLICY.digits_max == call.turns[1]


def test_speech_is_ignored_while_digits_are_keyed():
    """A digit forgets half-spoken words: the keypad says what was meant."""
    call = asking("What is your order number?")
    call.caller_starts_speaking().hears_so_far("it is four").presses("4711#")

    assert "4711" == call.turns[-1]


def test_keys_need_no_menu():
    """Without a menu every digit but zero belongs to a number."""
    call = Call(replace(POLICY, keys={})).connects_and_listens()
    call.presses("12").silence(ms=POLICY.digit_gap_ms)

    assert ["12"] == call.turns


def test_lone_key_in_answer_to_a_number_is_no_menu_key():
    """Whoever was asked for a number and stops after one digit has not chosen from a menu."""
    call = asking("Please key in your 4-digit code.")
    call.presses("2").silence(ms=POLICY.digit_gap_ms)

    assert "2" == call.turns[-1]
