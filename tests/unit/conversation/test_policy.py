"""Thresholds and fixed phrases. `conversation/policy.py`, `domain/agents.py`."""

import msgspec
import pytest

from switchboard.conversation.policy import Phrases, Policy
from switchboard.conversation.turn_taking import INTERIM_CONFIDENCE
from switchboard.domain.spoken import for_the_ear
from tests.unit.conversation.driver import AGENT, POLICY


def test_opening_discloses_first():
    """The first words of every call say that a machine is speaking; the greeting follows."""
    assert f"{AGENT.disclosure} {AGENT.greeting}" == POLICY.opening


def test_every_fixed_text_can_be_rendered_ahead():
    """All that is said without a model is known before the first call, each text once."""
    texts = POLICY.fixed_texts()
    phrases = [getattr(POLICY.phrases, field) for field in Phrases.__struct_fields__]
    flat = [text for phrase in phrases for text in (phrase if isinstance(phrase, tuple) else (phrase,))]

    assert {POLICY.opening, AGENT.disclosure, *flat} == set(texts)
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("text", Phrases().all())
def test_phrases_are_written_for_the_ear(text):
    """Fixed phrases need no rewriting, and end where a sentence ends."""
    assert text == for_the_ear(text)
    assert text.endswith((".", "?"))


def test_policy_survives_json():
    """A policy is plain data: it can be stored, versioned and compared."""
    assert POLICY == msgspec.json.decode(msgspec.json.encode(POLICY), type=Policy)


def test_menus_of_two_policies_are_apart():
    """Changing one policy's menu changes no other's."""
    Policy(AGENT).keys["9"] = "Something else."

    assert "9" not in Policy(AGENT).keys


def test_waits_are_ordered():
    """The less finished it sounds the longer we wait, and nothing waits longer than the caller would."""
    assert (
        POLICY.endpoint_complete_ms
        < POLICY.endpoint_neutral_ms
        < POLICY.endpoint_unfinished_ms
        < POLICY.endpoint_digits_ms
        < POLICY.no_input_ms
    )


def test_silence_prompts_come_when_they_should():
    """Silence prompts fall within 6 to 10 s (M8), a stall phrase at 2 s (R-STALL)."""
    assert 6000 <= POLICY.no_input_ms <= 10_000
    assert 2000 == POLICY.stall_after_ms


def test_interim_words_are_no_guess():
    """Interim words that had to serve as final ones are acted on."""
    assert INTERIM_CONFIDENCE >= POLICY.confidence_min


def test_language_is_the_voices():
    """An agent hears the language it speaks."""
    assert AGENT.voice.language == AGENT.language
