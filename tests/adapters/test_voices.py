"""What the speech vendors share: choosing a voice, cutting a text, probing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.adapters.voices import choose_voice, is_speakable, probe_by_speaking, split_text
from switchboard.domain.voices import Voice
from switchboard.ports.errors import ProviderProtocolError, ProviderRejected
from tests.fakes.speech_script import Fault
from tests.fakes.synthesizer import FakeSynthesizer

VOICES = {
    ("en", "female"): "Ann",
    ("en", "male"): "Bob",
    ("en-GB", "female"): "Cleo",
    ("nl", "female"): "Dora",
}


@pytest.mark.parametrize(
    ("language", "gender", "expected"),
    [
        ("en-US", "female", "Ann"),
        ("en-GB", "female", "Cleo"),
        ("en-GB", "male", "Bob"),
        ("nl-NL", "male", "Dora"),
    ],
)
def test_default_voice(language, gender, expected):
    """Gender within the language comes before the region, the language before the gender."""
    assert expected == choose_voice("vendor", Voice(language=language, gender=gender), VOICES)


def test_named_voice():
    """The voice named for the vendor wins; other vendors' names do not matter."""
    voice = Voice(names={"vendor": "Eve", "other": "Finn"})
    assert choose_voice("vendor", voice, VOICES) == "Eve"
    assert choose_voice("third", voice, VOICES) == "Ann"


def test_language_without_a_voice():
    """No voice is better than one that cannot pronounce the language."""
    with pytest.raises(ProviderRejected):
        choose_voice("vendor", Voice(language="fi-FI"), VOICES)


@pytest.mark.parametrize(("text", "expected"), [("", False), (" …!", False), ("7", True), ("é", True)])
def test_speakable(text, expected):
    """A letter or a digit makes a text audible."""
    assert is_speakable(text) is expected


@given(st.text(st.sampled_from([*"abc", " "]), max_size=60), st.integers(1, 12))
def test_parts_are_the_text(text, chars_max):
    """Parts are never empty or too long, and joined they are the text."""
    parts = list(split_text(text, chars_max))
    assert text == "".join(parts)
    assert all(0 < len(part) <= chars_max for part in parts)


def test_parts_end_after_a_space():
    """A cut comes after a space where the part has one."""
    assert list(split_text("one two three", 9)) == ["one two ", "three"]


async def test_probe():
    """A probe speaks a word, closes its session, and fails where nothing is heard."""
    fake = FakeSynthesizer()
    await probe_by_speaking(fake)
    assert fake.open_sessions == 0
    fake.script.fault = Fault.NO_AUDIO
    with pytest.raises(ProviderProtocolError):
        await probe_by_speaking(fake)
    assert fake.open_sessions == 0
