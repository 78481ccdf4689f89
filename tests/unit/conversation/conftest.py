"""Calls at two points where most tests begin."""

import pytest

from tests.unit.conversation.driver import Call


@pytest.fixture
def call():
    """The opening has been heard; the caller has the floor."""
    return Call().connects_and_listens()


@pytest.fixture
def asked(call):
    """The caller has asked something; the model has yet to answer."""
    return call.caller_says("When do you open?")
