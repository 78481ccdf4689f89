"""When the caller begins and stops to speak. `media/vad.py`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.media.vad import WINDOW_MS, NoiseGate, VadSettings, VoiceActivity

SETTINGS = VadSettings(threshold_on=0.5, threshold_off=0.35, onset_windows=3, hangover_ms=200)
SPEECH, SILENCE, DOUBTFUL = 0.9, 0.1, 0.4


class Listener:
    """Feeds scores window by window and keeps what was decided when."""

    def __init__(self, settings: VadSettings = SETTINGS) -> None:
        self.activity = VoiceActivity(settings)
        self.at_ms = 0
        self.changes: list[tuple[int, str]] = []

    def hears(self, *scores: float) -> "Listener":
        for score in scores:
            self.at_ms += WINDOW_MS
            change = self.activity.update(score, self.at_ms)
            if change:
                self.changes.append((self.at_ms // WINDOW_MS, change))
        return self


def test_onset():
    """Speech starts with the third window in a row, and is dated back to the first."""
    listener = Listener().hears(SILENCE, SILENCE, SPEECH, SPEECH)
    assert [] == listener.changes

    listener.hears(SPEECH)
    assert [(5, "started")] == listener.changes
    assert 2 * WINDOW_MS == listener.activity.onset_ms


@pytest.mark.parametrize("score", [0.49, DOUBTFUL, SILENCE])
def test_doubtful_windows_start_nothing(score):
    """Below the upper threshold nothing begins."""
    assert [] == Listener().hears(*[score] * 50).changes


def test_click_starts_nothing():
    """One or two loud windows are a click, however often they come."""
    listener = Listener()
    for _ in range(10):
        listener.hears(SPEECH, SPEECH, SILENCE, SILENCE)

    assert [] == listener.changes


def test_one_weak_window_in_an_onset_is_forgiven():
    """A flicker inside the onset delays it by a window and no more."""
    listener = Listener().hears(SPEECH, SILENCE, SPEECH, SPEECH)

    assert [(4, "started")] == listener.changes
    assert 0 == listener.activity.onset_ms


def test_two_weak_windows_begin_the_onset_anew():
    """After two misses earlier windows no longer count."""
    listener = Listener().hears(SPEECH, SPEECH, SILENCE, SILENCE, SPEECH, SPEECH)
    assert [] == listener.changes

    listener.hears(SPEECH)
    assert 4 * WINDOW_MS == listener.activity.onset_ms


def test_hangover():
    """Speech ends when nothing has sounded for the hang-over; its end is that of the last speech."""
    listener = Listener().hears(*[SPEECH] * 5, *[SILENCE] * 6)
    assert [(3, "started")] == listener.changes

    listener.hears(SILENCE)
    assert [(3, "started"), (12, "ended")] == listener.changes
    assert 5 * WINDOW_MS == listener.activity.last_speech_ms


def test_pause_within_a_word_does_not_end_speech():
    """Silences shorter than the hang-over are part of speech."""
    listener = Listener().hears(*[SPEECH] * 3)
    for _ in range(10):
        listener.hears(*[SILENCE] * 5, SPEECH)

    assert [(3, "started")] == listener.changes


def test_flicker_between_the_thresholds_keeps_speech():
    """What would not start speech does not end it either."""
    listener = Listener().hears(*[SPEECH] * 3, *[DOUBTFUL] * 30)

    assert [(3, "started")] == listener.changes
    assert listener.activity.speaking


def test_speech_can_start_again():
    """After an end the next onset needs its full length again, and has its own position."""
    listener = Listener().hears(*[SPEECH] * 3, *[SILENCE] * 10, SPEECH, SPEECH)
    assert not listener.activity.speaking

    listener.hears(SPEECH)
    assert ["started", "ended", "started"] == [change for _, change in listener.changes]
    assert 13 * WINDOW_MS == listener.activity.onset_ms


def test_positions_are_the_audios_own():
    """Lengths are counted in audio time: windows that were never scored count by their positions."""
    activity = VoiceActivity(SETTINGS)
    for end_ms in (1032, 1064, 1096):
        activity.update(SPEECH, end_ms)
    assert 1000 == activity.onset_ms

    assert "ended" == activity.update(SILENCE, 1096 + SETTINGS.hangover_ms)
    assert 1096 == activity.last_speech_ms


@given(scores=st.lists(st.floats(0, 1), max_size=200))
def test_starts_and_ends_alternate(scores):
    """Whatever is scored, starts and ends take turns, and positions never lie in the future."""
    listener = Listener().hears(*scores)
    kinds = [change for _, change in listener.changes]

    assert ["started", "ended"] * (len(kinds) // 2) + ["started"] * (len(kinds) % 2) == kinds
    assert listener.activity.speaking == bool(len(kinds) % 2)
    assert 0 <= listener.activity.onset_ms <= listener.activity.last_speech_ms or not kinds
    assert listener.activity.last_speech_ms <= listener.at_ms


def test_default_settings_detect_within_the_budget():
    """Out of the box the onset is known within 100 ms and the end within a quarter of a second (M1)."""
    settings = VadSettings()

    assert settings.onset_windows * WINDOW_MS <= 100
    assert settings.hangover_ms <= 250


# -- The gate before the model


def test_gate_keeps_silence_away():
    """Line noise never reaches the model."""
    gate = NoiseGate(VadSettings())

    assert not any(gate.passes(40) for _ in range(500))


def test_gate_lets_speech_through_at_once():
    """The first loud window passes."""
    assert NoiseGate(VadSettings()).passes(800)


def test_gate_adapts_to_a_noisy_place():
    """A constant background stops passing after some seconds; a voice above it still passes."""
    gate = NoiseGate(VadSettings())
    passed = [gate.passes(600) for _ in range(1000)]
    assert passed[0]
    assert not any(passed[500:])

    assert gate.passes(2500)


def test_gate_recovers_when_the_noise_stops():
    """A second of quiet makes the gate sensitive again."""
    gate = NoiseGate(VadSettings())
    for _ in range(1000):
        gate.passes(600)
    for _ in range(1000 // WINDOW_MS):
        gate.passes(30)

    assert gate.passes(150)


def test_gate_does_not_learn_a_sentence_as_noise():
    """Ten seconds of speech with its natural gaps keep passing."""
    gate = NoiseGate(VadSettings())
    passed = []
    for _ in range(30):
        passed += [gate.passes(1500) for _ in range(8)]
        _ = [gate.passes(40) for _ in range(2)]

    assert all(passed)
