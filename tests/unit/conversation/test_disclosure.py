"""Recognising the question whether a machine speaks (C7). `domain/disclosure.py`."""

import pytest

from switchboard.domain.disclosure import asks_if_human

ASKED = """
Are you a human?
are you human
are you a real person
Are you an actual human being?
are you a robot
Are you a bot?
are you an AI
are you AI
Are you an A.I.?
are you a machine
are you really a person
are you just a computer
are you some kind of robot
Are you a chatbot?
are you real
are you a recording
are you like a real person
am I talking to a human
Am I speaking with a real person?
am I talking to a machine right now
am I actually talking to a robot
Am I chatting with a bot?
is this a robot
Is this a real person?
is this an AI
is this a recording
is that a computer
hold on are you human or what
okay but are you a person
Are you, like, a robot?
Are you a live agent?
are you a live person
are you an automated system
are you a virtual assistant
are you artificial intelligence
Are you a human or a machine?
is there a human there
am I speaking to a live human
so you're a robot?
you're a robot aren't you
You are not a real person, are you?
are we talking to a machine
is it a machine I'm talking to
do I talk to a person or a machine
did I reach a person or a machine
tell me if you are a human
I want to know whether you're a real person
are you ChatGPT
""".strip().splitlines()

NOT_ASKED = """
is this the billing number
are you open on Sunday
are you a subsidiary
are you a computer repair shop
is this the machine shop
are you the person who called me yesterday
are you hiring
are you able to change my booking
is this line recorded
is this call being recorded
can I talk to a person
I want to speak to a human
get me a real person please
am I talking to the billing department
am I speaking with Acme
is that your real price
my computer is broken
is this the right number for the bank
my washing machine makes noise
are you in the office today
do you sell robots
the robot vacuum I bought is broken
is this about my recording studio
are you still there
are you sure
is there a person who can sign for it
you are very kind
a machine took my card
are you a bank
is this computer support
""".strip().splitlines()


@pytest.mark.parametrize("text", ASKED)
def test_asked(text):
    """The question is recognised in the ways callers put it."""
    assert asks_if_human(text)


@pytest.mark.parametrize("text", NOT_ASKED)
def test_not_asked(text):
    """Questions and requests about other things go to the model, and so do requests for a person."""
    assert not asks_if_human(text)
