"""Calls at two points where most tests begin."""

import pytest

from tests.unit.conversation.driver import ANSWER, Call


@pytest.fixture
def call():
    """The opening has been heard; the caller has the floor."""
    return Call().connects_and_listens()


@pytest.fixture
def asked(call):
    """The caller has asked something; the model has yet to answer."""
    return call.caller_says("When do you open?")


@pytest.fixture
def answering():
    """The agent is in the middle of an answer: `We are open` has been heard."""
    call = Call().connects_and_listens()
    call.caller_says("When are you open?").model_replies(ANSWER)
    return call.agent_is_heard("We are open").silence(ms=300)
