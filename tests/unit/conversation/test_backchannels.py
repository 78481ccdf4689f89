"""Small sounds of listening. `conversation/backchannels.py`."""

import pytest

from switchboard.conversation.backchannels import is_backchannel

SOUNDS = """
mm-hm
Mm-hm.
mhm
uh-huh
uh huh
yeah
Yeah, yeah.
okay
OK.
right
I see
got it
sure
oh wow
oh, really
alright
ah okay I see
""".strip().splitlines()

WORDS = """
stop
no
no wait
yes please
okay stop
right but what about Sundays
yeah I have a question
hello
what
Sunday
right 850
okay 2
yeah yeah yeah yeah yeah
mm-hm but
ok señor
да
right да
""".strip().splitlines()


@pytest.mark.parametrize("text", SOUNDS)
def test_sounds_of_listening(text):
    """They signal that somebody listens and ask for nothing."""
    assert is_backchannel(text)


@pytest.mark.parametrize("text", WORDS)
def test_words_with_a_meaning_of_their_own(text):
    """A word, a number, another language, or going on and on is no back-channel."""
    assert not is_backchannel(text)


@pytest.mark.parametrize("text", ["", "  ", "...", "?!"])
def test_nothing_is_no_backchannel(text):
    """Where nothing was said, nobody signalled anything."""
    assert not is_backchannel(text)
